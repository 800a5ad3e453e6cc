import { Fault } from '../model/fault'
import type { BlobOrigin } from '../model/index-calls'
import type { Extent } from '../model/object'
import { blobId } from './ids'

/** R2 deletes at most so many keys in one call. */
const MAX_DELETE = 1000

/** The most that R2 takes in one put: 4.995 GiB. */
export const MAX_BLOB_BYTES = 5 * 1024 ** 3 - 5 * 1024 ** 2

/** R2's error for a body that does not fit the digest it was given. */
const DIGEST_MISMATCH = /\(10037\)/

export interface WrittenBlob {
  extent: Extent
  /** MD5 in hex, as R2 computed it. */
  md5: string
}

export interface ListedBlob {
  origin: BlobOrigin
  uploadedMillis: number
}

/**
 * The only file that touches R2. Blobs are immutable bytes named `{bucket id}/{hour}/{random}`; the hour lets the sweep
 * look at closed hours alone. Beside each one lies the key (and upload) that it was written for, so that the sweep can
 * ask the index by primary key; nothing else is ever decided by it.
 */
export class Blobs {
  readonly #r2: R2Bucket

  constructor(r2: R2Bucket) {
    this.#r2 = r2
  }

  /**
   * Stores bytes under a name nobody knows yet.
   *
   * @param body    bytes, or a stream of known length
   * @param sha256  hex; R2 refuses the body if it does not fit
   * @throws Fault  PayloadHashMismatch; then nothing is stored
   */
  async write(
    bucketId: string,
    origin: Omit<BlobOrigin, 'blob'>,
    {
      body,
      size,
      sha256,
      nowMillis,
    }: { body: ReadableStream | Uint8Array; size: number; sha256?: string; nowMillis: number },
  ): Promise<WrittenBlob> {
    const blob = `${hourOf(nowMillis)}/${blobId()}`
    const customMetadata: Record<string, string> = { key: Buffer.from(origin.key).toString('base64url') }
    if (origin.upload !== undefined) customMetadata.upload = origin.upload
    try {
      const stored = await this.#r2.put(`${bucketId}/${blob}`, body, { sha256, customMetadata })
      const md5 = stored.checksums.md5
      if (stored.size !== size || !md5) throw new Fault('Internal', {}, `R2 stored ${stored.size} of ${size} bytes`)
      return { extent: { blob, offset: 0, size }, md5: new Uint8Array(md5).toHex() }
    } catch (error) {
      if (sha256 && error instanceof Error && DIGEST_MISMATCH.test(error.message))
        throw new Fault('PayloadHashMismatch')
      throw error
    }
  }

  /** The bytes of an extent, or of a part of it: exactly `length` of them from `offset` on. */
  async read(bucketId: string, extent: Extent, offset: number, length: number): Promise<ReadableStream<Uint8Array>> {
    const object = await this.#r2.get(`${bucketId}/${extent.blob}`, {
      range: { offset: extent.offset + offset, length },
    })
    if (!object) throw new Fault('Internal', {}, `blob ${bucketId}/${extent.blob} is missing`)
    if (object.size < extent.offset + extent.size) {
      throw new Fault('Internal', {}, `blob ${bucketId}/${extent.blob} has ${object.size} bytes, too few`)
    }
    return object.body
  }

  /** Deletes blobs that no reader can need any more. Deleting what is not there succeeds. */
  async discard(bucketId: string, blobs: string[]): Promise<void> {
    for (let i = 0; i < blobs.length; i += MAX_DELETE) {
      await this.#r2.delete(blobs.slice(i, i + MAX_DELETE).map(blob => `${bucketId}/${blob}`))
    }
  }

  /** A page of a bucket's blobs, by hour. The cursor is the last name of the page before. */
  async list(bucketId: string, after: string): Promise<{ blobs: ListedBlob[]; next: string | undefined }> {
    const prefix = `${bucketId}/`
    const page = await this.#r2.list({
      prefix,
      startAfter: after === '' ? undefined : prefix + after,
      include: ['customMetadata'],
    })
    const blobs = page.objects.map(object => ({
      origin: {
        blob: object.key.slice(prefix.length),
        key: Buffer.from(object.customMetadata?.key ?? '', 'base64url').toString(),
        upload: object.customMetadata?.upload,
      },
      uploadedMillis: object.uploaded.getTime(),
    }))
    return { blobs, next: page.truncated ? blobs.at(-1)?.origin.blob : undefined }
  }
}

/** `yyyymmddhh`, in UTC. */
export function hourOf(millis: number): string {
  return new Date(millis).toISOString().slice(0, 13).replace(/[-T]/g, '')
}
