import { Fault } from '../model/fault'
import { digestOf } from './digest'
import type { IncomingBody, PromisedDigests } from './incoming'

/** The digests of a body that came in whole. */
export interface WholeDigests {
  /** Hex. */
  md5: string
  /** Base64, where one was promised or asked for. */
  checksum?: string
}

/**
 * Compares what was promised with what came. A digest that somebody else has checked already is not given here.
 * @throws Fault PayloadHashMismatch, DigestMismatch
 */
export function checkPromised(
  promised: PromisedDigests,
  came: { md5: string; sha256?: string; checksum?: string },
): void {
  if (came.sha256 !== undefined && promised.sha256 !== came.sha256) {
    throw new Fault('PayloadHashMismatch', { expected: promised.sha256 ?? '', calculated: came.sha256 })
  }
  if (promised.md5 !== undefined && promised.md5 !== came.md5) {
    throw new Fault('DigestMismatch', { expected: promised.md5, calculated: came.md5 })
  }
  const expected = promised.checksum?.value
  if (expected !== undefined && came.checksum !== undefined && expected !== came.checksum) {
    throw new Fault('DigestMismatch', { expected, calculated: came.checksum })
  }
}

/** Checks all that was promised of bytes that are held. */
export function checkWhole(bytes: Uint8Array, promised: PromisedDigests): WholeDigests {
  const checksum = promised.checksum && base64(digestOf(promised.checksum.algorithm, bytes))
  const md5 = hex(digestOf('md5', bytes))
  const sha256 = promised.sha256 === undefined ? undefined : hex(digestOf('sha256', bytes))
  checkPromised(promised, { md5, sha256, checksum })
  return { md5, checksum }
}

/**
 * A document (XML, JSON, form) out of a body, checked against all that was promised of it.
 * @throws Fault BodyTooLarge beyond `maxBytes`, and those of `checkWhole` and of the body's framing
 */
export async function readDocument(body: IncomingBody, maxBytes: number): Promise<Uint8Array> {
  if (body.size !== undefined && body.size > maxBytes) throw new Fault('BodyTooLarge', { maxBytes, size: body.size })
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const chunk of body.chunks()) {
    size += chunk.length
    if (size > maxBytes) throw new Fault('BodyTooLarge', { maxBytes })
    pieces.push(chunk.slice())
  }
  if (body.size !== undefined && body.size !== size)
    throw new Fault('BodyIncomplete', { expected: body.size, received: size })
  const bytes = Buffer.concat(pieces)
  checkWhole(bytes, body.promised)
  return bytes
}

export function hex(bytes: Uint8Array): string {
  return bytes.toHex()
}

export function base64(bytes: Uint8Array): string {
  return bytes.toBase64()
}
