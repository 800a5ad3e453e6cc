import type { Env } from '../../src/stubs'
import type { FaultRates, Ground, Sabotage } from './faults'
import { History } from './history'
import { tell } from './linearizability'
import { Losses } from './losses'
import type { State } from './model'
import { Pauses } from './pauses'
import { Values } from './values'

/** Keys under test. The first ones are used most. */
export const KEYS = ['a/0', 'b/ü&+ %', 'a/x/0', 'c', 'a/1', 'b/1', 'a/x/1', 'a/2', 'b/<2>', 'a/3', 'a/4', 'a/5']

export interface SimulationOptions {
  seed: number
  /** How many operations all clients do together. */
  operations: number
  clients?: number
  /** Chances of a call, in the share of the requests that are befallen at all. */
  faults?: Partial<FaultRates>
  /** Share of the requests that faults may befall. */
  befallen?: number
  /** Chance of an operation that Durable Objects are lost beside it. */
  losses?: number
  sabotage?: Sabotage
  /** Ends the run early, between two epochs. */
  isOver?: () => boolean
}

/** Bodies beyond this go to R2. */
export const INLINE_MAX_BYTES = 512

/** After so many operations everybody waits a moment, so that the event loop comes to look at the clock. */
const OPERATIONS_PER_BREATH = 40

/** As much of each as an anomaly shows. */
const MAX_LOG_LINES = 10
const MAX_HISTORY_LINES = 60

/** Lines of the log that are kept to be looked up. */
const KEPT_LOG_LINES = 200

/** Something that a client must never see, with all that is needed to see it again. */
export class Anomaly extends Error {
  constructor(seed: number, what: string, details: string) {
    super([what, details, `Again: npm run simulate -- --seed ${seed}`].filter(text => text !== '').join('\n'))
    this.name = 'Anomaly'
  }
}

/** What all clients of one run share. */
export class World {
  readonly options: SimulationOptions
  readonly ground: Ground
  readonly values = new Values()
  /** Which etag belongs to the write of this id; undefined for copies, which keep that of their source. */
  readonly ids = new Map<string, string | undefined>()
  /** The etag that each key was last seen with. */
  readonly lastEtags = new Map<string, string>()
  bucket = { name: '', id: '' }
  history = new History(new Map())
  unknown = 0
  crashes = 0
  #clock = 0
  #begun = 0
  #breath: Promise<void> = Promise.resolve()
  readonly #log: string[] = []
  /** What goes on, and what it belongs to. */
  readonly #work = new Map<Promise<unknown>, string>()

  constructor(env: Env, options: SimulationOptions) {
    this.options = options
    this.ground = {
      env,
      variables: { WHARF_INLINE_MAX_BYTES: String(INLINE_MAX_BYTES), WHARF_LOG: 'quiet' },
      losses: new Losses(env),
      pauses: new Pauses(),
      injected: new Map(),
      sabotage: options.sabotage,
    }
  }

  /** The next moment of the logical clock. */
  tick(): number {
    this.#clock += 1
    return this.#clock
  }

  /** Waits where it is time to breathe. */
  async breathe(): Promise<void> {
    this.#begun += 1
    if (this.#begun % OPERATIONS_PER_BREATH === 0) {
      this.#breath = new Promise(resolve => setTimeout(resolve, 1))
    }
    await this.#breath
  }

  /** Work that must be over before everything is at rest. */
  track(work: Promise<unknown>, what: string): void {
    const over = () => this.#work.delete(tracked)
    const tracked: Promise<unknown> = work.then(over, over)
    this.#work.set(tracked, what)
  }

  /** Until nothing goes on any more, also of isolates that died. */
  async rest(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work.keys())
  }

  /** What goes on, for the case that it never ends. */
  get inProgress(): string[] {
    return [...this.#work.values()]
  }

  /** The states that were settled begin a new history. */
  beginEpoch(states: Map<string, State>): void {
    this.history = new History(states)
  }

  /**
   * @param key    whose history tells more; '' for none
   * @param until  where it ends to be of interest
   */
  fail(what: string, key = '', until = Number.MAX_SAFE_INTEGER): never {
    const operations = key === '' ? [] : this.history.of(key).filter(({ invoked }) => invoked <= until)
    const told = tell(operations, MAX_HISTORY_LINES)
    const lines = `History of ${key} until then, since everything was at rest:\n${told}`
    throw new Anomaly(this.options.seed, what, key === '' ? '' : lines)
  }

  /** What Wharf logged of a request, or of all. */
  tellLog(requestId = ''): string {
    const lines = this.#log.filter(line => line.includes(requestId)).slice(-MAX_LOG_LINES)
    return lines.length === 0 ? '' : `From the log:\n  ${lines.join('\n  ')}`
  }

  readonly keepLog = (...line: unknown[]): void => {
    this.#log.push(line.join(' ').slice(0, 1000))
    if (this.#log.length > KEPT_LOG_LINES) this.#log.shift()
  }
}
