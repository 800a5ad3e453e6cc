import type { Append, AppendAsk, AppendedObject } from '../model/append-calls'
import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { WriteConditions } from '../model/conditions'
import { readExtents, writeExtents } from '../model/extents'
import { Fault } from '../model/fault'
import type { Draft } from '../model/index-calls'
import { requireKey } from '../model/names'
import type { Extent, ObjectDescription } from '../model/object'
import type { IncomingBody } from '../streams/incoming'
import { type Buckets, rangeOf, unwrapIndex } from './buckets'
import { write } from './calls'
import { orDiscard, requireLockable, shownVersion } from './committing'
import type { StoreContext } from './context'
import { describeBody, draftOf } from './drafting'
import { newVersion } from './ids'
import { takeIn } from './intake'
import { type Lease, underLease } from './leases'
import type { Place } from './objects'
import { type AclFor, authorizeIn, authorizeWrite, ownerOf, withAcl } from './rights'

/** How often bytes are moved out of the way for one append: others may write in between. */
const MAX_TRIES = 4

export interface AppendOf extends Place {
  /** Where the new bytes begin: the size that the object has. */
  offset: number
  body: IncomingBody
  /** Of the object, where it comes to be by this. */
  description: ObjectDescription
  acl?: AclFor
  conditions?: WriteConditions
}

/** An object with bytes put behind it, as its asker is told of it. */
export interface AppendedTo {
  object: AppendedObject
  versionId: string | undefined
  bucket: Bucket
}

/** Bytes that are put behind those of an object. */
export class Appending {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /**
   * Puts a body behind the bytes of an object, which must be as long as is said; at 0 the object may also come to be. Of
   * several at once at one offset one succeeds. A second one after a lost answer finds the object longer, and is refused.
   * @throws Fault InvalidWriteOffset, TooManyPieces, AppendDescribes, and those of `Objects.put`
   */
  async append(caller: Caller, ask: AppendOf): Promise<AppendedTo> {
    const { bucket: name, key, body, offset } = ask
    requireKey(key)
    if (offset > 0 && describes(ask)) throw new Fault('AppendDescribes')
    const { bucket, description } = await this.#buckets.within(caller, name, async bucket => {
      const description = await withAcl(ask.description, ask.acl, bucket, ownerOf(caller, bucket))
      authorizeWrite(this.#context, caller, bucket, key, description)
      requireLockable(bucket, description.lock)
      return { bucket, description }
    })
    // An object that stays short has its bytes in the index, and so must the new ones; if it proves otherwise they move.
    const inlineMaxBytes = Math.max(0, this.#context.config.inlineMaxBytes - offset)
    const standing = { context: this.#context, buckets: this.#buckets, caller }
    return underLease(standing, { bucket, key, operation: 'AppendObject' }, body.size, async lease => {
      const to = { bucketId: bucket.id, origin: { key }, lease, inlineMaxBytes }
      const taken = await takeIn(this.#context, body, to)
      const described = describeBody(description, body, taken)
      const draft = draftOf(this.#context, caller, bucket, { key, taken, description: described })
      return this.#settle(caller, bucket, { draft, offset, conditions: ask.conditions, lease })
    })
  }

  /** Commits the new bytes; first moves to R2 what cannot rest in the index together with the others. */
  async #settle(
    caller: Caller,
    written: Bucket,
    {
      draft: given,
      offset,
      conditions,
      lease,
    }: { draft: Draft; offset: number; conditions: WriteConditions | undefined; lease: Lease | undefined },
  ): Promise<AppendedTo> {
    const { maxObjectBytes } = this.#context.config
    const fence = await lease?.fence()
    let draft = given
    let moved: AppendAsk['moved']
    // All that lies in R2 for this append, to be discarded if it is refused.
    const extents = readExtents(given.extents, given.etag)
    return orDiscard(this.#context, { bucketId: written.id, extents }, async () => {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        const whole = { offset, draft, conditions, maxObjectBytes, moved, fence }
        const { answer, bucket } = await this.#ask(caller, written, whole)
        if (answer.ended === 'appended') {
          return { object: answer.object, versionId: shownVersion(bucket, answer.object.stamp), bucket }
        }
        const isOld = answer.ended === 'old in index'
        const extent = await this.#move(written, draft.key, isOld ? new Uint8Array(answer.bytes) : draft.bytes)
        extents.push(extent)
        if (isOld) moved = { version: answer.version, extents: writeExtents([extent]) ?? '' }
        else draft = { ...draft, bytes: undefined, extents: writeExtents([extent], draft.etag) }
      }
      throw new Fault('Conflict', { key: draft.key })
    })
  }

  #ask(
    caller: Caller,
    written: Bucket,
    ask: Omit<AppendAsk, 'id' | 'known'>,
  ): Promise<{ answer: Append; bucket: Bucket }> {
    const id = newVersion()
    const { key } = ask.draft
    return this.#buckets.within(caller, written.name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key })
      // The bytes lie under the id of a bucket that was removed meanwhile, and another one took its name.
      if (bucket.id !== written.id) throw new Fault('NoSuchBucket', { bucket: written.name })
      const whole = { ...ask, id, known: bucket.settingsVersion }
      const answer = await write(() => this.#context.stubs.bucketIndex(rangeOf(bucket, key)).append(whole))
      return { answer: unwrapIndex(answer), bucket }
    })
  }

  async #move(bucket: Bucket, key: string, bytes: Uint8Array = new Uint8Array()): Promise<Extent> {
    const { blobs, now } = this.#context
    const written = await blobs.write(bucket.id, { key }, { body: bytes, size: bytes.length, nowMillis: now() })
    return written.extent
  }
}

/** What an object can only be given when it comes to be. Its content type and the like are taken no notice of. */
function describes({ description: { metadata, tags, lock }, acl }: AppendOf): boolean {
  return Object.keys(metadata).length > 0 || tags !== undefined || lock !== undefined || acl !== undefined
}
