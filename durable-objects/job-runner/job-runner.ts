import { DurableObject } from 'cloudflare:workers'
import { step } from '../../src/jobs/kinds'
import type { Slice } from '../../src/jobs/step'
import { Fault, type FaultCode } from '../../src/model/fault'
import {
  type Job,
  type JobKind,
  type JobOwner,
  type JobState,
  type JobWithLog,
  RECURRING_KINDS,
  type RecurringKind,
} from '../../src/model/job'
import { RESTARTED } from '../../src/model/restart'
import type { Env } from '../../src/stubs'
import { openWharfForJobs } from '../../src/wharf'
import { type DueJob, Ledger, type NewJob, shown } from './ledger'
import { TABLES } from './schema'

/** One slice takes at most this long, then another alarm goes on. */
const SLICE_MILLIS = 10_000
/** Nor does it ask more than this of R2: the platform bounds what one event may do. */
const SLICE_OPERATIONS = 800

/** After a failed slice the next try waits twice as long each time, from 1 s to 5 minutes. */
const FIRST_RETRY_MILLIS = 1000
const MAX_RETRY_MILLIS = 300_000
const MAX_FAILURES = 10

/** What trying again can put right. Any other fault is the job's end; what is no fault may be anything, and is tried again. */
const PASSING: readonly FaultCode[] = ['Overloaded', 'Interrupted', 'Internal', 'Conflict']

/**
 * Work that outlives a request, in slices driven by an alarm. Every slice may run twice without harm. It is a second door:
 * it opens the waist as the Worker's own does.
 */
export class JobRunner extends DurableObject<Env> {
  readonly #ledger: Ledger
  /** Who waits for the end of which job. */
  readonly #waiting = new Map<string, Set<() => void>>()
  /** When the alarm is set for; undefined when nobody knows. */
  #alarmMillis: number | undefined
  /** Jobs to be ended before their present slice would. */
  readonly #aborted = new Set<string>()

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(TABLES)
    this.#ledger = new Ledger(ctx.storage.sql)
    this.#ledger.recover()
    // Whoever was lost in the middle of a slice may have left no alarm behind.
    void ctx.blockConcurrencyWhile(() => this.#setAlarm())
  }

  /** Sees to it that what comes round for ever does so, each in its interval. */
  async ensureRecurring(intervalsMillis: Record<RecurringKind, number>): Promise<void> {
    for (const kind of RECURRING_KINDS) {
      const every = intervalsMillis[kind]
      const due = Date.now() + every
      if (this.#ledger.find(kind)) this.#ledger.setInterval(kind, every, due)
      else this.#ledger.add(recurring(kind), due, every)
    }
    await this.#setAlarm()
  }

  async start(job: NewJob, nowMillis: number): Promise<Job> {
    this.#ledger.add(job, nowMillis)
    await this.#setAlarm()
    return shown(this.#require(job.id))
  }

  /** The job once it is over, or after this long. */
  async wait(id: string, millis: number): Promise<Job | undefined> {
    const job = this.#ledger.find(id)
    if (!job || isOver(job)) return job && shown(job)
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>(resolve => {
      const waiters = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiters.add(resolve))
      timer = setTimeout(resolve, millis)
    })
    clearTimeout(timer)
    const present = this.#ledger.find(id)
    return present && shown(present)
  }

  list(ask: JobOwner & { kind?: JobKind; state?: JobState; limit: number }): Job[] {
    return this.#ledger.list(ask)
  }

  find(id: string, owner?: JobOwner): JobWithLog | undefined {
    const job = this.#ledger.find(id, owner)
    return job && { ...shown(job), log: this.#ledger.log(id) }
  }

  abort(id: string, owner: JobOwner, nowMillis: number): Job | undefined {
    const present = this.#ledger.find(id, owner)
    if (!present) return undefined
    this.#ledger.abort(id, nowMillis)
    if (present.state === 'running') this.#aborted.add(id)
    this.#tell(id)
    return shown(this.#require(id))
  }

  /** Ends this instance of the object; a slice in progress is done again by the next one. */
  async restart(): Promise<void> {
    // The next instance finds what is due when it is asked, or when the alarm comes.
    await this.#setAlarm()
    await this.ctx.storage.sync()
    this.ctx.abort(RESTARTED)
  }

  override async alarm(): Promise<void> {
    this.#alarmMillis = undefined
    const until = Date.now() + 2 * SLICE_MILLIS
    for (let job = this.#ledger.nextDue(Date.now()); job; job = this.#ledger.nextDue(Date.now())) {
      await this.#doSlice(job)
      if (Date.now() > until) break
    }
    await this.#setAlarm()
  }

  async #doSlice(job: DueJob): Promise<void> {
    const counters = { ...job.counters }
    this.#ledger.begin(job.id, Date.now())
    try {
      const { context, store } = openWharfForJobs(this.env, this.ctx, { requestId: job.id, address: '' })
      const cursor = await step(job.kind, { context, store }, this.#slice(job, counters))
      if (cursor !== undefined) this.#ledger.goOn({ ...job, counters }, { cursor, dueMillis: Date.now() })
      else if (job.everyMillis === undefined)
        this.#ledger.end({ ...job, counters, error: undefined }, 'done', Date.now())
      else this.#ledger.goOn({ ...job, counters }, { cursor, dueMillis: Date.now() + job.everyMillis })
    } catch (error) {
      this.#fail(job, error)
    }
    this.#aborted.delete(job.id)
    if (isOver(this.#require(job.id))) this.#tell(job.id)
  }

  #slice(job: DueJob, counters: Record<string, number>): Slice<unknown> {
    const until = Date.now() + SLICE_MILLIS
    let operations = 0
    return {
      params: job.params,
      cursor: job.cursor,
      count: (name, by) => {
        counters[name] = (counters[name] ?? 0) + by
      },
      note: text => this.#ledger.note(job.id, text, Date.now()),
      spend: by => {
        operations += by
      },
      isOver: () => Date.now() > until || operations >= SLICE_OPERATIONS || this.#aborted.has(job.id),
    }
  }

  #fail(job: DueJob, error: unknown): void {
    const failures = job.failures + 1
    const reason = error instanceof Error ? error.message : String(error)
    const isFinal = error instanceof Fault && !PASSING.includes(error.code)
    this.#ledger.note(job.id, `a slice failed: ${reason}`, Date.now())
    console.error(
      JSON.stringify({ level: 'error', message: 'a slice of a job failed', kind: job.kind, job: job.id, reason }),
    )
    if (job.everyMillis === undefined && (isFinal || failures >= MAX_FAILURES)) {
      this.#ledger.end({ ...job, error: reason }, 'failed', Date.now())
      return
    }
    const pause = Math.min(FIRST_RETRY_MILLIS * 2 ** (failures - 1), MAX_RETRY_MILLIS)
    this.#ledger.retry({ id: job.id, failures, error: reason }, Date.now() + pause)
  }

  #tell(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve()
    this.#waiting.delete(id)
  }

  #require(id: string): DueJob {
    const job = this.#ledger.find(id)
    if (!job) throw new Error(`job ${id} is not in the ledger`)
    return job
  }

  async #setAlarm(): Promise<void> {
    const due = this.#ledger.nextDueMillis()
    if (due === undefined) return
    this.#alarmMillis ??= (await this.ctx.storage.getAlarm()) ?? undefined
    if (this.#alarmMillis !== undefined && this.#alarmMillis <= due) return
    this.#alarmMillis = due
    await this.ctx.storage.setAlarm(due)
  }
}

function recurring(kind: RecurringKind): NewJob {
  return { id: kind, kind, params: {}, caller: 'wharf', account: '' }
}

function isOver({ state }: Job): boolean {
  return state === 'done' || state === 'failed' || state === 'aborted'
}
