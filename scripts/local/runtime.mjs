import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import workerd from 'workerd'
import { Front } from './front.mjs'
import { identifyProcess } from './process-identity.mjs'
import { RuntimeProcess } from './runtime-process.mjs'
import { ROOT, RUNTIME_WRAPPER } from './worker-build.mjs'

const MAX_CRASHES = 5
/**
 * The R2 simulator takes bodies in pieces of 4 KiB. As V8 comes they pile up to 300 MiB before they are collected; told to collect
 * early it stays under 100, and small requests are as fast (docs/design.md has the figures).
 */
const V8_FLAGS = '--max-semi-space-size=1 --heap-growing-percent=10 --optimize-for-size'
const CRASH_WINDOW_MILLIS = 60_000
const RESTART_MILLIS = 10_000

/**
 * Runs the Worker in Miniflare, on a socket of its own: requests reach it without Miniflare's proxy in between, by the front
 * that listens where clients come.
 *
 * @param worker    Miniflare's options for it, all bindings included
 * @param stopping  is told when the runtime has ended, as asked or for good
 * @param say       (sentence) => void
 * @returns         the url as the settings name it, the endpoint by which this machine reaches it, and what lets it finish
 * @throws Complaint
 */
export async function startRuntime({ worker, settings, state, stopping, say }) {
  const crashes = new Crashes(stopping, say)
  let front
  const runtime = new RuntimeProcess({
    command: prepareEnvironment(state),
    onStart: pid => state.note({ runtime: { pid, identity: identifyProcess(pid) } }),
    onExit: async (code, signal) => {
      if (!stopping.isAsked) return crashes.add(code, signal)
      await front?.flushed()
      stopping.exit(0)
    },
  })
  stopping.onExit(() => {
    // A killed workerd needs a moment to die: then the note stays, and the next start waits for it.
    if (runtime.isRunning) runtime.kill()
    else state.close()
  })
  // Late, since it takes a third of a second, even with its compiled form kept; what is wrong with settings is said before.
  enableCompileCache(join(ROOT, 'node_modules/.cache/wharf'))
  const { Miniflare } = await import('miniflare')
  worker.dev.unsafeDirectSockets = [{ host: '127.0.0.1', port: 0 }]
  const ownListeners = listenersOfSignals()
  const miniflare = new Miniflare({
    workers: [worker],
    // Its own door, which nobody uses.
    host: '127.0.0.1',
    port: 0,
    cf: false,
    logRequests: false,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    resourcePersistencePath: state.persistence,
    handleStructuredLogs: ({ level, message }) => {
      if (settings.log !== 'quiet' || level === 'error') say(message)
    },
    unsafeHandleRuntimeRestart: () => crashes.recovered(),
    unsafeRuntimeEnv: { WHARF_WORKERD: workerd.default },
  })
  // Miniflare's listeners would kill workerd at the first signal.
  for (const [signal, kept] of ownListeners) {
    for (const added of process.listeners(signal)) if (!kept.includes(added)) process.removeListener(signal, added)
  }
  await miniflare.ready
  crashes.watch()
  const direct = await miniflare.unsafeGetDirectURL('wharf')
  front = new Front({ host: '127.0.0.1', port: Number(direct.port) })
  const port = await front.listen(settings)
  return {
    url: toUrl(settings.host, port),
    endpoint: toUrl(reachable(settings.address), port),
    finish: () => {
      front.close()
      runtime.finish()
    },
  }
}

/**
 * When workerd crashes, Miniflare starts it again on the same port, in a third of a second. We let it: what was acknowledged
 * is on disk, and clients try again. Only when it crashes over and over, or does not come back, the server ends.
 */
class Crashes {
  #stopping
  #say
  #millis = []
  #isWatching = false
  #timer

  constructor(stopping, say) {
    this.#stopping = stopping
    this.#say = say
  }

  /** Before that, a runtime that ends is one that could not start, and Miniflare says why. */
  watch() {
    this.#isWatching = true
  }

  add(code, signal) {
    if (!this.#isWatching) return
    const how = signal ? `signal ${signal}` : `exit code ${code}`
    const now = Date.now()
    this.#millis = [...this.#millis.filter(then => now - then < CRASH_WINDOW_MILLIS), now]
    if (this.#millis.length > MAX_CRASHES) {
      this.#stopping.exit(
        1,
        `The runtime (workerd) crashed ${this.#millis.length} times in a minute, at last with ${how}.`,
      )
    }
    this.#say(`The runtime (workerd) ended unexpectedly (${how}) and is started again; what was acknowledged is safe.`)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => this.#stopping.exit(1, `The runtime (workerd) ended with ${how}, and could not be started again.`),
      RESTART_MILLIS,
    )
  }

  recovered() {
    clearTimeout(this.#timer)
    this.#say('The runtime serves again.')
  }
}

/** @returns what Miniflare will run as workerd */
function prepareEnvironment(state) {
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = state.scratch
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= V8_FLAGS
  const isWrapped = process.platform !== 'win32' && existsSync(RUNTIME_WRAPPER)
  process.env.MINIFLARE_WORKERD_PATH = isWrapped ? RUNTIME_WRAPPER : workerd.default
  return process.env.MINIFLARE_WORKERD_PATH
}

function listenersOfSignals() {
  return ['SIGINT', 'SIGTERM', 'SIGHUP', 'message'].map(signal => [signal, process.listeners(signal)])
}

function toUrl(host, port) {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** "All addresses" is none that a client could name. */
function reachable(address) {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}
