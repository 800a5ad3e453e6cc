import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { Checksum, ChecksumAlgorithm } from '../model/checksum'
import { judgeRead, type ReadConditions, type WriteConditions } from '../model/conditions'
import { type CopyDescription, describeCopy } from '../model/copy'
import { Fault } from '../model/fault'
import {
  type CopyAsk,
  type Draft,
  listedMarks,
  type RenameAsk,
  readCopiedObject,
  readStoredObject,
  storedTexts,
} from '../model/index-calls'
import { requireKey } from '../model/names'
import type { Extent, FoundObject, ObjectRecord } from '../model/object'
import type { Tag } from '../model/tags'
import type { Stamp } from '../model/versions'
import { createDigest } from '../streams/digest'
import { type Buckets, rangeOf, unwrapIndex } from './buckets'
import { write } from './calls'
import { commitDraft, orDiscard, requireLockable, shownVersion } from './committing'
import type { StoreContext } from './context'
import { findObject, requireMayMiss } from './finding'
import { newVersion } from './ids'
import { type Lease, underLease } from './leases'
import type { Place } from './objects'
import { openBytes, piecesOf } from './reading'
import { type AclFor, asksForTags, authorizeIn, authorizeWrite, mayIn, ownerOf, withAcl } from './rights'

/** How often a copy is begun again when its source changes under it. */
const MAX_TRIES = 4

/** A copy as its asker is told of it. */
export interface CopiedRecord {
  record: Omit<ObjectRecord, 'extents'>
  /** As clients are shown them; undefined in buckets that never kept versions. */
  versionId: string | undefined
  sourceVersionId: string | undefined
  /** Where the copy is. */
  bucket: Bucket
}

/** The source of a copy: the latest version, or the one that is named. */
export interface SourcePlace extends Place {
  stamp?: Stamp
}

export interface CopyObjectAsk {
  from: SourcePlace
  to: Place
  sourceConditions?: ReadConditions
  conditions?: WriteConditions
  maxSourceBytes: number
  describe: CopyDescription
  acl?: AclFor
  /** Compute this checksum for the copy, where the source has it not. */
  checksumAlgorithm?: ChecksumAlgorithm
}

/** Copies: inside a bucket no bytes move, between buckets they stream. The source may change or go afterwards. */
export class Copying {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /**
   * @returns the record of the copy
   * @throws Fault NoSuchBucket, NoSuchObject, AccessDenied, PreconditionFailed, CopyTooLarge, QuotaExceeded
   */
  async copy(caller: Caller, ask: CopyObjectAsk): Promise<CopiedRecord> {
    requireKey(ask.to.key)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#copyOnce(caller, ask)
      } catch (error) {
        const sourceChanged = error instanceof Fault && error.code === 'Conflict'
        if (!sourceChanged || tries === MAX_TRIES) throw error
      }
    }
  }

  /**
   * Gives an object another key of its bucket, in one transaction.
   * @throws Fault NoSuchBucket, NoSuchObject, AccessDenied, PreconditionFailed, RenameOfVersions, TokenReused
   */
  async rename(
    caller: Caller,
    name: string,
    ask: Omit<RenameAsk, 'id' | 'known' | 'nowMillis' | 'fromVersion'>,
  ): Promise<void> {
    requireKey(ask.from)
    requireKey(ask.to)
    const { stubs, now } = this.#context
    const id = newVersion()
    await this.#buckets.within(caller, name, async bucket => {
      const fromVersion = await this.#mayRename(caller, bucket, ask)
      const whole = { ...ask, fromVersion, id, known: bucket.settingsVersion, nowMillis: now() }
      unwrapIndex(await write(() => stubs.bucketIndex(rangeOf(bucket, ask.to)).rename(whole)))
    })
  }

  /**
   * Whether the caller may take the object from one key and put all that it is under the other.
   * @returns the version that was looked at; undefined where it is gone, and a token may tell that it was renamed already
   * @throws Fault AccessDenied
   */
  async #mayRename(
    caller: Caller,
    bucket: Bucket,
    { from, to, token }: { from: string; to: string; token?: string },
  ): Promise<string | undefined> {
    try {
      const { record } = await findObject(this.#context, caller, bucket, { key: from, bytes: false })
      authorizeIn(this.#context, caller, 's3:DeleteObject', bucket, { key: from, object: record })
      authorizeWrite(this.#context, caller, bucket, to, { tags: record.tags, acl: record.acl })
      return record.version
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'NoSuchObject' && token !== undefined)) throw error
      authorizeIn(this.#context, caller, 's3:DeleteObject', bucket, { key: from })
      authorizeWrite(this.#context, caller, bucket, to)
      return undefined
    }
  }

  /**
   * The source of a copy, if its conditions hold; with its bytes where they rest in the index.
   * @throws Fault NoSuchBucket, NoSuchObject, AccessDenied, PreconditionFailed
   */
  async findSource(
    caller: Caller,
    { bucket: name, key, stamp }: SourcePlace,
    conditions: ReadConditions | undefined,
  ): Promise<{ bucket: Bucket; found: FoundObject }> {
    return this.#buckets.within(caller, name, async bucket => {
      const found = await findObject(this.#context, caller, bucket, { key, stamp, bytes: true })
      // A copy never answers "not modified": whatever does not hold is a failed precondition.
      if (conditions && judgeRead(found.record, conditions) !== 'go') throw new Fault('PreconditionFailed')
      return { bucket, found }
    })
  }

  async #copyOnce(caller: Caller, ask: CopyObjectAsk): Promise<CopiedRecord> {
    const staysInside = ask.from.bucket === ask.to.bucket
    if (staysInside && !ask.checksumAlgorithm) {
      const copied = await this.#shareUnseen(caller, ask)
      if (copied) return copied
    }
    const { bucket: sourceBucket, found } = await this.findSource(caller, ask.from, ask.sourceConditions)
    const { record } = found
    if (record.size > ask.maxSourceBytes) throw new Fault('CopyTooLarge', { size: record.size })
    const checksum = await this.#checksumFor(sourceBucket, found, ask.checksumAlgorithm)
    if (staysInside) return this.#shareInside(caller, ask, { fromVersion: record.version, tags: record.tags, checksum })
    return this.#streamAcross(caller, sourceBucket, found, { ...ask, describe: { ...ask.describe, checksum } })
  }

  /**
   * Copies in one hop, where whoever may read the bucket's own objects may read this one.
   * @returns undefined where the source must be looked at first
   */
  async #shareUnseen(caller: Caller, ask: CopyObjectAsk): Promise<CopiedRecord | undefined> {
    try {
      return await this.#shareInside(caller, ask, undefined)
    } catch (error) {
      if (error instanceof Fault && error.code === 'CopySourceUnseen') return undefined
      throw error
    }
  }

  /** @param seen  the version of the source that was looked at, and the checksum that was computed of it */
  #shareInside(
    caller: Caller,
    { from, to, describe: given, acl, conditions, sourceConditions, maxSourceBytes }: CopyObjectAsk,
    seen: { fromVersion: string; tags: Tag[] | undefined; checksum: Checksum | undefined } | undefined,
  ): Promise<CopiedRecord> {
    requireKey(from.key)
    const version = newVersion()
    return this.#buckets.within(caller, to.bucket, async bucket => {
      const reading = from.stamp === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
      const mayReadAll =
        mayIn(this.#context, caller, reading, bucket, { key: from.key }) && !asksForTags(caller, bucket)
      // Tags that come along must be allowed to come along, and nobody knows yet whether there are any.
      const mayTag = mayIn(this.#context, caller, 's3:PutObjectTagging', bucket, { key: to.key })
      const needsLook = !mayReadAll || (given.tags === undefined && !mayTag)
      if (!seen && needsLook) throw new Fault('CopySourceUnseen')
      const describe = await withAcl(given, acl, bucket, ownerOf(caller, bucket))
      authorizeWrite(this.#context, caller, bucket, to.key, { ...describe, tags: given.tags ?? seen?.tags })
      requireLockable(bucket, describe.lock)
      const ask: CopyAsk = {
        id: version,
        known: bucket.settingsVersion,
        from: from.key,
        fromStamp: from.stamp,
        to: to.key,
        version,
        nowMillis: this.#context.now(),
        unseen: !seen,
        fromVersion: seen?.fromVersion,
        sourceConditions,
        maxSourceBytes,
        describe: { ...describe, checksum: seen?.checksum, owner: ownerOf(caller, bucket) },
        conditions,
      }
      const answer = await write(() => this.#context.stubs.bucketIndex(rangeOf(bucket, to.key)).copy(ask))
      if (!answer.ok && answer.code === 'NoSuchObject') {
        requireMayMiss(this.#context, caller, reading, bucket, from.key)
      }
      const copied = unwrapIndex(answer)
      return {
        record: readCopiedObject(copied),
        versionId: shownVersion(bucket, copied.stamp),
        sourceVersionId: shownVersion(bucket, copied.sourceStamp),
        bucket,
      }
    })
  }

  async #streamAcross(
    caller: Caller,
    sourceBucket: Bucket,
    { record: source, bytes }: FoundObject,
    { to, describe: given, acl, conditions }: CopyObjectAsk,
  ): Promise<CopiedRecord> {
    const { blobs, now } = this.#context
    const { target, describe } = await this.#buckets.within(caller, to.bucket, async bucket => {
      const describe = await withAcl(given, acl, bucket, ownerOf(caller, bucket))
      authorizeWrite(this.#context, caller, bucket, to.key, { ...describe, tags: describe.tags ?? source.tags })
      requireLockable(bucket, describe.lock)
      return { target: bucket, describe }
    })
    const description = describeCopy(source, { ...describe, owner: ownerOf(caller, target) })
    const extents: Extent[] = []
    const standing = { context: this.#context, buckets: this.#buckets, caller }
    const of = { bucket: target, key: to.key, operation: 'CopyObject' }
    const copy = async (lease: Lease | undefined) => {
      for (const extent of source.extents) {
        lease?.requireHeld()
        const body = await blobs.read(sourceBucket.id, extent, 0, extent.size)
        const written = await blobs.write(target.id, { key: to.key }, { body, size: extent.size, nowMillis: now() })
        extents.push(written.extent)
      }
      const draft: Draft = {
        key: to.key,
        version: newVersion(),
        size: source.size,
        etag: source.etag,
        modifiedMillis: now(),
        ...storedTexts(description, extents, source.etag),
        listed: listedMarks(description),
        bytes,
      }
      const commit = { written: target, draft, conditions, lease }
      const { stamp, bucket } = await commitDraft(this.#context, this.#buckets, caller, commit)
      return {
        record: readStoredObject({ ...draft, stamp }),
        versionId: shownVersion(bucket, stamp),
        sourceVersionId: shownVersion(sourceBucket, source.stamp),
        bucket,
      }
    }
    return underLease(standing, of, source.size, lease =>
      orDiscard(this.#context, { bucketId: target.id, extents }, () => copy(lease)),
    )
  }

  /** The checksum of the copy, where it is not the source's own: its bytes are read once, and stay where they are. */
  async #checksumFor(
    bucket: Bucket,
    found: FoundObject,
    algorithm: ChecksumAlgorithm | undefined,
  ): Promise<Checksum | undefined> {
    const present = found.record.checksum
    if (!algorithm || (present?.algorithm === algorithm && present.type === 'FULL_OBJECT')) return undefined
    const digest = createDigest(algorithm)
    const body = await openBytes(this.#context, bucket, found, undefined)
    for await (const piece of piecesOf(body)) digest.update(piece)
    return { algorithm, type: 'FULL_OBJECT', value: Buffer.from(digest.digest()).toString('base64') }
  }
}
