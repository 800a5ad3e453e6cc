import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Linux gets this Node.js with the packages; its name is the same for both architectures. */
const PINNED_NODE = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))

/** node:sqlite and Miniflare want no less. */
const OLDEST = [22, 13]

/** Whether the present process may do the work itself, without another Node.js below it. */
export function isFittingNode() {
  if (existsSync(PINNED_NODE)) return realpathSync(process.execPath) === realpathSync(PINNED_NODE)
  return isNewEnough()
}

/**
 * Runs a script under the pinned Node.js, or the present one where there is none for this platform and it is new enough.
 * Signals are passed on. With `tied` an IPC channel is kept open, so that the script sees `disconnect` when this process
 * dies, however it dies.
 *
 * @returns the exit code
 * @throws Error with a sentence for the user
 */
export function runUnderFittingNode(script, args, { tied = false } = {}) {
  const node = existsSync(PINNED_NODE) ? PINNED_NODE : process.execPath
  if (node === process.execPath && !isNewEnough()) {
    throw new Error(
      `Wharf needs Node.js ${OLDEST.join('.')} or newer here, this is ${process.versions.node}: install one, then try again.`,
    )
  }
  return new Promise((resolve, reject) => {
    const child = spawn(node, [script, ...args], { stdio: ['inherit', 'inherit', 'inherit', tied ? 'ipc' : 'ignore'] })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('error', error => reject(new Error(`Cannot run ${node} (${error.code}): run npm ci, then try again.`)))
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}
