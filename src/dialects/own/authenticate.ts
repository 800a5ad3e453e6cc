import { createHash } from 'node:crypto'
import { verifyClaim } from '../../auth/sigv4'
import { readClaim, UNSIGNED_PAYLOAD } from '../../auth/sigv4-claim'
import type { Caller } from '../../model/caller'
import { Fault } from '../../model/fault'
import type { Wharf } from '../../wharf'

/** Documents of this dialect are short. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * Finds out who asks, by SigV4 in the Authorization header; there is no other way in. The body is read and checked against
 * what was signed.
 *
 * @returns the caller, and the body's text
 * @throws Fault
 */
export async function authenticate(request: Request, wharf: Wharf): Promise<{ caller: Caller; body: string }> {
  const { url, method, headers } = request
  const [rawPath = '/', rawQuery = ''] = splitTarget(url)
  const sent = { method, rawPath, rawQuery, headers, clientAcceptEncoding: request.cf?.clientAcceptEncoding as string }
  const claim = readClaim(sent)
  if (claim?.form !== 'header') throw new Fault('AccessDenied')
  if (claim.securityToken !== undefined) throw new Fault('InvalidToken')
  const { secretKey, caller } = await wharf.identities.require(claim.accessKey)
  const { region } = wharf.config
  await verifyClaim(claim, sent, secretKey, { region, services: ['s3'], nowMillis: wharf.now() })
  const body = await readBounded(request.body)
  const isAsSigned = claim.payloadHash === UNSIGNED_PAYLOAD || claim.payloadHash.toLowerCase() === sha256(body)
  if (!isAsSigned) throw new Fault('PayloadHashMismatch')
  return { caller, body: new TextDecoder().decode(body) }
}

function splitTarget(url: string): string[] {
  const target = url.slice(url.indexOf('/', url.indexOf('://') + 3))
  const mark = target.indexOf('?')
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)]
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > MAX_BODY_BYTES) throw new Fault('BodyTooLarge', { maxBytes: MAX_BODY_BYTES })
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
