import { spawn } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'

/**
 * The process that does the work, workerd. Miniflare starts it and keeps it to itself; we need it to let it finish
 * what is in flight, and to see that it dies with us.
 */
export class RuntimeProcess {
  #child

  /**
   * To be made before Miniflare is.
   *
   * @param command  what Miniflare runs, by which workerd is told from other processes
   * @param onStart  (pid) => void; also after a crash, when Miniflare starts it again
   * @param onExit   (code, signal) => void; called before Miniflare hears of it
   */
  constructor({ command, onStart, onExit }) {
    subscribe('child_process', ({ process: child }) => {
      child.once('spawn', () => {
        if (child.spawnfile !== command) return
        const dismissWatchdog = watchOver(child.pid)
        this.#child = child
        child.prependOnceListener('exit', (code, signal) => {
          dismissWatchdog()
          this.#child = undefined
          onExit(code, signal)
        })
        onStart(child.pid)
      })
    })
  }

  get isRunning() {
    return this.#child !== undefined
  }

  /** Asks it to take no new connections, to finish, and to end. */
  finish() {
    this.#child?.kill('SIGTERM')
  }

  kill() {
    this.#child?.kill('SIGKILL')
  }
}

/**
 * A shell that waits for the end of its input, which comes when this process dies, even by SIGKILL; then it kills workerd,
 * which would otherwise hold the port for ever. It has a group of its own, so that what ends us does not end it too.
 * Should the shell be lost too, the next start ends the workerd that is left over (state-folder.mjs). Windows has neither.
 *
 * @returns dismisses it: workerd's id may soon belong to another process
 */
function watchOver(pid) {
  if (process.platform === 'win32') return () => {}
  const script = `read -r _ || kill -9 ${pid}`
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  return () => shell.stdin.end('done\n')
}
