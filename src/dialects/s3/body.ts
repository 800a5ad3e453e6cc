import { STREAMING_MODES, type StreamingMode } from '../../auth/sigv4-claim'
import { Fault } from '../../model/fault'
import { decodeAwsChunked } from '../../streams/aws-chunked'
import { chunksOf } from '../../streams/chunks'
import type { IncomingBody, PromisedDigests } from '../../streams/incoming'
import type { Authenticated } from './authenticate'
import { S3Error } from './s3-error'
import { readPromisedChecksum } from './wire-checksum'

const SHA256_HEX = /^[0-9a-f]{64}$/i

/**
 * The request's body, with everything that the headers promise of it.
 *
 * What tells a chunked body is the payload hash, never Content-Encoding: some clients do not send that at all.
 *
 * @throws Fault InvalidDigest, LengthRequired, TrailerMalformed; S3Error InvalidRequest, InvalidArgument
 * @see    S3 API reference, "Transferring Payload in Multiple Chunks"
 */
export function openBody(
  request: Request,
  { claim, verified }: Authenticated,
  checksumsOf: 'body' | 'object' = 'body',
): IncomingBody {
  const { headers } = request
  const payload = claim?.payloadHash ?? headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  const streaming = STREAMING_MODES.find(mode => mode === payload)
  const trailer = headers.get('x-amz-trailer') ?? undefined
  const promised: PromisedDigests = {
    md5: readContentMd5(headers.get('content-md5')),
    sha256: SHA256_HEX.test(payload) ? payload.toLowerCase() : undefined,
    checksum: checksumsOf === 'body' ? readPromisedChecksum(headers, trailer) : undefined,
  }
  if (streaming) return openChunked(request, streaming, { verified, trailer, promised })
  const size = readLength(headers)
  const { body } = request
  if (!body || size === 0) return { size: 0, native: undefined, chunks: nothing, promised }
  return {
    size,
    native: size === undefined ? undefined : body,
    whole: () => readWhole(request),
    chunks: () => chunksOf(body),
    promised,
  }
}

function openChunked(
  request: Request,
  mode: StreamingMode,
  {
    verified,
    trailer,
    promised,
  }: { verified: Authenticated['verified']; trailer: string | undefined; promised: PromisedDigests },
): IncomingBody {
  const decodedSize = readCount(request.headers.get('x-amz-decoded-content-length'))
  if (decodedSize === undefined || !request.body) throw new Fault('LengthRequired')
  try {
    return decodeAwsChunked(request.body, { mode, decodedSize, verified, trailer, promised })
  } catch (error) {
    // A wrong announcement is a bad request; a bad trailer is found out later, at the end of the body.
    if (error instanceof Fault && error.code === 'TrailerMalformed' && error.detail.header !== undefined) {
      throw new S3Error('InvalidRequest', `The value specified in the x-amz-trailer header is not supported.`)
    }
    throw error
  }
}

/** @returns undefined for a chunked transfer, whose end alone tells */
function readLength(headers: Headers): number | undefined {
  const text = headers.get('content-length')
  if (text === null) {
    if (headers.get('transfer-encoding')?.toLowerCase().includes('chunked')) return undefined
    return 0
  }
  return readCount(text)
}

function readCount(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/**
 * @returns hex
 * @throws Fault InvalidDigest
 */
export function readContentMd5(text: string | null): string | undefined {
  if (text === null) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== text.trim()) throw new Fault('InvalidDigest', { md5: text })
  return bytes.toString('hex')
}

async function readWhole(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await request.arrayBuffer())
  } catch {
    throw new Fault('BodyIncomplete', { problem: 'it broke off' })
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
