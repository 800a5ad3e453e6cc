import { deriveSigningKey } from '../../src/auth/signing-keys'
import type { StreamingMode } from '../../src/auth/sigv4-claim'
import { Fault } from '../../src/model/fault'
import { type AwsChunkedOptions, decodeAwsChunked } from '../../src/streams/aws-chunked'
import {
  ACCESS_KEY,
  EXAMPLE_SCOPE,
  EXAMPLE_TIME,
  hmacHex,
  SECRET_KEY,
  sha256,
  signingKeyBytes,
} from '../auth/independent-signer'

export const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
export const SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
export const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
export const CRC32 = 'x-amz-checksum-crc32:y/U6OA=='
const SEED = sha256('the signature of the request')

export const verified = {
  timestamp: EXAMPLE_TIME,
  scope: EXAMPLE_SCOPE,
  seedSignature: SEED,
  signingKey: await deriveSigningKey(
    { accessKey: ACCESS_KEY, scopeDate: '20130524', region: 'us-east-1', service: 's3' },
    SECRET_KEY,
  ),
}

const encoder = new TextEncoder()

export function bytes(...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts.map(part => (typeof part === 'string' ? encoder.encode(part) : part))))
}

export function letters(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 97 + (index % 26))
}

/** A body as a client sends it. `trailer` is the one line, without its end. */
export function encode(
  mode: StreamingMode,
  chunks: Uint8Array[],
  trailer?: string,
  lineEnd = '\r\n',
): Uint8Array<ArrayBuffer> {
  const key = signingKeyBytes()
  const prefix = (kind: string): string => `AWS4-HMAC-SHA256-${kind}\n${EXAMPLE_TIME}\n${EXAMPLE_SCOPE}\n`
  const isSigned = mode !== UNSIGNED_TRAILER
  let previous = SEED
  const parts: (string | Uint8Array)[] = []
  for (const chunk of [...chunks, new Uint8Array()]) {
    previous = hmacHex(key, `${prefix('PAYLOAD')}${previous}\n${sha256('')}\n${sha256(chunk)}`)
    parts.push(chunk.byteLength.toString(16), isSigned ? `;chunk-signature=${previous}\r\n` : '\r\n')
    if (chunk.byteLength > 0) parts.push(chunk, '\r\n')
  }
  if (trailer !== undefined) parts.push(trailer, lineEnd)
  if (mode === SIGNED_TRAILER) {
    const fields = trailer === undefined ? '' : `${trailer}\n`
    parts.push(`x-amz-trailer-signature:${hmacHex(key, `${prefix('TRAILER')}${previous}\n${sha256(fields)}`)}\r\n`)
  }
  return bytes(...parts, '\r\n')
}

/** A stream that gives exactly these pieces, one per read. */
export function inPieces(pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  const left = pieces.map(piece => piece.slice())
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
}

/** A stream of the runtime's own, which is read in large steps. */
export function native(body: Uint8Array): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(body.byteLength)
  const writer = writable.getWriter()
  writer.write(body).then(
    () => writer.close(),
    () => undefined,
  )
  return readable
}

export async function decoded(stream: ReadableStream<Uint8Array>, options: AwsChunkedOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of decodeAwsChunked(stream, options).chunks()) parts.push(part.slice())
  return bytes(...parts)
}

export async function faultOf(
  body: Uint8Array | ReadableStream<Uint8Array>,
  options: AwsChunkedOptions,
): Promise<Fault> {
  try {
    await decoded(body instanceof Uint8Array ? native(body) : body, options)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was accepted')
}

export function optionsFor(mode: StreamingMode, decodedSize: number): AwsChunkedOptions {
  const trailer = mode === SIGNED ? undefined : 'x-amz-checksum-crc32'
  return { mode, decodedSize, trailer, verified: mode === UNSIGNED_TRAILER ? undefined : verified }
}

export function trailerFor(mode: StreamingMode): string | undefined {
  return mode === SIGNED ? undefined : CRC32
}
