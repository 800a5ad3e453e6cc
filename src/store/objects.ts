import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import { judgeRead, judgeWrite, type ReadConditions, type WriteConditions } from '../model/conditions'
import { Fault } from '../model/fault'
import { type DescriptionChange, type Removal, type RemoveEntry, readStoredObject } from '../model/index-calls'
import { requireKey } from '../model/names'
import type { ObjectDescription, ObjectRecord } from '../model/object'
import { type ByteRange, resolveRange, type WantedRange } from '../model/range'
import type { Stamp } from '../model/versions'
import type { IncomingBody } from '../streams/incoming'
import { type Buckets, rangeOf, unwrapIndex } from './buckets'
import { read, write } from './calls'
import { commitDraft, orDiscard, requireLockable, shownVersion } from './committing'
import type { StoreContext } from './context'
import { describeBody, draftOf } from './drafting'
import { findObject } from './finding'
import { newVersion } from './ids'
import { takeIn } from './intake'
import { underLease } from './leases'
import { openBytes } from './reading'
import { type AclFor, asksForTags, authorizeWrite, mayIn, ownerOf, withAcl } from './rights'

export interface Place {
  bucket: string
  key: string
}

export interface PutAsk extends Place {
  body: IncomingBody
  description: ObjectDescription
  acl?: AclFor
  conditions?: WriteConditions
}

export interface GetAsk extends Place {
  conditions?: ReadConditions
  range?: WantedRange
  /** Only the bytes of this part; S3's part-number reads. */
  partNumber?: number
  /** Which version; undefined for the latest. */
  stamp?: Stamp
  /** The right that this needs, where it is another than to read the object. */
  action?: string
}

export interface RedescribeOf extends Place {
  /** Which version; undefined for the latest. */
  stamp?: Stamp
  /** The right that this needs. */
  action: string
  change: DescriptionChange
  /** Whether the caller asks to bypass governance; it counts only where it may. */
  bypassGovernance?: boolean
}

/** An object as it is read: its record, which bytes were asked for, and those. */
export interface ReadObject {
  record: ObjectRecord
  /** Undefined for all of them. */
  range: ByteRange | undefined
  /** As clients are shown it; undefined in a bucket that never kept versions. */
  versionId: string | undefined
  bucket: Bucket
  body: ReadableStream<Uint8Array> | Uint8Array
}

/** An object as it was written. */
export interface WrittenObject {
  record: ObjectRecord
  versionId: string | undefined
  bucket: Bucket
}

/** The objects of all buckets. Each verb takes the caller first and guards itself. */
export class Objects {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /**
   * Stores a body under a key; what was there before stays until the last byte is checked.
   * @throws Fault NoSuchBucket, AccessDenied, PreconditionFailed, NoSuchObject (If-Match), QuotaExceeded, Conflict (its
   *         lease was cleared), and those of `takeIn`
   */
  async put(
    caller: Caller,
    { bucket: name, key, body, description: given, acl, conditions }: PutAsk,
  ): Promise<WrittenObject> {
    requireKey(key)
    const { config } = this.#context
    const isShort = body.size !== undefined && body.size <= config.inlineMaxBytes
    const { bucket, description } = await this.#buckets.within(caller, name, async bucket => {
      const description = await withAcl(given, acl, bucket, ownerOf(caller, bucket))
      authorizeWrite(this.#context, caller, bucket, key, description)
      requireLockable(bucket, description.lock)
      // One hop more, only for conditional writes of long bodies: a body that cannot be kept need not be sent.
      if (conditions && !isShort) await this.#judgeAhead(bucket, key, conditions)
      return { bucket, description }
    })
    const { inlineMaxBytes } = config
    const standing = { context: this.#context, buckets: this.#buckets, caller }
    return underLease(standing, { bucket, key, operation: 'PutObject' }, body.size, async lease => {
      const to = { bucketId: bucket.id, origin: { key }, lease, inlineMaxBytes }
      const taken = await takeIn(this.#context, body, to)
      const described = describeBody(description, body, taken)
      const draft = draftOf(this.#context, caller, bucket, { key, taken, description: described })
      const { extents } = taken
      const { stamp, bucket: present } = await orDiscard(this.#context, { bucketId: bucket.id, extents }, () =>
        commitDraft(this.#context, this.#buckets, caller, { written: bucket, draft, conditions, lease }),
      )
      const record = readStoredObject({ ...draft, stamp })
      return { record, versionId: shownVersion(present, stamp), bucket: present }
    })
  }

  /**
   * Reads an object or a part of it.
   * @throws Fault NoSuchBucket, NoSuchObject, AccessDenied, NotModified, PreconditionFailed, RangeNotSatisfiable, NoSuchPart
   * @see RFC 9110, sections 13 and 14
   */
  async get(caller: Caller, ask: GetAsk): Promise<ReadObject> {
    return this.#buckets.within(caller, ask.bucket, async bucket => {
      const found = await findObject(this.#context, caller, bucket, { key: ask.key, stamp: ask.stamp, bytes: true })
      const range = judge(found.record, ask)
      const body = await openBytes(this.#context, bucket, found, range)
      return { record: found.record, range, versionId: shownVersion(bucket, found.record.stamp), bucket, body }
    })
  }

  /** As `get`, without the bytes. */
  async head(caller: Caller, ask: GetAsk): Promise<Omit<ReadObject, 'body'>> {
    return this.#buckets.within(caller, ask.bucket, async bucket => {
      const { record } = await findObject(this.#context, caller, bucket, { ...ask, bytes: false })
      return { record, range: judge(record, ask), versionId: shownVersion(bucket, record.stamp), bucket }
    })
  }

  /**
   * Removes keys, each judged by itself.
   * @returns for each entry how it ended: also `denied`, where the caller may not remove it
   */
  async remove(caller: Caller, name: string, entries: RemoveEntry[]): Promise<(Removal | { ended: 'denied' })[]> {
    for (const { key } of entries) requireKey(key)
    const { stubs, now } = this.#context
    const id = newVersion()
    return this.#buckets.within(caller, name, async bucket => {
      const seen = asksForTags(caller, bucket) ? await this.#lookAt(bucket, entries) : undefined
      const may = (action: string, entry: RemoveEntry) =>
        mayIn(this.#context, caller, action, bucket, { key: entry.key, object: seen?.get(entry) })
      const isAllowed = (entry: RemoveEntry) =>
        may(entry.stamp === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', entry)
      const bypassing = (entry: RemoveEntry) => {
        const mayBypass = entry.bypassGovernance && may('s3:BypassGovernanceRetention', entry)
        return mayBypass ? entry : { ...entry, bypassGovernance: undefined }
      }
      const allowed = entries.filter(isAllowed)
      if (allowed.length === 0) return entries.map(() => ({ ended: 'denied' as const }))
      const ask = { id, known: bucket.settingsVersion, entries: allowed.map(bypassing), nowMillis: now() }
      const index = stubs.bucketIndex(rangeOf(bucket, allowed[0]?.key ?? ''))
      const removals = unwrapIndex(await write(() => index.remove(ask)))
      const outcomes = new Map(allowed.map((entry, i) => [entry, removals[i]]))
      return entries.map(entry => outcomes.get(entry) ?? { ended: 'denied' as const })
    })
  }

  /**
   * Changes what is said of a version, without making a new one.
   * @throws Fault NoSuchObject, NoSuchVersion, IsDeleteMarker, AccessDenied, ObjectLocked, ObjectLockMissing
   */
  async redescribe(
    caller: Caller,
    { bucket: name, key, stamp, action, change, bypassGovernance }: RedescribeOf,
  ): Promise<{ versionId: string | undefined }> {
    requireKey(key)
    const { stubs, now } = this.#context
    const id = newVersion()
    return this.#buckets.within(caller, name, async bucket => {
      // Looked at first: its ACL and tags have a say in who may change it.
      const { record } = await findObject(this.#context, caller, bucket, { key, stamp, bytes: false, action })
      const mayBypass = () =>
        mayIn(this.#context, caller, 's3:BypassGovernanceRetention', bucket, { key, object: record })
      const bypass = bypassGovernance === true && mayBypass()
      const ask = {
        id,
        known: bucket.settingsVersion,
        key,
        stamp: record.stamp,
        change,
        bypassGovernance: bypass,
        nowMillis: now(),
      }
      const answer = await write(() => stubs.bucketIndex(rangeOf(bucket, key)).redescribe(ask))
      return { versionId: shownVersion(bucket, unwrapIndex(answer)) }
    })
  }

  /** What is there now of each key, where rights hang on it. */
  async #lookAt(bucket: Bucket, entries: RemoveEntry[]): Promise<Map<RemoveEntry, ObjectRecord>> {
    const records = new Map<RemoveEntry, ObjectRecord>()
    for (const entry of entries) {
      const { key, stamp } = entry
      const ask = { known: bucket.settingsVersion, key, stamp, bytes: false }
      const answer = await read(() => this.#context.stubs.bucketIndex(rangeOf(bucket, key)).find(ask))
      if (answer.ok) records.set(entry, readStoredObject(answer.value.object))
    }
    return records
  }

  async #judgeAhead(bucket: Bucket, key: string, conditions: WriteConditions): Promise<void> {
    const ask = { known: bucket.settingsVersion, key, bytes: false }
    const answer = await read(() => this.#context.stubs.bucketIndex(rangeOf(bucket, key)).find(ask))
    const present = !answer.ok && answer.code === 'NoSuchObject' ? undefined : unwrapIndex(answer).object
    requireWrite(present, key, conditions)
  }
}

/** @throws Fault PreconditionFailed, NoSuchObject */
function requireWrite(present: { etag: string } | undefined, key: string, conditions: WriteConditions): void {
  const verdict = judgeWrite(present, conditions)
  if (verdict === 'missing') throw new Fault('NoSuchObject', { key })
  if (verdict !== 'go') throw new Fault('PreconditionFailed', { condition: verdict })
}

/** Judges the conditions of a read, and says which bytes it is for. */
function judge(record: ObjectRecord, { conditions, range, partNumber }: GetAsk): ByteRange | undefined {
  const verdict = conditions ? judgeRead(record, conditions) : 'go'
  if (verdict === 'unchanged') {
    throw new Fault('NotModified', {
      etag: record.etag,
      modifiedMillis: record.modifiedMillis,
      ...cacheControl(record),
    })
  }
  if (verdict !== 'go') throw new Fault('PreconditionFailed', { condition: verdict })
  if (partNumber !== undefined) return rangeOfPart(record, partNumber)
  return range && resolveRange(range, record.size)
}

function cacheControl({ headers }: ObjectRecord): { cacheControl?: string } {
  return headers.cacheControl === undefined ? {} : { cacheControl: headers.cacheControl }
}

/** The bytes of one part; an object that was not uploaded in parts is its own part 1. */
function rangeOfPart({ parts, size }: ObjectRecord, partNumber: number): ByteRange | undefined {
  const summaries = parts ?? [{ number: 1, size }]
  let first = 0
  for (const part of summaries) {
    if (part.number === partNumber) return size === 0 ? undefined : { first, last: first + part.size - 1 }
    first += part.size
  }
  throw new Fault('NoSuchPart', { partNumber, parts: summaries.length })
}
