import type { VerifiedSignature } from '../auth/sigv4'
import type { StreamingMode } from '../auth/sigv4-claim'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../model/checksum'
import { Fault } from '../model/fault'
import { AwsChunkedReader } from './aws-chunked-reader'
import { ChunkSignatures } from './chunk-signatures'
import { chunksOf, READ_BYTES } from './chunks'
import type { IncomingBody, PromisedChecksum, PromisedDigests } from './incoming'

export interface AwsChunkedOptions {
  /** `x-amz-content-sha256` */
  mode: StreamingMode
  /** `x-amz-decoded-content-length`: the length of the object, in bytes. */
  decodedSize: number
  /** What the first chunk's signature is chained to; needed in the two signed modes. */
  verified?: VerifiedSignature
  /** `x-amz-trailer` as sent: the header of the one checksum that will follow the data. */
  trailer?: string
  /** What the headers promised. */
  promised?: PromisedDigests
}

/**
 * The bytes inside an `aws-chunked` body. A checksum that comes in the trailer stands in `promised` once `chunks` has
 * ended.
 *
 * Without `x-amz-trailer` a trailer mode promises nothing, and its trailer must be empty.
 *
 * The bytes of a chunk are handed on before its signature has arrived: a chunk may be larger than memory. So what came
 * out is proven only when the iterator has ended without a fault, and nothing may become visible before.
 *
 * @throws Fault at once LengthRequired, where the size is no length; TrailerMalformed, where `x-amz-trailer` names no
 *         checksum that Wharf knows (`header` in the detail tells this from a bad trailer), where the mode has no
 *         trailer, or where a header promised a checksum already.
 *         While reading BodyIncomplete, ChunkMalformed, ChunkTooSmall, SignatureMismatch, TrailerMalformed
 * @see   S3 API reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers"
 */
export function decodeAwsChunked(stream: ReadableStream<Uint8Array>, options: AwsChunkedOptions): IncomingBody {
  const { mode, decodedSize } = options
  if (!Number.isSafeInteger(decodedSize) || decodedSize < 0) throw new Fault('LengthRequired')
  const promised: PromisedDigests = { ...options.promised }
  const algorithm = readTrailerHeader(options)
  const awaited: PromisedChecksum | undefined = algorithm && { algorithm }
  if (awaited !== undefined) promised.checksum = awaited
  const signatures = signaturesFor(options)
  const reader = new AwsChunkedReader({ decodedSize, signatures, hasTrailer: mode.endsWith('-TRAILER'), awaited })
  return { size: decodedSize, native: undefined, chunks: () => decode(stream, reader, decodedSize), promised }
}

// Room for the framing of a body that fits into one read.
const FRAMING_BYTES = 4096

async function* decode(
  stream: ReadableStream<Uint8Array>,
  reader: AwsChunkedReader,
  decodedSize: number,
): AsyncGenerator<Uint8Array, void> {
  const readBytes = Math.min(READ_BYTES, decodedSize + FRAMING_BYTES)
  for await (const piece of chunksOf(stream, readBytes)) {
    const decoded = reader.take(piece)
    await reader.verify()
    if (decoded.byteLength > 0) yield decoded
  }
  reader.end()
}

function readTrailerHeader({ mode, trailer, promised }: AwsChunkedOptions): ChecksumAlgorithm | undefined {
  if (trailer === undefined) return undefined
  const name = trailer.trim().toLowerCase()
  const algorithm = CHECKSUM_ALGORITHMS.find(known => name === `x-amz-checksum-${known}`)
  const detail = { header: 'x-amz-trailer', value: trailer }
  if (algorithm === undefined) throw new Fault('TrailerMalformed', { ...detail, problem: 'it names no known checksum' })
  if (!mode.endsWith('-TRAILER')) throw new Fault('TrailerMalformed', { ...detail, problem: `${mode} has no trailer` })
  if (promised?.checksum?.value !== undefined) {
    throw new Fault('TrailerMalformed', { ...detail, problem: 'a header promised a checksum already' })
  }
  return algorithm
}

function signaturesFor({ mode, verified }: AwsChunkedOptions): ChunkSignatures | undefined {
  if (mode === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return undefined
  if (verified === undefined) throw new Error(`${mode} needs a verified signature`)
  return new ChunkSignatures(verified)
}
