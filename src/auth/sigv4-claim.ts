import { Fault } from '../model/fault'
import { percentDecode } from '../wire/percent'
import { readQuery } from './sigv4-query'

/** What the client sent, before any decoding. */
export interface SentRequest {
  method: string
  /** From the first `/` after the host up to the `?`, as received. */
  rawPath: string
  /** What follows the `?`, as received; '' where there is none. */
  rawQuery: string
  headers: Headers
  /** The Accept-Encoding that the edge replaced: `request.cf.clientAcceptEncoding`. */
  clientAcceptEncoding?: string
}

/** `accessKey/yyyymmdd/region/service/aws4_request`, taken apart. */
export interface SigV4Credential {
  accessKey: string
  /** yyyymmdd */
  scopeDate: string
  /** May be ''. */
  region: string
  service: string
}

/** What a request says about who signed it. Nothing of it is proven before `verifyClaim`. */
export interface SigV4Claim extends SigV4Credential {
  form: 'header' | 'presigned'
  /** yyyymmddThhmmssZ */
  timestamp: string
  signedMillis: number
  /** Lower case, sorted, each once. */
  signedHeaders: string[]
  /** As sent; 64 hex digits where it is to have a chance. */
  signature: string
  /** Presigned only: how long the signature holds, from `signedMillis`. */
  expiresSeconds?: number
  /** As it was signed: 64 hex digits, `UNSIGNED-PAYLOAD` or one of the three `STREAMING-` modes. */
  payloadHash: string
  securityToken?: string
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const SCOPE_TERMINATOR = 'aws4_request'
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
/** The payload hash of a request that has no body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
/** `x-amz-content-sha256` of the bodies that streams/aws-chunked.ts decodes. */
export const STREAMING_MODES = [
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
] as const
export type StreamingMode = (typeof STREAMING_MODES)[number]

/**
 * Reads which credential a request carries. An empty Authorization header carries none.
 *
 * @returns undefined where the request is anonymous
 * @throws Fault SeveralCredentials, UnsupportedSignature, CredentialMalformed, QueryCredentialMalformed,
 *         PayloadHashMissing, PayloadHashInvalid; InvalidKey where the query has a malformed escape; AccessDenied where
 *         the header form has no date, or none that can be read. `problem` in the detail says what is wrong.
 * @see   S3 API reference, "Authenticating Requests (AWS Signature Version 4)"
 */
export function readClaim(request: SentRequest): SigV4Claim | undefined {
  const authorization = request.headers.get('authorization') ?? ''
  const query = readQuery(request.rawQuery)
  const isPresigned = query.some(([name]) => PRESIGNED_NAMES.has(name))
  const isSigV2Query = query.some(([name]) => SIGV2_NAMES.has(name))
  const found = [authorization !== '', isPresigned, isSigV2Query].filter(Boolean).length
  if (found > 1) throw new Fault('SeveralCredentials')
  if (isSigV2Query) throw new Fault('UnsupportedSignature', { scheme: 'AWS' })
  if (isPresigned) return readPresigned(query, request.headers)
  return authorization === '' ? undefined : readHeader(authorization, request.headers)
}

/** Takes a credential apart; undefined where it has not five parts, no access key, no date, or another terminator. */
export function readCredential(text: string): SigV4Credential | undefined {
  const [accessKey = '', scopeDate = '', region = '', service = '', terminator, ...rest] = text.split('/')
  const isWhole = terminator === SCOPE_TERMINATOR && rest.length === 0 && accessKey !== '' && service !== ''
  // Control characters could pretend to be other lines of the string to sign.
  if (!isWhole || !/^\d{8}$/.test(scopeDate) || /[\u0000-\u001f\u007f]/.test(text)) return undefined
  return { accessKey, scopeDate, region, service }
}

/** Milliseconds of yyyymmddThhmmssZ; undefined where it is none, or lies before 1970. */
export function readTimestamp(text: string): number | undefined {
  if (!/^\d{8}T\d{6}Z$/.test(text)) return undefined
  const at = (from: number, to: number) => text.slice(from, to)
  const millis = Date.parse(`${at(0, 4)}-${at(4, 6)}-${at(6, 8)}T${at(9, 11)}:${at(11, 13)}:${at(13, 15)}Z`)
  return millis >= 0 ? millis : undefined
}

const PRESIGNED_NAMES: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
])
const SIGV2_NAMES: ReadonlySet<string> = new Set(['AWSAccessKeyId', 'Signature'])
const MOST_EXPIRES_SECONDS = 604_800
const HEADER_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/
// RFC 1123, with GMT or a numeric zone.
const HTTP_DATE = /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]\d{4})$/

function readHeader(authorization: string, headers: Headers): SigV4Claim {
  const [, scheme = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(authorization) ?? []
  if (scheme !== ALGORITHM) throw new Fault('UnsupportedSignature', { scheme })
  const component = readComponents(rest)
  const credential = readCredential(component('Credential'))
  if (credential === undefined) throw headerMalformed('Credential is not AKID/yyyymmdd/REGION/SERVICE/aws4_request')
  const signedHeaders = readSignedHeaders(component('SignedHeaders'))
  if (signedHeaders === undefined) throw headerMalformed('SignedHeaders is not a list of header names')
  const signature = component('Signature')
  return {
    form: 'header',
    ...credential,
    ...readDate(headers),
    signedHeaders,
    signature,
    payloadHash: readPayloadHash(headers),
    securityToken: headers.get('x-amz-security-token') ?? undefined,
  }
}

/** The parts of an Authorization header, parted by commas, with spaces around them or not, in any order. */
function readComponents(text: string): (name: string) => string {
  const components = new Map<string, string>()
  for (const part of text.split(',')) {
    const [, name = '', value = ''] = /^\s*([A-Za-z]+)=(\S+)\s*$/.exec(part) ?? []
    if (name === '') throw headerMalformed('a component is not of the form Name=value')
    if (components.has(name)) throw headerMalformed(`${name} stands there twice`)
    components.set(name, value)
  }
  if (components.size > 3) throw headerMalformed('there are other components than Credential, SignedHeaders, Signature')
  return name => {
    const value = components.get(name)
    if (value === undefined) throw headerMalformed(`${name} is missing`)
    return value
  }
}

function readPresigned(query: [string, string][], headers: Headers): SigV4Claim {
  const parameters = readParameters(query)
  const needed = (name: string): string => {
    const value = parameters.get(name.toLowerCase())
    if (value === undefined || value === '') throw queryMalformed(`${name} is missing`)
    return value
  }
  const algorithm = needed('X-Amz-Algorithm')
  if (algorithm.startsWith('AWS4-ECDSA')) throw new Fault('UnsupportedSignature', { scheme: algorithm })
  if (algorithm !== ALGORITHM) throw queryMalformed(`X-Amz-Algorithm is not ${ALGORITHM}`)
  const credential = readCredential(needed('X-Amz-Credential'))
  if (credential === undefined)
    throw queryMalformed('X-Amz-Credential is not AKID/yyyymmdd/REGION/SERVICE/aws4_request')
  const timestamp = needed('X-Amz-Date')
  const signedMillis = readTimestamp(timestamp)
  if (signedMillis === undefined) throw queryMalformed('X-Amz-Date is not yyyymmddThhmmssZ')
  const expires = needed('X-Amz-Expires')
  if (!/^\d{1,6}$/.test(expires) || Number(expires) > MOST_EXPIRES_SECONDS) {
    throw queryMalformed(`X-Amz-Expires is not a number of seconds up to ${MOST_EXPIRES_SECONDS}`)
  }
  const signedHeaders = readSignedHeaders(needed('X-Amz-SignedHeaders'))
  if (signedHeaders === undefined) throw queryMalformed('X-Amz-SignedHeaders is not a list of header names')
  const signature = needed('X-Amz-Signature')
  // An unsigned header of this name never gets past verifyClaim.
  const hashHeader = signedHeaders.includes('x-amz-content-sha256') ? headers.get('x-amz-content-sha256') : null
  return {
    form: 'presigned',
    ...credential,
    timestamp,
    signedMillis,
    signedHeaders,
    signature,
    expiresSeconds: Number(expires),
    payloadHash: checkPayloadHash(hashHeader ?? parameters.get('x-amz-content-sha256') ?? UNSIGNED_PAYLOAD),
    securityToken: parameters.get('x-amz-security-token') ?? headers.get('x-amz-security-token') ?? undefined,
  }
}

/**
 * The X-Amz-* parameters by lower-case name, decoded. Dialects take some for headers, so none may come in two
 * spellings.
 */
function readParameters(query: [string, string][]): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, encoded] of query) {
    const lowerName = name.toLowerCase()
    if (!lowerName.startsWith('x-amz-')) continue
    if (parameters.has(lowerName)) throw queryMalformed(`${name} stands there twice`)
    const value = percentDecode(encoded)
    if (value === undefined) throw queryMalformed(`${name} is not UTF-8`)
    parameters.set(lowerName, value)
  }
  return parameters
}

/** Lower case, sorted; undefined where a name is no header name or stands there twice. */
function readSignedHeaders(text: string): string[] | undefined {
  const names = text.toLowerCase().split(';').sort()
  const isSound = names.every((name, index) => HEADER_NAME.test(name) && name !== names[index - 1])
  return isSound ? names : undefined
}

function readDate(headers: Headers): { timestamp: string; signedMillis: number } {
  const sent = headers.get('x-amz-date') ?? headers.get('date') ?? ''
  const signedMillis = readTimestamp(sent)
  if (signedMillis !== undefined) return { timestamp: sent, signedMillis }
  const httpMillis = headers.has('x-amz-date') || !HTTP_DATE.test(sent) ? Number.NaN : Date.parse(sent)
  if (!(httpMillis >= 0)) throw new Fault('AccessDenied', { problem: 'a valid Date or x-amz-date header is required' })
  const timestamp = new Date(httpMillis).toISOString().replace(/[-:]|\.\d+/g, '')
  return { timestamp, signedMillis: httpMillis }
}

/**
 * A missing one passes where no body is announced, since curl 7.88 leaves it out. It then stands for the empty body, so
 * that whoever reads a body all the same finds that it does not match.
 */
function readPayloadHash(headers: Headers): string {
  const sent = headers.get('x-amz-content-sha256')
  if (sent !== null) return checkPayloadHash(sent)
  const hasBody = headers.has('transfer-encoding') || !/^0*$/.test(headers.get('content-length') ?? '')
  if (hasBody) throw new Fault('PayloadHashMissing')
  return EMPTY_SHA256
}

function checkPayloadHash(value: string): string {
  if (/^[0-9A-Fa-f]{64}$/.test(value) || value === UNSIGNED_PAYLOAD) return value
  if (STREAMING_MODES.some(mode => mode === value)) return value
  if (value.startsWith('STREAMING-AWS4-ECDSA')) throw new Fault('UnsupportedSignature', { scheme: value })
  throw new Fault('PayloadHashInvalid', { value })
}

function headerMalformed(problem: string): Fault {
  return new Fault('CredentialMalformed', { problem })
}

function queryMalformed(problem: string): Fault {
  return new Fault('QueryCredentialMalformed', { problem })
}
