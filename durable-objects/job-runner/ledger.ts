import type { Job, JobKind, JobLogLine, JobOwner, JobParams, JobState } from '../../src/model/job'

export interface NewJob {
  id: string
  kind: JobKind
  params: JobParams
  caller: string
  /** Id of the account that may watch it besides root. */
  account: string
}

/** A job as its next slice needs it. */
export interface DueJob extends Job {
  cursor: unknown
  everyMillis: number | undefined
}

interface JobRow extends Record<string, SqlStorageValue> {
  id: string
  kind: JobKind
  params: string
  state: JobState
  caller: string
  cursor: string | null
  counters: string
  failures: number
  error: string | null
  created: number
  started: number | null
  ended: number | null
  due: number
  every: number | null
}

/** Jobs that are over are remembered for so long, and so many of them. */
const KEPT_MILLIS = 7 * 24 * 3600 * 1000
const MAX_KEPT = 1000

/** The log of a job keeps its latest lines. */
const MAX_LINES = 1000
const MAX_LINE_LENGTH = 2000

/** What is known of all jobs. */
export class Ledger {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add({ id, kind, params, caller, account }: NewJob, nowMillis: number, everyMillis?: number): void {
    this.#sql.exec(
      `insert or ignore into jobs (id, kind, params, state, caller, account, counters, failures, created, due, every)
       values (?, ?, ?, 'waiting', ?, ?, '{}', 0, ?, ?, ?)`,
      id,
      kind,
      JSON.stringify(params),
      caller,
      account,
      nowMillis,
      nowMillis,
      everyMillis ?? null,
    )
    this.#forgetOld(nowMillis)
  }

  find(id: string, { account, caller }: JobOwner = {}): DueJob | undefined {
    const [row] = this.#sql
      .exec<JobRow>(
        'select * from jobs where id = ?1 and (?2 is null or account = ?2) and (?3 is null or caller = ?3)',
        id,
        account ?? null,
        caller ?? null,
      )
      .toArray()
    return row && readJob(row)
  }

  list({ kind, state, account, caller, limit }: JobOwner & { kind?: JobKind; state?: JobState; limit: number }): Job[] {
    return this.#sql
      .exec<JobRow>(
        `select * from jobs where (?1 is null or kind = ?1) and (?2 is null or state = ?2) and (?3 is null or account = ?3)
           and (?4 is null or caller = ?4)
         order by created desc, id limit ?5`,
        kind ?? null,
        state ?? null,
        account ?? null,
        caller ?? null,
        limit,
      )
      .toArray()
      .map(row => shown(readJob(row)))
  }

  log(id: string): JobLogLine[] {
    return this.#sql
      .exec<{ at: number; text: string }>('select at, text from job_log where job = ? order by id', id)
      .toArray()
      .map(({ at, text }) => ({ atMillis: at, text }))
  }

  note(id: string, text: string, nowMillis: number): void {
    this.#sql.exec(
      'insert into job_log (job, at, text) values (?, ?, ?)',
      id,
      nowMillis,
      text.slice(0, MAX_LINE_LENGTH),
    )
    this.#sql.exec(
      'delete from job_log where job = ?1 and id <= (select id from job_log where job = ?1 order by id desc limit 1 offset ?2)',
      id,
      MAX_LINES,
    )
  }

  /** The job whose slice is due the longest. */
  nextDue(nowMillis: number): DueJob | undefined {
    const [row] = this.#sql
      .exec<JobRow>("select * from jobs where state = 'waiting' and due <= ? order by due limit 1", nowMillis)
      .toArray()
    return row && readJob(row)
  }

  /** When the next slice is due, of whatever job. */
  nextDueMillis(): number | undefined {
    const { due } = this.#sql
      .exec<{ due: number | null }>("select min(due) as due from jobs where state = 'waiting'")
      .one()
    return due ?? undefined
  }

  begin(id: string, nowMillis: number): void {
    this.#sql.exec("update jobs set state = 'running', started = coalesce(started, ?) where id = ?", nowMillis, id)
  }

  /** After the object was lost in the middle of a slice: it is done again. */
  recover(): void {
    this.#sql.exec("update jobs set state = 'waiting' where state = 'running'")
  }

  /** A slice is done, and there is more to do, or another round. */
  goOn(
    { id, counters }: Pick<Job, 'id' | 'counters'>,
    { cursor, dueMillis }: { cursor: unknown; dueMillis: number },
  ): void {
    this.#sql.exec(
      `update jobs set state = 'waiting', cursor = ?, counters = ?, failures = 0, error = null, due = ?
       where id = ? and state = 'running'`,
      cursor === undefined ? null : JSON.stringify(cursor),
      JSON.stringify(counters),
      dueMillis,
      id,
    )
  }

  /** A slice failed; it is tried again later from the same cursor. */
  retry({ id, failures, error }: Pick<Job, 'id' | 'failures' | 'error'>, dueMillis: number): void {
    this.#sql.exec(
      "update jobs set state = 'waiting', failures = ?, error = ?, due = ? where id = ? and state = 'running'",
      failures,
      error ?? null,
      dueMillis,
      id,
    )
  }

  end(
    { id, counters, error }: Pick<Job, 'id' | 'counters' | 'error'>,
    state: 'done' | 'failed',
    nowMillis: number,
  ): void {
    this.#sql.exec(
      `update jobs set state = ?1, counters = ?2, error = ?3, cursor = null, ended = ?4, failures = iif(?1 = 'done', 0, failures)
       where id = ?5 and state = 'running'`,
      state,
      JSON.stringify(counters),
      error ?? null,
      nowMillis,
      id,
    )
  }

  abort(id: string, nowMillis: number): void {
    this.#sql.exec(
      "update jobs set state = 'aborted', cursor = null, ended = ? where id = ? and state in ('waiting', 'running')",
      nowMillis,
      id,
    )
  }

  /** A recurring job, whatever became of it, is due in this interval again. */
  setInterval(id: string, everyMillis: number, dueMillis: number): void {
    this.#sql.exec(
      `update jobs set every = ?1, due = ?2, state = iif(state = 'running', state, 'waiting'), ended = null
       where id = ?3 and (every is not ?1 or state not in ('waiting', 'running'))`,
      everyMillis,
      dueMillis,
      id,
    )
  }

  #forgetOld(nowMillis: number): void {
    this.#sql.exec(
      `delete from jobs where ended < ?1
       or id in (select id from jobs where ended is not null order by ended desc limit -1 offset ?2)`,
      nowMillis - KEPT_MILLIS,
      MAX_KEPT,
    )
    this.#sql.exec('delete from job_log where job not in (select id from jobs)')
  }
}

/** A job without what only its next slice needs. */
export function shown({ cursor, everyMillis, ...job }: DueJob): Job {
  return job
}

function readJob(row: JobRow): DueJob {
  return {
    id: row.id,
    kind: row.kind,
    // The ledger wrote these texts itself.
    params: JSON.parse(row.params) as JobParams,
    state: row.state,
    counters: JSON.parse(row.counters) as Record<string, number>,
    caller: row.caller,
    createdMillis: row.created,
    startedMillis: row.started ?? undefined,
    endedMillis: row.ended ?? undefined,
    failures: row.failures,
    error: row.error ?? undefined,
    cursor: row.cursor === null ? undefined : JSON.parse(row.cursor),
    everyMillis: row.every ?? undefined,
  }
}
