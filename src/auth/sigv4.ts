import { createHash } from 'node:crypto'
import { Fault } from '../model/fault'
import { amzHeaders } from '../wire/amz-headers'
import { deriveSigningKey, SigningKeys, verifySignature } from './signing-keys'
import { canonicalRequests } from './sigv4-canonical'
import { ALGORITHM, SCOPE_TERMINATOR, type SentRequest, type SigV4Claim, type SigV4Credential } from './sigv4-claim'

export interface VerifyOptions {
  /** The region that clients are to sign for; `*` accepts any. */
  region: string
  /** The services that may stand in the scope. */
  services: readonly string[]
  nowMillis: number
}

/** What the signatures of a body's chunks are chained to. */
export interface VerifiedSignature {
  /** yyyymmddThhmmssZ */
  timestamp: string
  /** yyyymmdd/region/service/aws4_request */
  scope: string
  /** Hex. */
  seedSignature: string
  /** HMAC with SHA-256, for verifying alone. */
  signingKey: CryptoKey
}

/**
 * Checks a claim against the secret that belongs to its access key. The signature is compared in constant time.
 *
 * A signed `x-amz-*` header that the request has not is refused, as AWS does, not taken for empty: else somebody on the way
 * could remove an empty one. The detail of SignatureMismatch is what S3 echoes for debugging; it may hold credentials that
 * the client sent in headers, so that it is for the client and not for a log.
 *
 * @throws Fault ClockSkewed, RequestExpired, CredentialMalformed, QueryCredentialMalformed, WrongRegion,
 *         HeadersNotSigned, InvalidKey, SignatureMismatch
 * @see   S3 API reference, "Authenticating Requests (AWS Signature Version 4)"
 */
export async function verifyClaim(
  claim: SigV4Claim,
  request: SentRequest,
  secretKey: string,
  options: VerifyOptions,
): Promise<VerifiedSignature> {
  checkTime(claim, options.nowMillis)
  checkScope(claim, options)
  checkSignedHeaders(claim, request.headers)

  const scope = `${claim.scopeDate}/${claim.region}/${claim.service}/${SCOPE_TERMINATOR}`
  const known = signingKeys.find(claim, secretKey)
  const signingKey = known ?? (await deriveSigningKey(claim, secretKey))
  for (const canonicalRequest of matchable(claim, request)) {
    const signed = stringToSign(claim.timestamp, scope, canonicalRequest)
    if (!(await verifySignature(signingKey, claim.signature, signed))) continue
    if (known === undefined) signingKeys.keep(claim, secretKey, signingKey)
    return { timestamp: claim.timestamp, scope, seedSignature: claim.signature, signingKey }
  }
  throw mismatch(claim, request, scope)
}

/**
 * Whether a credential is meant for here, and for the day on which it signed.
 * @throws Fault CredentialMalformed, QueryCredentialMalformed, WrongRegion
 */
export function checkScope(
  claim: SigV4Credential & Pick<SigV4Claim, 'form' | 'timestamp'>,
  { region, services }: Pick<VerifyOptions, 'region' | 'services'>,
): void {
  const malformed = claim.form === 'header' ? 'CredentialMalformed' : 'QueryCredentialMalformed'
  if (!claim.timestamp.startsWith(claim.scopeDate)) {
    throw new Fault(malformed, { problem: 'the date of the credential is not the date of the request' })
  }
  if (!services.includes(claim.service)) {
    throw new Fault(malformed, { problem: `the service of the credential is not ${services.join(' or ')}` })
  }
  if (region === '*' || claim.region === region || REGIONS_OF_ANYWHERE.includes(claim.region)) return
  throw new Fault('WrongRegion', { region, regionProvided: claim.region, form: claim.form })
}

const MOST_SKEW_MILLIS = 900_000
/** Accepted whatever the configured region is: what clients say that know of none. */
const REGIONS_OF_ANYWHERE: readonly string[] = ['auto', 'us-east-1', '']

const signingKeys = new SigningKeys(1000)

function checkTime(claim: SigV4Claim, nowMillis: number): void {
  if (claim.form === 'header') {
    if (Math.abs(nowMillis - claim.signedMillis) <= MOST_SKEW_MILLIS) return
    throw new Fault('ClockSkewed', {
      requestTime: claim.timestamp,
      serverTime: isoSeconds(nowMillis),
      maxAllowedSkewMilliseconds: MOST_SKEW_MILLIS,
    })
  }
  const expiresSeconds = claim.expiresSeconds ?? 0
  const expiresMillis = claim.signedMillis + expiresSeconds * 1000
  const isEarly = claim.signedMillis - nowMillis > MOST_SKEW_MILLIS
  if (!isEarly && nowMillis <= expiresMillis) return
  const problem = isEarly ? 'Request is not valid yet' : 'Request has expired'
  throw new Fault('RequestExpired', {
    problem,
    expiresSeconds,
    expires: isoSeconds(expiresMillis),
    serverTime: isoSeconds(nowMillis),
  })
}

/** Whoever is on the way could add or change what is not signed: an ACL, a copy source, metadata. */
function checkSignedHeaders({ signedHeaders }: SigV4Claim, headers: Headers): void {
  const unsigned = signedHeaders.includes('host') ? [] : ['host']
  for (const [name] of amzHeaders(headers)) if (!signedHeaders.includes(name)) unsigned.push(name)
  if (unsigned.length > 0) throw new Fault('HeadersNotSigned', { headersNotSigned: unsigned.join(', ') })
}

/** The canonical requests that may count: none where a signed header that matters is absent. */
function matchable(claim: SigV4Claim, request: SentRequest): Iterable<string> {
  // The runtime drops standard headers that are empty, and the edge takes Accept-Encoding away: those count as empty.
  const matters = (name: string): boolean => name === 'host' || name.startsWith('x-amz-')
  const isAbsent = (name: string): boolean => matters(name) && !request.headers.has(name)
  return claim.signedHeaders.some(isAbsent) ? [] : canonicalRequests(claim, request)
}

function mismatch(claim: SigV4Claim, request: SentRequest, scope: string): Fault {
  const [canonicalRequest = ''] = canonicalRequests(claim, request)
  return new Fault('SignatureMismatch', {
    accessKey: claim.accessKey,
    signatureProvided: claim.signature,
    stringToSign: stringToSign(claim.timestamp, scope, canonicalRequest),
    canonicalRequest,
  })
}

function stringToSign(timestamp: string, scope: string, canonicalRequest: string): string {
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${createHash('sha256').update(canonicalRequest).digest('hex')}`
}

/** yyyy-mm-ddThh:mm:ssZ, as S3 writes the times in these faults. */
function isoSeconds(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, 19)}Z`
}
