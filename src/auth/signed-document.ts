import { createHash } from 'node:crypto'
import type { Caller, Identity } from '../model/caller'
import { Fault } from '../model/fault'
import { verifyClaim } from './sigv4'
import { readClaim, type SentRequest, UNSIGNED_PAYLOAD } from './sigv4-claim'

export interface DocumentOptions {
  region: string
  /** The services that may stand in the scope. */
  services: readonly string[]
  nowMillis: number
  maxBytes: number
  identify(accessKey: string, token: string | undefined): Promise<Identity>
}

/**
 * A request whose body is a document: who signed it, by SigV4 in the Authorization header, and its text, checked against what
 * was signed. Where the header `x-amz-content-sha256` is missing, as with services other than S3, the body's own hash was signed.
 *
 * @throws Fault
 */
export async function readSignedDocument(
  request: Request,
  { region, services, nowMillis, maxBytes, identify }: DocumentOptions,
): Promise<{ caller: Caller; text: string }> {
  const { url, method, headers } = request
  const [rawPath = '/', rawQuery = ''] = splitTarget(url)
  const sent = { method, rawPath, rawQuery, headers, clientAcceptEncoding: request.cf?.clientAcceptEncoding as string }
  if (!headers.get('authorization')) throw new Fault('AccessDenied')
  const body = await readBounded(request.body, maxBytes)
  const claim = readClaim(withPayloadHash(sent, body))
  if (claim?.form !== 'header') throw new Fault('AccessDenied')
  const { secretKey, caller } = await identify(claim.accessKey, claim.securityToken)
  await verifyClaim(claim, sent, secretKey, { region, services, nowMillis })
  const isAsSigned = claim.payloadHash === UNSIGNED_PAYLOAD || claim.payloadHash.toLowerCase() === sha256(body)
  if (!isAsSigned) throw new Fault('PayloadHashMismatch')
  return { caller, text: new TextDecoder().decode(body) }
}

function splitTarget(url: string): string[] {
  const target = url.slice(url.indexOf('/', url.indexOf('://') + 3))
  const mark = target.indexOf('?')
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)]
}

function withPayloadHash(sent: SentRequest, body: Uint8Array): SentRequest {
  if (sent.headers.has('x-amz-content-sha256')) return sent
  const headers = new Headers(sent.headers)
  headers.set('x-amz-content-sha256', sha256(body))
  return { ...sent, headers }
}

async function readBounded(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > maxBytes) throw new Fault('BodyTooLarge', { maxBytes })
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
