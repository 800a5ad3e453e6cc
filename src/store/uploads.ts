import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { ReadConditions } from '../model/conditions'
import { Fault } from '../model/fault'
import type {
  CompleteAsk,
  Completed,
  ListUploadsAsk,
  PartDraft,
  PartListing,
  PutPartAsk,
  StoredUpload,
  UploadDescription,
  UploadListing,
} from '../model/index-calls'
import { requireKey } from '../model/names'
import type { FoundObject } from '../model/object'
import type { ByteRange } from '../model/range'
import { createDigest } from '../streams/digest'
import type { IncomingBody } from '../streams/incoming'
import { type Buckets, firstRange, rangeOf, unwrapIndex } from './buckets'
import { read, write } from './calls'
import { orDiscard, requireLockable, shownVersion } from './committing'
import type { StoreContext } from './context'
import type { Copying, SourcePlace } from './copying'
import { newVersion, timedId } from './ids'
import { takeIn } from './intake'
import { type Lease, type LeaseOf, underLease } from './leases'
import type { Place } from './objects'
import { openBytes, piecesOf, slicesOf } from './reading'
import { type AclFor, authorizeIn, authorizeWrite, ownerOf, withAcl } from './rights'

/** An upload in progress. */
export interface Upload extends UploadDescription {
  key: string
  id: string
  initiatedMillis: number
}

interface UploadPlace extends Place {
  upload: string
}

/** Multipart uploads. Each part is a blob of its own, so parts may have any sizes, and completing moves no bytes. */
export class Uploads {
  readonly #context: StoreContext
  readonly #buckets: Buckets
  readonly #copying: Copying

  constructor(context: StoreContext, buckets: Buckets, copying: Copying) {
    this.#context = context
    this.#buckets = buckets
    this.#copying = copying
  }

  /** @returns what the new upload is told by, and the bucket that it is in */
  async create(
    caller: Caller,
    { bucket: name, key }: Place,
    given: UploadDescription,
    acl?: AclFor,
  ): Promise<{ id: string; initiatedMillis: number; bucket: Bucket }> {
    requireKey(key)
    const { stubs, now } = this.#context
    const initiatedMillis = now()
    const id = timedId(initiatedMillis)
    return this.#buckets.within(caller, name, async bucket => {
      const owner = ownerOf(caller, bucket)
      const description = await withAcl({ ...given, owner }, acl, bucket, owner)
      const upload: StoredUpload = { key, id, initiatedMillis, description: JSON.stringify(description) }
      authorizeWrite(this.#context, caller, bucket, key, description)
      requireLockable(bucket, description.lock)
      const ask = { id, known: bucket.settingsVersion, upload }
      unwrapIndex(await write(() => stubs.bucketIndex(rangeOf(bucket, key)).createUpload(ask)))
      return { id, initiatedMillis, bucket }
    })
  }

  /** @throws Fault NoSuchUpload */
  async find(caller: Caller, { bucket: name, key, upload }: UploadPlace): Promise<Upload> {
    requireKey(key)
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key })
      return this.#findIn(bucket, key, upload)
    })
  }

  /**
   * Stores a part; one with the same number is replaced.
   * @param expect  called with the upload before the body is read, to complete or refuse what the body promises
   */
  async putPart(
    caller: Caller,
    { bucket: name, key, upload, number }: UploadPlace & { number: number },
    body: IncomingBody,
    expect: (upload: Upload) => void,
  ): Promise<PartDraft> {
    requireKey(key)
    // One hop more than a plain PUT: an upload that is gone, or wants another checksum, refuses the part unread.
    const bucket = await this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key })
      expect(await this.#findIn(bucket, key, upload))
      return bucket
    })
    return this.#underLease(caller, { bucket, key, operation: 'UploadPart' }, body.size, async lease => {
      const to = { bucketId: bucket.id, origin: { key, upload }, lease, inlineMaxBytes: 0 }
      const taken = await takeIn(this.#context, body, to)
      const part: PartDraft = {
        number,
        size: taken.size,
        etag: taken.md5,
        modifiedMillis: this.#context.now(),
        checksum: taken.checksum,
        extents: taken.extents,
      }
      await orDiscard(this.#context, { bucketId: bucket.id, extents: part.extents }, () =>
        this.#keepPart(caller, bucket, { key, upload, part, lease }),
      )
      return part
    })
  }

  /**
   * Makes a part of another object's bytes. Inside a bucket the blobs are shared; the bytes are read for the digests alone.
   * @param rangeFor  which bytes, once the size of the source is known
   */
  async copyPart(
    caller: Caller,
    { bucket: name, key, upload, number }: UploadPlace & { number: number },
    source: { from: SourcePlace; conditions?: ReadConditions; rangeFor(size: number): ByteRange | undefined },
  ): Promise<PartDraft> {
    requireKey(key)
    const { bucket: sourceBucket, found } = await this.#copying.findSource(caller, source.from, source.conditions)
    const range = source.rangeFor(found.record.size)
    const { bucket, open } = await this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key })
      return { bucket, open: await this.#findIn(bucket, key, upload) }
    })
    const size = range ? range.last - range.first + 1 : found.record.size
    if (bucket.id === sourceBucket.id && !found.bytes) {
      return this.#underLease(caller, { bucket, key, operation: 'UploadPartCopy' }, size, async lease => {
        const part = await this.#sharedPart(bucket, found, range, open, number)
        const sharedFrom = { key: found.record.key, version: found.record.version }
        await this.#keepPart(caller, bucket, { key, upload, part, sharedFrom, lease })
        return part
      })
    }
    const bytes = await openBytes(this.#context, sourceBucket, found, range)
    return this.putPart(caller, { bucket: name, key, upload, number }, bodyOf(bytes, size, open), () => undefined)
  }

  /**
   * Makes the object of the chosen parts.
   * @throws Fault NoSuchUpload, InvalidPart, PartTooSmall, SizeMismatch, DigestMismatch, PreconditionFailed, QuotaExceeded
   */
  async complete(
    caller: Caller,
    name: string,
    ask: Omit<CompleteAsk, 'id' | 'known' | 'version' | 'nowMillis' | 'maxObjectBytes'>,
  ): Promise<Completed & { versionId: string | undefined; bucket: Bucket }> {
    requireKey(ask.key)
    const { stubs, now, config } = this.#context
    const version = newVersion()
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key: ask.key })
      const { maxObjectBytes } = config
      const whole = { ...ask, id: version, known: bucket.settingsVersion, version, nowMillis: now(), maxObjectBytes }
      const index = stubs.bucketIndex(rangeOf(bucket, ask.key))
      const completed = unwrapIndex(await write(() => index.completeUpload(whole)))
      return { ...completed, versionId: shownVersion(bucket, completed.stamp), bucket }
    })
  }

  /** @throws Fault NoSuchUpload */
  async abort(caller: Caller, { bucket: name, key, upload }: UploadPlace): Promise<void> {
    requireKey(key)
    const { stubs, now } = this.#context
    const id = newVersion()
    await this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:AbortMultipartUpload', bucket, { key })
      const ask = { id, known: bucket.settingsVersion, key, upload, nowMillis: now() }
      unwrapIndex(await write(() => stubs.bucketIndex(rangeOf(bucket, key)).abortUpload(ask)))
    })
  }

  /** A page of the uploads in progress, by key and then by age. */
  async list(
    caller: Caller,
    name: string,
    ask: Omit<ListUploadsAsk, 'known'>,
  ): Promise<UploadListing & { bucket: Bucket }> {
    const { stubs } = this.#context
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:ListBucketMultipartUploads', bucket)
      const whole = { ...ask, known: bucket.settingsVersion }
      const listing = unwrapIndex(await read(() => stubs.bucketIndex(firstRange(bucket)).listUploads(whole)))
      return { ...listing, bucket }
    })
  }

  /** A page of an upload's parts, by number. */
  async listParts(
    caller: Caller,
    { bucket: name, key, upload, after, limit }: UploadPlace & { after: number; limit: number },
  ): Promise<PartListing & { bucket: Bucket }> {
    requireKey(key)
    const { stubs } = this.#context
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:ListMultipartUploadParts', bucket, { key })
      const ask = { known: bucket.settingsVersion, key, upload, after, limit }
      const listing = unwrapIndex(await read(() => stubs.bucketIndex(rangeOf(bucket, key)).listParts(ask)))
      return { ...listing, bucket }
    })
  }

  #underLease<T>(
    caller: Caller,
    of: LeaseOf,
    size: number | undefined,
    work: (lease: Lease | undefined) => Promise<T>,
  ) {
    return underLease({ context: this.#context, buckets: this.#buckets, caller }, of, size, work)
  }

  async #findIn(bucket: Bucket, key: string, upload: string): Promise<Upload> {
    const ask = { known: bucket.settingsVersion, key, upload }
    const answer = await read(() => this.#context.stubs.bucketIndex(rangeOf(bucket, key)).findUpload(ask))
    return readUpload(unwrapIndex(answer))
  }

  async #keepPart(
    caller: Caller,
    written: Bucket,
    { lease, ...ask }: Pick<PutPartAsk, 'key' | 'upload' | 'part' | 'sharedFrom'> & { lease: Lease | undefined },
  ): Promise<void> {
    const { stubs } = this.#context
    const id = newVersion()
    const fence = await lease?.fence()
    await this.#buckets.within(caller, written.name, async bucket => {
      authorizeIn(this.#context, caller, 's3:PutObject', bucket, { key: ask.key })
      if (bucket.id !== written.id) throw new Fault('NoSuchUpload', { upload: ask.upload })
      const whole = { ...ask, id, known: bucket.settingsVersion, fence }
      unwrapIndex(await write(() => stubs.bucketIndex(rangeOf(bucket, ask.key)).putPart(whole)))
    })
  }

  async #sharedPart(
    bucket: Bucket,
    found: FoundObject,
    range: ByteRange | undefined,
    { checksumAlgorithm }: Upload,
    number: number,
  ): Promise<PartDraft> {
    const { first, last } = range ?? { first: 0, last: found.record.size - 1 }
    const md5 = createDigest('md5')
    const checksum = checksumAlgorithm && createDigest(checksumAlgorithm)
    const bytes = await openBytes(this.#context, bucket, found, range)
    for await (const piece of piecesOf(bytes)) {
      md5.update(piece)
      checksum?.update(piece)
    }
    return {
      number,
      size: last - first + 1,
      etag: Buffer.from(md5.digest()).toString('hex'),
      modifiedMillis: this.#context.now(),
      checksum: checksum && Buffer.from(checksum.digest()).toString('base64'),
      extents: slicesOf(found.record, first, last).map(({ extent, offset, length }) => ({
        blob: extent.blob,
        offset: extent.offset + offset,
        size: length,
        md5: extent.md5,
      })),
    }
  }
}

export function readUpload({ key, id, initiatedMillis, description }: StoredUpload): Upload {
  // Written by `create` above.
  const described = JSON.parse(description) as UploadDescription
  return { ...described, key, id, initiatedMillis }
}

/** Bytes out of the store as a body on its way in again. */
function bodyOf(
  bytes: ReadableStream<Uint8Array> | Uint8Array,
  size: number,
  { checksumAlgorithm }: Upload,
): IncomingBody {
  return {
    size,
    native: bytes instanceof Uint8Array ? undefined : bytes,
    chunks: () => piecesOf(bytes),
    promised: { checksum: checksumAlgorithm && { algorithm: checksumAlgorithm } },
  }
}
