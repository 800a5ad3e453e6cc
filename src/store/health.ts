import { authorize } from '../auth/authorize'
import type { Bucket } from '../model/bucket'
import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { readExtents } from '../model/extents'
import { Fault } from '../model/fault'
import type { ExaminedBucket, ExaminedObject, ExaminedPage, ExaminedUpload, HealthState } from '../model/health'
import type { ExamineObjectsAsk, NotedDamage, PlacedUpload } from '../model/health-calls'
import { type Buckets, firstRange } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'
import { examineExtents, examineObject, noteDamage, partExtents, stateOf, type Thoroughness } from './examining'

/** What of a bucket is to be looked at, as for a listing. */
export interface ExamineAsk extends ExamineObjectsAsk {
  /** With `after`, for uploads: only those of that key after this one, and of later keys. */
  afterUpload?: string
}

/** A page ends after so many R2 operations, whatever its limit. */
const MAX_OPERATIONS = 2000

/** All buckets together are looked at for so long; of the rest it is told what was seen earlier. */
const BUCKETS_MILLIS = 10_000

const PAGE = 1000

/** Whether records and blobs agree. Nothing of them is changed by looking; what was seen is noted in the bucket's index. */
export class Health {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /** @throws Fault NoSuchBucket, AccessDenied */
  async objects(caller: Caller, name: string, ask: ExamineAsk): Promise<ExaminedPage<ExaminedObject>> {
    const bucket = await this.#open(caller, name)
    const { prefix, delimiter, after, past, limit } = ask
    return this.#examineObjects(bucket, { prefix, delimiter, after, past, limit }, () => false)
  }

  /** @throws Fault NoSuchBucket, AccessDenied */
  async uploads(caller: Caller, name: string, { after, ...ask }: ExamineAsk): Promise<ExaminedPage<ExaminedUpload>> {
    const bucket = await this.#open(caller, name)
    const index = this.#context.stubs.bucketIndex(firstRange(bucket))
    const placed = await read(() => index.placedUploads({ ...ask, afterKey: after }))
    const page: ExaminedPage<ExaminedUpload> = { entries: [], prefixes: [], truncated: placed?.truncated ?? false }
    if (!placed) return page
    page.prefixes = placed.prefixes
    const spending = new Spending()
    for (const one of placed.uploads) {
      page.entries.push(await examineUpload(this.#context, bucket, one, spending))
      page.last = { key: one.upload.key, isPrefix: false, upload: one.upload.id }
      if (!spending.isOver || one === placed.uploads.at(-1)) continue
      return { ...page, prefixes: placed.prefixes.filter(prefix => prefix <= one.upload.key), truncated: true }
    }
    if (placed.nextKey !== undefined && placed.nextUpload === undefined) {
      page.last = { key: placed.nextKey, isPrefix: true }
    }
    return page
  }

  /** Every bucket, by name, with what is known of it. */
  async buckets(caller: Caller): Promise<ExaminedBucket[]> {
    authorize(caller, 'admin:Heal', { owner: ROOT_ACCOUNT.id })
    const { stubs, now } = this.#context
    const until = now() + BUCKETS_MILLIS
    const examined: ExaminedBucket[] = []
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await read(() => stubs.namespace().list({ after, limit: PAGE }))
      for (const { name, owner, createdMillis } of page.buckets) {
        const state = await this.#stateOfBucket(caller, name, until)
        if (state) examined.push({ name, owner, createdMillis, state })
      }
      after = page.truncated ? page.buckets.at(-1)?.name : undefined
    }
    return examined
  }

  async #open(caller: Caller, name: string): Promise<Bucket> {
    authorize(caller, 'admin:Heal', { owner: ROOT_ACCOUNT.id })
    return this.#buckets.describe(caller, name, undefined)
  }

  async #examineObjects(
    bucket: Bucket,
    ask: ExamineObjectsAsk,
    isTimeOver: () => boolean,
  ): Promise<ExaminedPage<ExaminedObject>> {
    const placed = await read(() => this.#context.stubs.bucketIndex(firstRange(bucket)).placedObjects(ask))
    const page: ExaminedPage<ExaminedObject> = { entries: [], prefixes: [], truncated: placed?.truncated ?? false }
    if (!placed) return page
    const spending = new Spending()
    const noted: NotedDamage[] = []
    for (const [i, one] of placed.objects.entries()) {
      const { key, size, etag, modifiedMillis } = one
      const seen = await examineObject(this.#context, bucket, one, spending)
      page.entries.push({ key, size, etag, modifiedMillis, ...seen })
      noted.push(...seen.damaged.map(damage => ({ key, ...damage })))
      if (!(spending.isOver || isTimeOver()) || i === placed.objects.length - 1) continue
      await noteDamage(this.#context, bucket, noted)
      const isBefore = (prefix: string) => Buffer.compare(Buffer.from(prefix), Buffer.from(key)) < 0
      return { ...page, prefixes: placed.prefixes.filter(isBefore), truncated: true, last: { key, isPrefix: false } }
    }
    await noteDamage(this.#context, bucket, noted)
    return { ...page, prefixes: placed.prefixes, last: placed.last }
  }

  /** By what was noted earlier, and what can be looked at in the time that is left. Undefined for one that goes away. */
  async #stateOfBucket(caller: Caller, name: string, untilMillis: number): Promise<HealthState | undefined> {
    const isTimeOver = () => this.#context.now() > untilMillis
    try {
      const bucket = await this.#buckets.describe(caller, name, undefined)
      const states: HealthState[] = []
      for (let after = ''; !isTimeOver(); ) {
        const page = await this.#examineObjects(bucket, { prefix: '', after, limit: PAGE }, isTimeOver)
        states.push(...page.entries.map(entry => entry.state))
        if (!page.truncated || page.last === undefined || states.includes('lost')) break
        after = page.last.key
      }
      const noted = await this.#stillDamaged(bucket)
      if (noted.length > 0) states.push(stateOf(noted))
      if (states.includes('lost')) return 'lost'
      return states.includes('healable') ? 'healable' : 'healthy'
    } catch (error) {
      if (error instanceof Fault && error.code === 'NoSuchBucket') return undefined
      throw error
    }
  }

  /** What was noted earlier and is still so; the rest is forgotten. */
  async #stillDamaged(bucket: Bucket): Promise<NotedDamage[]> {
    const index = this.#context.stubs.bucketIndex(firstRange(bucket))
    const still: NotedDamage[] = []
    const healed: string[] = []
    for (const noted of await read(() => index.notedDamage(PAGE))) {
      const placed = await read(() => index.placedVersions(noted.key))
      const extents = placed
        .flatMap(version => readExtents(version.extents, version.etag))
        .filter(extent => extent.blob === noted.blob)
      const seen = await examineExtents(this.#context, bucket, extents, new Spending())
      // One that only a part of an upload needs is looked at when the upload is.
      if (seen.length === 0 && extents.length > 0) healed.push(noted.blob)
      else still.push({ ...noted, ...seen[0] })
    }
    if (healed.length > 0) await index.forgetDamage(healed)
    return still
  }
}

/** An upload nobody will finish, or one of whose parts is damaged. */
export async function examineUpload(
  context: StoreContext,
  bucket: Bucket,
  { upload, parts }: PlacedUpload,
  how: Thoroughness,
): Promise<ExaminedUpload> {
  const { key, id, initiatedMillis } = upload
  const latest = parts.reduce((millis, part) => Math.max(millis, part.modifiedMillis), initiatedMillis)
  const abandoned = latest < context.now() - context.config.abandonedUploadMillis
  const damaged = await examineExtents(context, bucket, parts.flatMap(partExtents), how)
  const state = stateOf(damaged)
  return { key, id, initiatedMillis, abandoned, damaged, state: state === 'healthy' && abandoned ? 'healable' : state }
}

/** Counts R2 operations against what a page may cost. */
class Spending implements Thoroughness {
  readonly deep = false
  #spent = 0

  readonly spend = (operations: number): void => {
    this.#spent += operations
  }

  get isOver(): boolean {
    return this.#spent >= MAX_OPERATIONS
  }
}
