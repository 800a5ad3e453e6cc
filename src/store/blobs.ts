import { Fault } from '../model/fault'
import type { BlobDamage } from '../model/health'
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

/** A blob by its whole name. */
export interface BlobPlace {
  bucketId: string
  blob: string
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
    try {
      const stored = await this.#r2.put(`${bucketId}/${blob}`, body, { sha256, customMetadata: originTexts(origin) })
      const md5 = stored.checksums.md5
      if (stored.size !== size || !md5) throw new Fault('Internal', {}, `R2 stored ${stored.size} of ${size} bytes`)
      const digest = new Uint8Array(md5).toHex()
      return { extent: { blob, offset: 0, size, md5: digest }, md5: digest }
    } catch (error) {
      if (sha256 && error instanceof Error && DIGEST_MISMATCH.test(error.message))
        throw new Fault('PayloadHashMismatch')
      throw error
    }
  }

  /**
   * The bytes of an extent, or of a part of it: exactly `length` of them from `offset` on.
   * @throws Fault ObjectDamaged where the blob is missing, too short, or not the one that was written
   */
  async read(bucketId: string, extent: Extent, offset: number, length: number): Promise<ReadableStream<Uint8Array>> {
    const object = await this.#r2.get(`${bucketId}/${extent.blob}`, {
      range: { offset: extent.offset + offset, length },
    })
    const damage = damageOf(object ?? undefined, extent)
    if (damage) await object?.body.cancel()
    if (!object || damage)
      throw new Fault('ObjectDamaged', { blob: `${bucketId}/${extent.blob}`, damage: damage ?? '' })
    return object.body
  }

  /** What is wrong with an extent's blob, as far as R2 tells without reading it; undefined where nothing is. */
  async examine(bucketId: string, extent: Extent): Promise<BlobDamage | undefined> {
    return damageOf((await this.#r2.head(`${bucketId}/${extent.blob}`)) ?? undefined, extent)
  }

  /** The whole blob as it lies there, believed or not; undefined where it is missing. */
  async readWhole({ bucketId, blob }: BlobPlace): Promise<ReadableStream<Uint8Array> | undefined> {
    return (await this.#r2.get(`${bucketId}/${blob}`))?.body
  }

  /**
   * Puts the bytes of a healthy blob in the place of a damaged one. The name keeps standing for the same bytes: R2 refuses
   * them where they do not fit the digest that was noted when they were written.
   * @param md5  hex
   * @returns    whether there was a copy, and it fits
   */
  async restore(damaged: BlobPlace, from: BlobPlace, md5: string, origin: Omit<BlobOrigin, 'blob'>): Promise<boolean> {
    const copy = await this.#r2.get(`${from.bucketId}/${from.blob}`)
    if (!copy) return false
    try {
      await this.#r2.put(`${damaged.bucketId}/${damaged.blob}`, copy.body, { md5, customMetadata: originTexts(origin) })
      return true
    } catch (error) {
      if (error instanceof Error && DIGEST_MISMATCH.test(error.message)) return false
      throw error
    }
  }

  /** Deletes blobs that no reader can need any more. Deleting what is not there succeeds. */
  async discard(bucketId: string, blobs: string[]): Promise<void> {
    for (let i = 0; i < blobs.length; i += MAX_DELETE) {
      await this.#r2.delete(blobs.slice(i, i + MAX_DELETE).map(blob => `${bucketId}/${blob}`))
    }
  }

  /** A page of the bucket ids under which R2 holds blobs, by the last one of the page before. */
  async listBucketIds(after: string): Promise<{ ids: string[]; next: string | undefined }> {
    const startAfter = after === '' ? undefined : `${after}/\u{10FFFF}`
    const page = await this.#r2.list({ delimiter: '/', startAfter })
    const ids = page.delimitedPrefixes.map(prefix => prefix.slice(0, -1))
    return { ids, next: page.truncated ? ids.at(-1) : undefined }
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

function originTexts({ key, upload }: Omit<BlobOrigin, 'blob'>): Record<string, string> {
  const texts: Record<string, string> = { key: Buffer.from(key).toString('base64url') }
  if (upload !== undefined) texts.upload = upload
  return texts
}

/** `yyyymmddhh`, in UTC. */
export function hourOf(millis: number): string {
  return new Date(millis).toISOString().slice(0, 13).replace(/[-T]/g, '')
}

/** What is wrong with a blob, by what R2 says of it; undefined where nothing is. */
export function damageOf(
  stored: { size: number; checksums: { md5?: ArrayBuffer } } | undefined,
  { offset, size, md5 }: Extent,
): BlobDamage | undefined {
  if (!stored) return 'missing'
  if (stored.size < offset + size) return 'short'
  const present = stored.checksums.md5
  if (md5 === undefined || present === undefined) return undefined
  return new Uint8Array(present).toHex() === md5 ? undefined : 'altered'
}
