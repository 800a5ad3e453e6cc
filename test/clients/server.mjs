import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const START = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))
const START_MILLIS = 180_000
const STOP_MILLIS = 40_000

/**
 * Starts the local server on a free port.
 *
 * @param logFile  gets all that it says
 * @returns        { url, accessKey, secretKey, errorsSince, logLength, stop, kill }
 */
export function startServer({ stateDir, logFile }) {
  const credentials = { accessKey: 'client-tests', secretKey: 'a secret for the clients/+=' }
  const log = createWriteStream(logFile)
  const child = spawn(process.execPath, [START], {
    env: {
      ...withoutWharf(process.env),
      PORT: '0',
      WHARF_STATE_DIR: stateDir,
      WHARF_LOG: 'quiet',
      WHARF_ROOT_USER: credentials.accessKey,
      WHARF_ROOT_PASSWORD: credentials.secretKey,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  const server = {
    ...credentials,
    logLength: () => readFileSync(logFile).length,
    errorsSince: length => readErrors(readFileSync(logFile).subarray(length).toString()),
    kill: () => child.kill('SIGKILL'),
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS)
      await ended
      clearTimeout(timer)
      log.end()
    },
  }
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(
      () => reject(new Error(`the server is not ready after ${START_MILLIS / 1000} s\n${said}`)),
      START_MILLIS,
    )
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        log.write(chunk)
        if (said.length < 10_000) said += chunk
        const url = /^wharf ready on (\S+)$/m.exec(said)?.[1]
        if (url === undefined) return
        clearTimeout(timer)
        resolve({ ...server, url })
      })
    }
    child.on('close', code => {
      clearTimeout(timer)
      reject(new Error(`the server ended with exit code ${code}\n${said}`))
    })
  })
}

/** What nobody foresaw: the Worker logs it, and answers 500. */
function readErrors(text) {
  return text
    .split('\n')
    .filter(line => /a request failed|Uncaught|workerd\) (ended|crashed)|\bat .*\.js:\d/.test(line))
}

function withoutWharf(environment) {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(WHARF_|HOST$|PORT$|AISTORE_)/.test(name)),
  )
}
