import { DurableObject } from 'cloudflare:workers'
import type { BucketEntry, BucketListing } from '../../src/model/bucket'
import { nextAfter, pastPrefix } from '../../src/model/key-order'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { RESTARTED } from '../../src/model/restart'

/**
 * - `buckets`  who owns which name, and the id that names the bucket's index and begins its blobs
 * - `retired`  ids of deleted buckets whose blobs are still to be deleted
 */
const TABLES = `
  create table if not exists buckets (
    name text primary key, id text not null, owner text not null, region text not null, created integer not null
  ) without rowid;
  create table if not exists retired (id text primary key, at integer not null) without rowid;
`

interface BucketRow extends Record<string, SqlStorageValue> {
  name: string
  id: string
  owner: string
  region: string
  created: number
}

/** Which buckets exist, and who owns them. Names are one flat space. */
export class Namespace extends DurableObject {
  readonly #sql = this.ctx.storage.sql

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#sql.exec(TABLES)
  }

  find(name: string): BucketEntry | undefined {
    const [row] = this.#sql.exec<BucketRow>('select * from buckets where name = ?', name).toArray()
    return row && entry(row)
  }

  /** Gives the name to a bucket whose index has been made. The loser of a race is told by the fault. */
  claim(bucket: BucketEntry): Outcome<void> {
    if (this.find(bucket.name)) return refused('BucketExists', { bucket: bucket.name })
    this.#sql.exec(
      'insert into buckets values (?, ?, ?, ?, ?)',
      bucket.name,
      bucket.id,
      bucket.owner,
      bucket.region,
      bucket.createdMillis,
    )
    return done(undefined)
  }

  /** Takes the name back, if this bucket still has it, and remembers the id until its blobs are deleted. */
  retire(name: string, id: string, nowMillis: number): void {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec('delete from buckets where name = ? and id = ?', name, id)
      this.#sql.exec('insert or ignore into retired values (?, ?)', id, nowMillis)
    })
  }

  /** A page of buckets by name; of one owner, or of all. */
  list(ask: { owner?: string; prefix?: string; after?: string; limit: number }): BucketListing {
    const rows = this.#sql
      .exec<BucketRow>(
        'select * from buckets where name >= ? and name >= ? and name < ? and (? is null or owner = ?) order by name limit ?',
        ask.prefix ?? '',
        ask.after === undefined ? '' : nextAfter(ask.after),
        pastPrefix(ask.prefix ?? ''),
        ask.owner ?? null,
        ask.owner ?? null,
        ask.limit + 1,
      )
      .toArray()
    return { buckets: rows.slice(0, ask.limit).map(entry), truncated: rows.length > ask.limit }
  }

  /** Ends this instance of the object, once all it wrote is durable; the next call begins a new one. */
  async restart(): Promise<void> {
    await this.ctx.storage.sync()
    this.ctx.abort(RESTARTED)
  }

  /** Which of these ids belong neither to a bucket nor to one that was removed a while ago. */
  unknownIds(ids: string[]): string[] {
    const known = new Set<string>()
    for (const row of this.#sql.exec<{ id: string }>('select id from buckets union all select id from retired')) {
      known.add(row.id)
    }
    return ids.filter(id => !known.has(id))
  }

  retired(beforeMillis: number, limit: number): string[] {
    return this.#sql
      .exec<{ id: string }>('select id from retired where at < ? limit ?', beforeMillis, limit)
      .toArray()
      .map(row => row.id)
  }

  forgetRetired(id: string): void {
    this.#sql.exec('delete from retired where id = ?', id)
  }
}

function entry(row: BucketRow): BucketEntry {
  return { name: row.name, id: row.id, owner: row.owner, region: row.region, createdMillis: row.created }
}
