import { DurableObject } from 'cloudflare:workers'
import type { Append, AppendAsk } from '../../src/model/append-calls'
import type { Bucket, BucketCounters, BucketSettings } from '../../src/model/bucket'
import type {
  ExamineObjectsAsk,
  NotedDamage,
  PlacedObject,
  PlacedObjects,
  PlacedPart,
  PlacedUpload,
  PlacedUploads,
  SelfAudit,
} from '../../src/model/health-calls'
import type {
  BlobOrigin,
  CommitAsk,
  CompleteAsk,
  Completed,
  CopiedObject,
  CopyAsk,
  FindAsk,
  FoundRow,
  Known,
  ListAsk,
  ListUploadsAsk,
  ListVersionsAsk,
  Once,
  PartListing,
  PutPartAsk,
  RedescribeAsk,
  ReleasedBlob,
  Removal,
  RemoveAsk,
  RenameAsk,
  StoredUpload,
  UploadListing,
  VersionListing,
} from '../../src/model/index-calls'
import type { LifecycleAsk, LifecyclePage } from '../../src/model/lifecycle-calls'
import type { Lock, LockFilter } from '../../src/model/lock'
import { done, type IndexAnswer, refused } from '../../src/model/outcome'
import { RESTARTED } from '../../src/model/restart'
import type { Stamp } from '../../src/model/versions'
import { Answered } from './answered'
import { append } from './appending'
import { completeUpload } from './completion'
import {
  forgetDamage,
  holdersOf,
  noteDamage,
  notedDamage,
  placedObjects,
  placedUpload,
  placedUploads,
  placedVersions,
} from './examining'
import type { Ground } from './ground'
import { forgetReleased, orphansAmong, releasedBlobs, rememberSwept, sweptThrough } from './housekeeping'
import { applyLifecycle } from './lifecycle'
import { list } from './listing'
import { clearLocks, type LockAsk, listLocks, releaseLock, renewLock, takeLock } from './locks'
import { commit, copy, find } from './objects'
import { redescribe } from './redescription'
import { remove } from './removal'
import { rename } from './renaming'
import { addLaterTables, createTables, hasTables } from './schema'
import { auditSelf } from './self-audit'
import { Tally } from './tally'
import { abortUpload, createUpload, dropPart, findUpload, listParts, listUploads, putPart } from './uploads'
import { listVersions } from './version-listing'

/**
 * Every key, upload and extent of one bucket, in UTF-8 order, and its settings. Each method is one transaction: it
 * judges, writes and answers without an await in between, and the runtime holds the answer until the writes are durable.
 */
export class BucketIndex extends DurableObject {
  readonly #sql = this.ctx.storage.sql
  readonly #ground: Ground = {
    sql: this.#sql,
    tally: new Tally(this.#sql),
    settings: () => this.#bucket?.settings ?? {},
  }
  readonly #answered = new Answered()
  /** A cache of the one row of `bucket`. */
  #bucket: Bucket | undefined

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    if (hasTables(this.#sql)) {
      addLaterTables(this.#sql)
      this.#bucket = this.#readBucket()
    }
  }

  /** Makes the index of a new bucket. Nobody can reach it until the namespace names it. */
  initialise(bucket: Bucket): void {
    if (this.#bucket) return
    this.ctx.storage.transactionSync(() => {
      createTables(this.#sql)
      this.#sql.exec('insert into bucket values (1, ?)', JSON.stringify(bucket))
    })
    this.#bucket = bucket
  }

  /** The bucket with its present settings, for a Worker that does not know it yet. */
  describe(): IndexAnswer<Bucket> {
    return this.#bucket ? done(this.#bucket) : { ok: false, code: 'BucketGone' }
  }

  /** Changes the settings; from then on nothing is done that was decided by older ones. */
  changeSettings(ask: Once & { settings: BucketSettings }): IndexAnswer<Bucket> {
    const changed = this.#writing(ask, () => {
      const bucket = this.#bucket
      if (!bucket) return { ok: false, code: 'BucketGone' }
      const next = { ...bucket, settings: ask.settings, settingsVersion: bucket.settingsVersion + 1 }
      this.#sql.exec('update bucket set record = ?', JSON.stringify(next))
      return done(next)
    })
    if (changed.ok && changed.value.settingsVersion > (this.#bucket?.settingsVersion ?? 0)) this.#bucket = changed.value
    return changed
  }

  counters(ask: Known): IndexAnswer<BucketCounters> {
    return this.#reading(ask, () => done(this.#ground.tally.read()))
  }

  /** As `counters`, whatever the settings; undefined when the bucket is gone. */
  usage(): BucketCounters | undefined {
    return this.#bucket && this.#ground.tally.read()
  }

  /** Counts objects and bytes anew. */
  recount(): void {
    if (this.#bucket) this.#transact(() => this.#ground.tally.recount())
  }

  /** Ends this instance of the object, once all it wrote is durable; the next call begins a new one. */
  async restart(): Promise<void> {
    await this.ctx.storage.sync()
    this.ctx.abort(RESTARTED)
  }

  /** Ends the bucket if it is empty. Uploads in progress do not hold it back. From then on it answers that it is gone. */
  async close(ask: Known): Promise<IndexAnswer<void>> {
    const answer = this.#reading(ask, () => {
      const isEmpty = ['objects', 'versions'].every(
        table => this.#sql.exec(`select 1 from ${table} limit 1`).toArray().length === 0,
      )
      return isEmpty ? done(undefined) : refused('BucketNotEmpty')
    })
    if (!answer.ok) return answer
    this.#bucket = undefined
    this.#ground.tally.forget()
    // Its blobs, all released or of uploads, are deleted by the bucket's id: the namespace remembers that.
    await this.ctx.storage.deleteAll()
    return answer
  }

  find(ask: FindAsk): IndexAnswer<FoundRow> {
    return this.#reading(ask, () => find(this.#ground, ask))
  }

  /** @returns what the new version is told by */
  commit(ask: CommitAsk): IndexAnswer<Stamp> {
    return this.#writing(ask, () => commit(this.#ground, ask))
  }

  append(ask: AppendAsk): IndexAnswer<Append> {
    return this.#writing(ask, () => append(this.#ground, ask))
  }

  remove(ask: RemoveAsk): IndexAnswer<Removal[]> {
    return this.#writing(ask, () => remove(this.#ground, ask))
  }

  rename(ask: RenameAsk): IndexAnswer<void> {
    return this.#writing(ask, () => rename(this.#ground, ask))
  }

  /** Changes what is said of a version. @returns which one it was */
  redescribe(ask: RedescribeAsk): IndexAnswer<Stamp> {
    return this.#writing(ask, () => redescribe(this.#ground, ask))
  }

  copy(ask: CopyAsk): IndexAnswer<CopiedObject> {
    return this.#writing(ask, () => copy(this.#ground, ask))
  }

  /** @returns a JSON array of ListedRow: up to one more than the limit, which tells that there are more */
  list(ask: ListAsk): IndexAnswer<string> {
    return this.#reading(ask, () => done(list(this.#sql, ask)))
  }

  listVersions(ask: ListVersionsAsk): IndexAnswer<VersionListing> {
    return this.#reading(ask, () => done(listVersions(this.#sql, ask)))
  }

  createUpload(ask: Once & { upload: StoredUpload }): IndexAnswer<void> {
    return this.#writing(ask, () => createUpload(this.#sql, ask.upload))
  }

  findUpload(ask: Known & { key: string; upload: string }): IndexAnswer<StoredUpload> {
    return this.#reading(ask, () => findUpload(this.#sql, ask.key, ask.upload))
  }

  putPart(ask: PutPartAsk): IndexAnswer<void> {
    return this.#writing(ask, () => putPart(this.#sql, ask))
  }

  completeUpload(ask: CompleteAsk): IndexAnswer<Completed> {
    return this.#writing(ask, () => completeUpload(this.#ground, ask))
  }

  abortUpload(ask: Once & { key: string; upload: string; nowMillis: number }): IndexAnswer<void> {
    return this.#writing(ask, () => abortUpload(this.#sql, ask.key, ask.upload, ask.nowMillis))
  }

  listUploads(ask: ListUploadsAsk): IndexAnswer<UploadListing> {
    return this.#reading(ask, () => listUploads(this.#sql, ask))
  }

  listParts(ask: Known & { key: string; upload: string; after: number; limit: number }): IndexAnswer<PartListing> {
    return this.#reading(ask, () => listParts(this.#sql, ask))
  }

  takeLock(ask: Known & LockAsk): IndexAnswer<number> {
    return this.#reading(ask, () => done(takeLock(this.#sql, ask)))
  }

  /** @returns whether it was still held */
  renewLock(fence: number, nowMillis: number, untilMillis: number): boolean {
    return this.#bucket !== undefined && renewLock(this.#sql, fence, nowMillis, untilMillis)
  }

  releaseLock(fence: number): void {
    if (this.#bucket) releaseLock(this.#sql, fence)
  }

  locks(filter: LockFilter, nowMillis: number): Lock[] {
    return this.#bucket ? listLocks(this.#sql, filter, nowMillis) : []
  }

  clearLocks(filter: LockFilter, nowMillis: number): Lock[] {
    return this.#bucket ? this.#transact(() => clearLocks(this.#sql, filter, nowMillis)) : []
  }

  /** For examinations: records with where their bytes lie. Undefined when the bucket is gone. */
  placedObjects(ask: ExamineObjectsAsk): PlacedObjects | undefined {
    return this.#bucket && placedObjects(this.#sql, ask)
  }

  /** All versions of a key, the latest first. */
  placedVersions(key: string): PlacedObject[] {
    return this.#bucket ? placedVersions(this.#sql, key) : []
  }

  placedUploads(ask: Omit<ListUploadsAsk, 'known'>): PlacedUploads | undefined {
    return this.#bucket && placedUploads(this.#sql, ask)
  }

  placedUpload(key: string, upload: string): PlacedUpload | undefined {
    return this.#bucket && placedUpload(this.#sql, key, upload)
  }

  /** Other blobs of this bucket that hold the very same bytes. */
  holdersOf(md5: string, except: string): string[] {
    return this.#bucket ? holdersOf(this.#sql, md5, except) : []
  }

  noteDamage(damages: NotedDamage[], nowMillis: number): void {
    if (this.#bucket) noteDamage(this.#sql, damages, nowMillis)
  }

  forgetDamage(blobs: string[]): void {
    if (this.#bucket) forgetDamage(this.#sql, blobs)
  }

  notedDamage(limit: number): NotedDamage[] {
    return this.#bucket ? this.#transact(() => notedDamage(this.#sql, limit)) : []
  }

  /** Forgets a part whose bytes are lost, so that its client must send it again. */
  dropPart(upload: string, part: PlacedPart, nowMillis: number): boolean {
    return this.#bucket !== undefined && this.#transact(() => dropPart(this.#sql, upload, part, nowMillis))
  }

  auditSelf(): SelfAudit | undefined {
    return this.#bucket && auditSelf(this.#ground)
  }

  /** Carries out what the bucket's own rules say of a page of it. Undefined when the bucket is gone. */
  applyLifecycle(ask: LifecycleAsk): LifecyclePage | undefined {
    return this.#bucket && this.#transact(() => applyLifecycle(this.#ground, ask))
  }

  /** For the sweep: blobs whose grace is over, and how far orphans were looked for. Undefined when the bucket is gone. */
  sweepState(beforeMillis: number, limit: number): { released: ReleasedBlob[]; through: string } | undefined {
    if (!this.#bucket) return undefined
    return { released: releasedBlobs(this.#sql, beforeMillis, limit), through: sweptThrough(this.#sql) }
  }

  forgetReleased(released: ReleasedBlob[]): void {
    if (this.#bucket) this.ctx.storage.transactionSync(() => forgetReleased(this.#sql, released))
  }

  /** For the sweep: which of these blobs nothing names. */
  orphansAmong(origins: BlobOrigin[]): string[] {
    return this.#bucket ? orphansAmong(this.#sql, origins) : []
  }

  rememberSwept(through: string): void {
    if (this.#bucket) rememberSwept(this.#sql, through)
  }

  /** Does the work, unless the caller decided by settings that are no longer true. */
  #reading<T>({ known }: Known, work: () => IndexAnswer<T>): IndexAnswer<T> {
    const bucket = this.#bucket
    if (!bucket) return { ok: false, code: 'BucketGone' }
    if (bucket.settingsVersion !== known) return { ok: false, code: 'StaleSettings', bucket }
    return work()
  }

  /** The same as one transaction, and at most once for each call: an error in the middle undoes all of it. */
  #writing<T>(ask: Once, work: () => IndexAnswer<T>): IndexAnswer<T> {
    return this.#answered.once(ask.id, () => {
      const answer = this.#reading(ask, () => this.#transact(work))
      return { answer, stands: answer.ok || (answer.code !== 'StaleSettings' && answer.code !== 'BucketGone') }
    })
  }

  #transact<T>(work: () => T): T {
    try {
      return this.ctx.storage.transactionSync(() => {
        this.#ground.tally.prepare()
        return work()
      })
    } catch (error) {
      this.#ground.tally.forget()
      throw error
    }
  }

  #readBucket(): Bucket {
    const { record } = this.#sql.exec<{ record: string }>('select record from bucket').one()
    // Written by `initialise` and `changeSettings` alone.
    return JSON.parse(record) as Bucket
  }
}
