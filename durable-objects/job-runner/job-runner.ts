import { DurableObject } from 'cloudflare:workers'
import { type SweepCursor, sweepSlice } from '../../src/jobs/sweep'
import type { Env } from '../../src/stubs'
import { openWharfForJobs } from '../../src/wharf'

const TABLES = `
  create table if not exists sweep (
    id integer primary key check (id = 1),
    cursor text not null, interval_millis integer not null, rounds integer not null, deleted_blobs integer not null
  );
`

/** One slice takes at most this long, then another alarm goes on. */
const SLICE_MILLIS = 10_000

/** After a failed slice; the platform drops an alarm that keeps failing, so failures are caught and come back here. */
const RETRY_MILLIS = 30_000

interface SweepRow extends Record<string, SqlStorageValue> {
  cursor: string
  interval_millis: number
}

/**
 * Work that outlives a request, in slices driven by an alarm. It is a second door: it opens the waist as the Worker's
 * own does. So far there is one job, the sweep, which comes round for ever.
 */
export class JobRunner extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql.exec(TABLES)
  }

  /** Sees to it that the sweep comes round in this interval. */
  async ensureSweeping(intervalMillis: number): Promise<void> {
    const [present] = this.#sql.exec<SweepRow>('select cursor, interval_millis from sweep').toArray()
    if (present?.interval_millis === intervalMillis && (await this.ctx.storage.getAlarm()) !== null) return
    this.#sql.exec(
      `insert into sweep values (1, '{}', ?1, 0, 0) on conflict (id) do update set interval_millis = ?1`,
      intervalMillis,
    )
    await this.ctx.storage.setAlarm(Date.now() + intervalMillis)
  }

  override async alarm(): Promise<void> {
    const [sweep] = this.#sql.exec<SweepRow>('select cursor, interval_millis from sweep').toArray()
    if (!sweep) return
    const { context, log } = openWharfForJobs(this.env, this.ctx)
    const until = Date.now() + SLICE_MILLIS
    try {
      // Written below, in this shape.
      const cursor = JSON.parse(sweep.cursor) as SweepCursor
      const report = await sweepSlice(context, cursor, () => Date.now() > until)
      this.#sql.exec(
        'update sweep set cursor = ?, rounds = rounds + ?, deleted_blobs = deleted_blobs + ?',
        JSON.stringify(report.cursor ?? {}),
        report.cursor ? 0 : 1,
        report.deletedBlobs,
      )
      await this.ctx.storage.setAlarm(Date.now() + (report.cursor ? 0 : sweep.interval_millis))
    } catch (error) {
      log.error('a slice of the sweep failed', { reason: String(error) })
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MILLIS)
    }
  }
}
