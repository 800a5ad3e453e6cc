import { writeSync } from 'node:fs'

const FINISH_MILLIS = 30_000
/** When start.mjs was killed, nobody knows of us any more, and the port should soon be free. */
const ORPHAN_FINISH_MILLIS = 5000

/** Ctrl-C reaches us more than once: from the terminal, and passed on by npm or start.mjs. */
const ECHO_MILLIS = 500

/**
 * How the server ends. The first signal lets the runtime finish what is in flight, a second one ends it at once. Losing
 * start.mjs, which shows by the IPC channel, counts as a signal too.
 */
export class Stopping {
  #finish
  #cleanUp = () => {}
  #askedMillis

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => this.#ask(FINISH_MILLIS))
    process.on('disconnect', () => this.#ask(ORPHAN_FINISH_MILLIS))
    process.channel?.unref()
    // Whoever read our lines may be gone before us.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  }

  get isAsked() {
    return this.#askedMillis !== undefined
  }

  /** @param finish  () => void; begins to end the runtime, whose exit then calls `exit` */
  whenAsked(finish) {
    this.#finish = finish
  }

  onExit(cleanUp) {
    this.#cleanUp = cleanUp
  }

  /** @returns never */
  exit(code, sentence) {
    if (sentence) {
      try {
        writeSync(2, `${sentence}\n`)
      } catch {
        // nobody listens
      }
    }
    this.#cleanUp()
    process.exit(code)
  }

  #ask(finishMillis) {
    if (this.#askedMillis !== undefined) {
      if (Date.now() - this.#askedMillis > ECHO_MILLIS)
        this.exit(1, 'Stopped before everything in flight was finished.')
      return
    }
    this.#askedMillis = Date.now()
    if (!this.#finish) this.exit(0)
    this.#finish()
    const sentence = `Requests were still in flight after ${finishMillis / 1000} s, and were cut off.`
    setTimeout(() => this.exit(1, sentence), finishMillis)
  }
}
