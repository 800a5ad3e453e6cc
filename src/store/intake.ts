import { Fault } from '../model/fault'
import type { BlobOrigin } from '../model/index-calls'
import type { Extent } from '../model/object'
import { createDigest, type Digest, type DigestName } from '../streams/digest'
import type { IncomingBody, PromisedDigests } from '../streams/incoming'
import { base64, checkPromised, checkWhole, hex } from '../streams/promised'
import { MAX_BLOB_BYTES } from './blobs'
import type { StoreContext } from './context'
import type { Lease } from './leases'

/** Where a body's bytes are to go. */
export interface Destination {
  bucketId: string
  origin: Omit<BlobOrigin, 'blob'>
  /** What the write stands under; once it is lost no more is read. */
  lease: Lease | undefined
  /** Up to this size the bytes are given back instead of being written to R2; 0 for never. */
  inlineMaxBytes: number
}

/** A body that came in whole and fits all that was promised of it. */
export interface TakenIn {
  size: number
  /** Hex. */
  md5: string
  /** Base64, of the algorithm that was promised or asked for. */
  checksum?: string
  /** The bytes, when they are to rest in the index. */
  bytes?: Uint8Array
  /** Where the bytes lie in R2 otherwise; empty for an empty body. */
  extents: Extent[]
}

/**
 * Reads a body to its end and checks everything that was promised of it. Short bodies come back as bytes, longer ones
 * stream to R2 and are never held; a body of unknown length is cut into extents. On a fault nothing stays behind.
 *
 * @throws Fault BodyIncomplete, DigestMismatch, PayloadHashMismatch, BodyTooLarge, and those of the body's framing
 */
export async function takeIn(context: StoreContext, body: IncomingBody, to: Destination): Promise<TakenIn> {
  const { size } = body
  if (size !== undefined && size > context.config.maxPutBytes) {
    throw new Fault('BodyTooLarge', { maxBytes: context.config.maxPutBytes, size })
  }
  if (size !== undefined && (size === 0 || size <= to.inlineMaxBytes))
    return hold(await gather(body, size), body.promised)
  const written: Extent[] = []
  try {
    if (size === undefined || size > MAX_BLOB_BYTES) return await cut(context, body, to, written)
    return await stream(context, body, size, to, written)
  } catch (error) {
    const blobs = written.map(extent => extent.blob)
    if (blobs.length > 0) context.later(context.blobs.discard(to.bucketId, blobs))
    throw error
  }
}

/** A short body, all of it. */
async function gather(body: IncomingBody, size: number): Promise<Uint8Array> {
  if (body.whole) {
    const bytes = await body.whole()
    if (bytes.length !== size) throw new Fault('BodyIncomplete', { expected: size, received: bytes.length })
    return bytes
  }
  const bytes = new Uint8Array(size)
  let filled = 0
  for await (const chunk of body.chunks()) {
    if (filled + chunk.length > size) throw new Fault('BodyIncomplete', { expected: size })
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  if (filled !== size) throw new Fault('BodyIncomplete', { expected: size, received: filled })
  return bytes
}

function hold(bytes: Uint8Array, promised: PromisedDigests): TakenIn {
  return {
    ...checkWhole(bytes, promised),
    size: bytes.length,
    bytes: bytes.length > 0 ? bytes : undefined,
    extents: [],
  }
}

/** A body of known length, into one blob. R2 computes the MD5, and checks a SHA-256 that was signed. */
async function stream(
  { blobs, now }: StoreContext,
  body: IncomingBody,
  size: number,
  to: Destination,
  written: Extent[],
): Promise<TakenIn> {
  const { promised } = body
  const put = (bytes: ReadableStream) =>
    blobs.write(to.bucketId, to.origin, { body: bytes, size, sha256: promised.sha256, nowMillis: now() })

  if (body.native && !promised.checksum) {
    const { extent, md5 } = await put(body.native).catch(brokenOff)
    written.push(extent)
    checkPromised(promised, { md5 })
    return { size, md5, extents: [extent] }
  }
  const digest = promised.checksum && createDigest(promised.checksum.algorithm)
  const { readable, writable } = new FixedLengthStream(size)
  const writer = writable.getWriter()
  const putting = put(readable)
  // Should R2 give up without saying so to its stream, nobody would ever take what the pump hands on.
  putting.catch(error => writer.abort(error).catch(() => undefined))
  const [stored] = await Promise.allSettled([putting, pump(body, writer, digest, to.lease)]).then(outcomes =>
    rethrowCause(outcomes),
  )
  written.push(stored.extent)
  const checksum = digest && base64(digest.digest())
  checkPromised(promised, { md5: stored.md5, checksum })
  return { size, md5: stored.md5, checksum, extents: [stored.extent] }
}

/**
 * What the runtime says when the client of a native stream is gone, or, as far as can be told, the line to R2. The client hears
 * that it may try again.
 */
function brokenOff(error: unknown): never {
  const isLost = error instanceof Error && error.message === 'Network connection lost.'
  throw isLost ? new Fault('BodyLost') : error
}

/** Hands the decoded bytes on, through the digest. A fault of the body breaks the pipe, so that R2 stores nothing. */
async function pump(
  body: IncomingBody,
  writer: WritableStreamDefaultWriter,
  digest: Digest | undefined,
  lease: Lease | undefined,
): Promise<void> {
  try {
    for await (const chunk of body.chunks()) {
      lease?.requireHeld()
      digest?.update(chunk)
      await writer.write(chunk)
    }
    await writer.close()
  } catch (error) {
    await writer.abort(error).catch(() => undefined)
    throw error
  }
}

/** When the pipe broke, both ends failed: the body's own fault is the one that tells why. */
function rethrowCause<T>([stored, pumped]: [PromiseSettledResult<T>, PromiseSettledResult<void>]): [T] {
  if (pumped.status === 'rejected' && pumped.reason instanceof Fault) throw pumped.reason
  if (stored.status === 'rejected') throw stored.reason
  if (pumped.status === 'rejected') throw pumped.reason
  return [stored.value]
}

/** A body whose length only its end tells: extents of equal size, one in memory at a time. */
async function cut(
  { blobs, config, now }: StoreContext,
  body: IncomingBody,
  to: Destination,
  written: Extent[],
): Promise<TakenIn> {
  const { promised } = body
  const names = new Set<DigestName>(['md5'])
  if (promised.sha256 !== undefined) names.add('sha256')
  if (promised.checksum) names.add(promised.checksum.algorithm)
  const digests = new Map(Array.from(names, name => [name, createDigest(name)]))

  const extent = new Uint8Array(config.extentBytes)
  let filled = 0
  let size = 0
  const flush = async () => {
    const bytes = extent.subarray(0, filled)
    const blob = await blobs.write(to.bucketId, to.origin, { body: bytes, size: filled, nowMillis: now() })
    written.push(blob.extent)
    filled = 0
  }
  for await (const chunk of body.chunks()) {
    to.lease?.requireHeld()
    for (const digest of digests.values()) digest.update(chunk)
    size += chunk.length
    if (size > config.maxPutBytes) throw new Fault('BodyTooLarge', { maxBytes: config.maxPutBytes, size })
    for (let taken = 0; taken < chunk.length; ) {
      const run = Math.min(chunk.length - taken, extent.length - filled)
      extent.set(chunk.subarray(taken, taken + run), filled)
      taken += run
      filled += run
      if (filled === extent.length) await flush()
    }
  }
  if (size <= to.inlineMaxBytes) return hold(extent.slice(0, filled), promised)
  if (filled > 0) await flush()

  const results = new Map(Array.from(digests, ([name, digest]) => [name, digest.digest()]))
  const resultOf = (name: DigestName) => results.get(name) ?? new Uint8Array()
  const md5 = hex(resultOf('md5'))
  const sha256 = promised.sha256 === undefined ? undefined : hex(resultOf('sha256'))
  const checksum = promised.checksum && base64(resultOf(promised.checksum.algorithm))
  checkPromised(promised, { md5, sha256, checksum })
  return { size, md5, checksum, extents: written }
}
