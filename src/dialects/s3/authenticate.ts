import { type PostClaim, verifyPostClaim } from '../../auth/post-policy'
import { readSigV2Claim, signsParameter, verifySigV2 } from '../../auth/sigv2'
import { type VerifiedSignature, verifyClaim } from '../../auth/sigv4'
import { EMPTY_SHA256, readClaim, type SentRequest, type SigV4Claim } from '../../auth/sigv4-claim'
import { ANONYMOUS, type Caller } from '../../model/caller'
import { Fault } from '../../model/fault'
import type { Wharf } from '../../wharf'
import type { Address } from './address'
import { isSubResource } from './routes'
import { invalidArgument, S3Error } from './s3-error'
import { requireHeaderText } from './wire-object'

/** Who is asking, and what the body's own signatures are chained to. */
export interface Authenticated {
  caller: Caller
  claim?: SigV4Claim
  verified?: VerifiedSignature
}

/**
 * Finds out who sent the request, from exactly one credential source. A request without any is the anonymous caller's.
 * @throws Fault, before any work is done
 * @see    S3 API reference, "Authenticating Requests"
 */
export async function authenticate(request: Request, address: Address, wharf: Wharf): Promise<Authenticated> {
  const sent: SentRequest = {
    method: request.method,
    rawPath: address.rawPath,
    rawQuery: address.rawQuery,
    headers: request.headers,
    clientAcceptEncoding: request.cf?.clientAcceptEncoding as string | undefined,
  }
  const older = wharf.config.sigV2 ? readSigV2Claim(sent) : undefined
  if (older) {
    checkUnsignedPayload(request.headers)
    checkSubResources(address)
    const token = request.headers.get('x-amz-security-token') ?? address.query.get('x-amz-security-token')
    const { secretKey, caller } = await wharf.identities.require(older.accessKey, token)
    await verifySigV2(older, sent, secretKey, { hostBucket: address.hostBucket, nowMillis: wharf.now() })
    return { caller }
  }
  const claim = readClaim(sent)
  if (!claim) return anonymous(request, address)
  const { secretKey, caller } = await wharf.identities.require(claim.accessKey, claim.securityToken)
  const verified = await verifyClaim(claim, sent, secretKey, {
    region: wharf.config.region,
    services: ['s3'],
    nowMillis: wharf.now(),
  })
  checkEmptyBody(request, claim)
  return { caller, claim, verified }
}

/**
 * Finds out who signed the policy of a browser's form: whoever sends the form acts in that name, as far as the policy goes.
 * @param claim    undefined for a form without a policy, which is the anonymous caller's
 * @throws Fault   UnknownAccessKey, SignatureMismatch, and those of a credential that is not meant for here
 */
export async function authenticateForm(claim: PostClaim | undefined, wharf: Wharf): Promise<Caller> {
  if (!claim) return ANONYMOUS
  if (claim.scheme === 'sigv2' && !wharf.config.sigV2) throw new Fault('UnsupportedSignature', { scheme: 'AWS' })
  const { secretKey, caller } = await wharf.identities.require(claim.accessKey, claim.securityToken)
  await verifyPostClaim(claim, secretKey, { region: wharf.config.region, services: ['s3'] })
  return caller
}

/** A hash that was signed for a body that does not come; bodies that come are checked by whoever reads them. */
function checkEmptyBody(request: Request, { payloadHash }: SigV4Claim): void {
  if (payloadHash.length !== EMPTY_SHA256.length || payloadHash.toLowerCase() === EMPTY_SHA256) return
  const length = request.headers.get('content-length')
  const isEmpty = length === '0' || (length === null && !request.headers.has('transfer-encoding'))
  if (isEmpty) throw new Fault('PayloadHashMismatch', { expected: payloadHash, calculated: EMPTY_SHA256 })
}

/** SigV2 leaves newer sub-resources out: somebody on the way could add one, and a URL for one thing would do another. */
function checkSubResources({ query }: Address): void {
  for (const name of query.keys()) {
    if (isSubResource(name) && !signsParameter(name)) {
      throw new Fault('AccessDenied', { problem: `this signature does not cover ${name}` })
    }
  }
}

/** What can be promised of a body without SigV4: nothing, or its hash. */
const UNSIGNED_PAYLOADS = /^(UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|[0-9a-fA-F]{64})$/

function anonymous(request: Request, { query }: Address): Authenticated {
  for (const name of query.keys()) {
    if (name.startsWith('response-')) {
      throw new S3Error(
        'InvalidRequest',
        'Request specific response headers cannot be used for anonymous GET requests.',
      )
    }
  }
  checkUnsignedPayload(request.headers)
  return { caller: ANONYMOUS }
}

function checkUnsignedPayload(headers: Headers): void {
  const payload = headers.get('x-amz-content-sha256')
  if (payload === null || UNSIGNED_PAYLOADS.test(payload)) return
  throw invalidArgument('x-amz-content-sha256', payload, 'Only requests that SigV4 signs can sign their payload.')
}

function setHoisted(headers: Headers, name: string, value: string): void {
  requireHeaderText(name, value)
  if (!HEADER_NAME.test(name)) throw invalidArgument(name, value, 'This cannot be the name of a header.')
  headers.set(name, value)
}

const HEADER_NAME = /^[\w!#$%&'*+\-.^`|~]+$/

/** Set aside: what a signer may put into a presigned URL is computed over a body that it has not seen yet. */
const NOT_HOISTED = /^x-amz-(checksum-|sdk-checksum-algorithm$|trailer$|content-sha256$|decoded-content-length$)/
const PRESIGN_NAMES = /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token)$/

/** The headers that count: those of a presigned URL's query act as if they had been sent. */
export function effectiveHeaders(headers: Headers, { query }: Address, claim: SigV4Claim | undefined): Headers {
  if (claim?.form !== 'presigned') return headers
  let merged: Headers | undefined
  for (const [name, value] of query) {
    const lower = name.toLowerCase()
    if (!lower.startsWith('x-amz-') || PRESIGN_NAMES.test(lower) || NOT_HOISTED.test(lower)) continue
    merged ??= new Headers(headers)
    setHoisted(merged, lower, value)
  }
  return merged ?? headers
}
