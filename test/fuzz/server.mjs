import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START = join(import.meta.dirname, '../../scripts/start.mjs')
const READY = /^wharf ready on http:\/\/\S+:(\d+)$/m

/** Set by the owner, so that no request can change them. */
export const ROOT = { accessKey: 'fuzz-root', secretKey: 'fuzz-root-password', region: 'us-east-1' }

/** Starts `npm start`'s server as a process of its own, with a state folder that goes with it. */
export async function startServer() {
  const stateDir = mkdtempSync(join(tmpdir(), 'wharf-fuzz-'))
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('WHARF_') && name !== 'HOST')
  const child = spawn(process.execPath, [START], {
    env: {
      ...Object.fromEntries(others),
      PORT: '0',
      WHARF_LOG: 'quiet',
      WHARF_STATE_DIR: stateDir,
      WHARF_ROOT_USER: ROOT.accessKey,
      WHARF_ROOT_PASSWORD: ROOT.secretKey,
    },
    // The channel ends the server when this process dies.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  const exit = new Promise(resolve => child.once('close', resolve))
  const port = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        said += text
        const [, found] = READY.exec(said) ?? []
        if (found) resolve(Number(found))
      })
    }
    exit.then(code => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
  return {
    port,
    /** The workerd that serves now; another one after a crash. */
    runtimePid: () => JSON.parse(readFileSync(join(stateDir, 'server.json'), 'utf8')).runtime.pid,
    isAlive: () => child.exitCode === null,
    /** What it has said, but for its greeting. */
    complaints: () =>
      said
        .replace(READY, '')
        .replace(/^ {2}.*$/gm, '')
        .trim(),
    async stop() {
      child.kill('SIGTERM')
      await exit
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** Memory that a process holds, in MiB; undefined where there is no /proc to look in. */
export function residentMiB(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return undefined
  }
}
