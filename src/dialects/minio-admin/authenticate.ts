import { verifyClaim } from '../../auth/sigv4'
import { ALGORITHM, readTimestamp, SCOPE_TERMINATOR, type SentRequest, type SigV4Claim } from '../../auth/sigv4-claim'
import type { Caller } from '../../model/caller'
import { Fault } from '../../model/fault'
import type { Wharf } from '../../wharf'
import { amzHeaders } from '../../wire/amz-headers'
import type { Address } from './address'
import { AdminError } from './admin-error'
import { checkMd5, checkPayload } from './body'

const MOST_SKEW_MILLIS = 900_000
/** Go's RFC1123 and RFC1123Z. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:[A-Z]{3,4}|[+-]\d{4})$/
/** Headers that servers take away, so that a signer's word is all that is left of them. */
const MAY_BE_ABSENT = new Set(['expect', 'transfer-encoding', 'content-length', 'accept-encoding'])
const STREAMING = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const PRESIGNED_NAMES = ['X-Amz-Credential', 'X-Amz-Signature', 'AWSAccessKeyId', 'Signature']

/**
 * Refuses an Authorization header of no known kind, before anything else is looked at. Which of the known kinds are
 * admissible here is `authenticate`'s to say.
 *
 * @throws AdminError UnknownScheme, EmptyAuthorization
 */
export function checkScheme(headers: Headers): void {
  const authorization = headers.get('authorization')
  if (authorization === null || /^(AWS|Bearer)/.test(authorization)) return
  throw new AdminError(authorization.trim() === '' ? 'EmptyAuthorization' : 'UnknownScheme')
}

/**
 * Whether a signed request is of now; those that are not signed need no date.
 * @throws AdminError MissingDate, MalformedDate, TimeTooSkewed
 */
export function checkDate(headers: Headers, nowMillis: number): void {
  if (!headers.get('authorization')?.startsWith('AWS')) return
  const sent = dateOf(headers)
  const millis = readTimestamp(sent) ?? (HTTP_DATE.test(sent) ? Date.parse(sent) : Number.NaN)
  if (Number.isNaN(millis)) throw new AdminError('MalformedDate')
  if (Math.abs(nowMillis - millis) > MOST_SKEW_MILLIS) throw new AdminError('TimeTooSkewed')
}

/**
 * Finds out who sent the request. Only SigV4 in the Authorization header is taken.
 *
 * The header is read by rules of its own: what is wrong with it is told in other words, and in another order, than S3 does.
 *
 * @param readBody  reads the body, once it is clear that the request is of the admissible kind
 * @returns         the caller, and the body, whose digests are as promised
 * @throws AdminError, Fault
 */
export async function authenticate(
  request: Request,
  { rawQuery, query }: Address,
  wharf: Wharf,
  readBody: () => Promise<Uint8Array>,
): Promise<{ caller: Caller; body: Uint8Array }> {
  const { headers } = request
  checkKind(request, query)
  const body = await readBody()
  checkMd5(headers, body)
  const credential = readAuthorization(headers.get('authorization') ?? '')
  const payloadHash = checkPayload(headers, body)
  checkSignedHeaders(credential.signedHeaders, headers)
  const { secretKey, caller } = await wharf.identities.require(credential.accessKey)
  // There are no temporary credentials, so no token can belong to the key.
  if (headers.has('x-amz-security-token')) throw new Fault('InvalidToken')
  const timestamp = dateOf(headers)
  const signedMillis = readTimestamp(timestamp)
  if (signedMillis === undefined) throw new AdminError('MalformedDate')
  const clientAcceptEncoding = request.cf?.clientAcceptEncoding as string | undefined
  const sent = { method: request.method, rawPath: '/', rawQuery, headers, clientAcceptEncoding }
  await verify({ form: 'header', ...credential, timestamp, signedMillis, payloadHash }, sent, secretKey, wharf.now())
  return { caller, body }
}

/** @throws AdminError AccessDenied for every credential but SigV4 in the header, and for none */
function checkKind({ method, headers }: Request, query: ReadonlyMap<string, string>): void {
  const isHeader = headers.get('authorization')?.startsWith(ALGORITHM)
  const isPresigned = PRESIGNED_NAMES.some(name => query.has(name))
  const isStreaming = method === 'PUT' && headers.get('x-amz-content-sha256') === STREAMING
  if (!isHeader || isPresigned || isStreaming) throw new AdminError('AccessDenied')
}

/** @throws AdminError MissingDate */
function dateOf(headers: Headers): string {
  const sent = headers.get('x-amz-date') || headers.get('date')
  if (!sent) throw new AdminError('MissingDate')
  return sent
}

type Credential = Pick<SigV4Claim, 'accessKey' | 'scopeDate' | 'region' | 'service' | 'signedHeaders' | 'signature'>

/** Exactly three fields in this order, however many spaces stand between them. */
function readAuthorization(authorization: string): Credential {
  const fields = authorization.replaceAll(' ', '').slice(ALGORITHM.length).split(',')
  const [credential, signedHeaders, signature] = fields
  if (credential === undefined || signedHeaders === undefined || signature === undefined || fields.length > 3) {
    throw new AdminError('MissingFields')
  }
  const scope = readScope(fieldValue(credential, 'Credential', 'MissingCredential'))
  const names = fieldValue(signedHeaders, 'SignedHeaders', 'MissingSignedHeaders')
  if (names === '') throw new AdminError('MissingFields')
  const hex = fieldValue(signature, 'Signature', 'MissingSignature')
  if (hex === '') throw new AdminError('MissingFields')
  return { ...scope, signedHeaders: [...new Set(names.toLowerCase().split(';'))].sort(), signature: hex }
}

function fieldValue(
  field: string,
  name: string,
  missing: 'MissingCredential' | 'MissingSignedHeaders' | 'MissingSignature',
): string {
  const equals = field.indexOf('=')
  if (equals < 0) throw new AdminError('MissingFields')
  if (field.slice(0, equals) !== name) throw new AdminError(missing)
  return field.slice(equals + 1)
}

function readScope(text: string): Pick<SigV4Claim, 'accessKey' | 'scopeDate' | 'region' | 'service'> {
  const parts = text.split('/')
  const [accessKey = '', scopeDate = '', region = '', service = '', terminator] = parts
  // Control characters could pretend to be other lines of the string to sign.
  if (parts.length !== 5 || /[\u0000-\u001f\u007f]/.test(text)) throw new AdminError('CredentialMalformed')
  if (readTimestamp(`${scopeDate}T000000Z`) === undefined) throw new AdminError('CredentialDate')
  if (region === '') throw new AdminError('CredentialRegion')
  if (service !== 's3') throw new AdminError('CredentialService')
  if (terminator !== SCOPE_TERMINATOR) throw new AdminError('CredentialTerminator')
  return { accessKey, scopeDate, region, service }
}

/** @throws AdminError UnsignedHeaders; AccessDenied where the operation itself is not signed */
function checkSignedHeaders(signedHeaders: string[], headers: Headers): void {
  const isSigned = (name: string) => signedHeaders.includes(name)
  const isPresent = (name: string) => MAY_BE_ABSENT.has(name) || headers.has(name)
  const isWhole =
    isSigned('host') && signedHeaders.every(isPresent) && amzHeaders(headers).every(([name]) => isSigned(name))
  if (!isWhole) throw new AdminError('UnsignedHeaders')
  // Else a captured `GET /?service` could be sent again as another operation.
  if (headers.has('x-minio-operation') && !isSigned('x-minio-operation')) throw new AdminError('AccessDenied')
}

async function verify(claim: SigV4Claim, sent: SentRequest, secretKey: string, nowMillis: number): Promise<void> {
  let mismatch: unknown
  for (const headers of likelyHeaders(sent.headers)) {
    try {
      await verifyClaim(claim, { ...sent, headers }, secretKey, { region: '*', services: ['s3'], nowMillis })
      return
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'SignatureMismatch')) throw error
      mismatch = error
    }
  }
  throw mismatch
}

/** The headers as they came, and as the client may have signed them before they were changed on the way. */
function* likelyHeaders(headers: Headers): Generator<Headers, void> {
  yield headers
  // madmin signs the port as it was typed, and sends the default one or leaves it out as it likes.
  const host = headers.get('host') ?? ''
  const bare = host.replace(/:(80|443)$/, '')
  const others = bare === host ? (/:\d+$/.test(host) ? [] : [`${host}:443`, `${host}:80`]) : [bare]
  for (const other of others) yield withHeader(headers, 'host', other)
  // Repeats are signed with a bare comma between them, and arrive with a comma and a space.
  const operation = headers.get('x-minio-operation')
  if (operation?.includes(', ')) yield withHeader(headers, 'x-minio-operation', operation.replaceAll(', ', ','))
}

function withHeader(headers: Headers, name: string, value: string): Headers {
  const changed = new Headers(headers)
  changed.set(name, value)
  return changed
}
