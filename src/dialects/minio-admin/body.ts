import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../../auth/sigv4-claim'
import { chunksOf } from '../../streams/chunks'
import { digestOf } from '../../streams/digest'
import { AdminError, type AdminErrorName } from './admin-error'

/** How long a body may be, and what is answered where it is longer. */
export interface BodyLimit {
  maxBytes: number
  tooLarge: AdminErrorName
}

/**
 * Reads a body whole, however it comes: clients send the configuration without its length.
 * @throws AdminError `tooLarge`, as soon as that is known; Fault BodyIncomplete
 */
export async function readBody({ headers, body }: Request, { maxBytes, tooLarge }: BodyLimit): Promise<Uint8Array> {
  if (Number(headers.get('content-length')) > maxBytes) throw new AdminError(tooLarge)
  if (!body) return new Uint8Array()
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(body)) {
    size += chunk.length
    if (size > maxBytes) throw new AdminError(tooLarge)
    pieces.push(chunk.slice())
  }
  return Buffer.concat(pieces)
}

/** The text of a body; undefined where it is no UTF-8. */
export function decodeUtf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body)
  } catch {
    return undefined
  }
}

/** @throws AdminError BadDigest */
export function checkMd5(headers: Headers, body: Uint8Array): void {
  const promised = headers.get('content-md5')
  if (promised !== null && promised !== digestOf('md5', body).toBase64()) throw new AdminError('BadDigest')
}

/**
 * Compares the body with the hash that was signed for it.
 * @returns the hash as it was sent
 * @throws AdminError PayloadMismatch, also where none was sent
 */
export function checkPayload(headers: Headers, body: Uint8Array): string {
  const promised = headers.get('x-amz-content-sha256') ?? ''
  if (promised === UNSIGNED_PAYLOAD) return promised
  const came = body.length === 0 ? EMPTY_SHA256 : digestOf('sha256', body).toHex()
  if (promised.toLowerCase() !== came) throw new AdminError('PayloadMismatch')
  return promised
}
