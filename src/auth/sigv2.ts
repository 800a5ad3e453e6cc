import { Fault } from '../model/fault'
import { amzHeaders } from '../wire/amz-headers'
import { percentDecode } from '../wire/percent'
import type { SentRequest } from './sigv4-claim'

/** What a request says about who signed it, in Amazon's older scheme. Nothing of it is proven before `verifySigV2`. */
export interface SigV2Claim {
  accessKey: string
  /** Base64, as sent. */
  signature: string
  /** Query form only: until when it holds, in seconds since 1970, as sent. */
  expires?: string
}

/** Query names that are part of what is signed, with their values. */
const SIGNED_QUERY = new Set([
  'accelerate',
  'acl',
  'cors',
  'defaultObjectAcl',
  'delete',
  'encryption',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'retention',
  'select',
  'select-type',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
])

const MOST_SKEW_MILLIS = 900_000
const TOKEN = 'x-amz-security-token'

/**
 * Reads a SigV2 credential, of the header form or of the query form. Where a request carries anything else besides, this
 * is undefined, and `readClaim` of SigV4 refuses it.
 *
 * @throws Fault AccessDenied where the query form is not whole
 * @see   S3 API reference, "Signing and authenticating REST requests (Signature Version 2)"
 */
export function readSigV2Claim({ headers, rawQuery }: SentRequest): SigV2Claim | undefined {
  const authorization = headers.get('authorization') ?? ''
  if (!mayBeSigV2(authorization, rawQuery)) return undefined
  const [, headerKey, headerSignature] = /^AWS ([^:\s]+):(\S+)$/.exec(authorization) ?? []
  const query = new Map(queryPairs(rawQuery))
  const inQuery = query.has('AWSAccessKeyId') || query.has('Signature')
  const another = Array.from(query.keys()).some(name => /^X-Amz-(Algorithm|Credential|Signature)$/i.test(name))
  if (another || (inQuery && authorization !== '')) return undefined
  if (headerKey !== undefined && headerSignature !== undefined)
    return { accessKey: headerKey, signature: headerSignature }
  if (!inQuery) return undefined
  const [accessKey, signature, expires] = [query.get('AWSAccessKeyId'), query.get('Signature'), query.get('Expires')]
  if (!accessKey || !signature || !expires || !/^\d{1,15}$/.test(expires)) {
    const problem = 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters'
    throw new Fault('AccessDenied', { problem })
  }
  return { accessKey, signature, expires }
}

/**
 * Checks a claim against the secret that belongs to its access key, in constant time.
 *
 * @param hostBucket  the bucket that the host names, in virtual-host style
 * @throws Fault RequestExpired, ClockSkewed, AccessDenied without a date, SignatureMismatch
 */
export async function verifySigV2(
  claim: SigV2Claim,
  request: SentRequest,
  secretKey: string,
  { hostBucket, nowMillis }: { hostBucket: string | undefined; nowMillis: number },
): Promise<void> {
  checkTime(claim, request.headers, nowMillis)
  const algorithm = { name: 'HMAC', hash: 'SHA-1' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(secretKey), algorithm, false, ['verify'])
  const signature = Buffer.from(claim.signature, 'base64')
  const resource = (hostBucket === undefined ? '' : `/${hostBucket}`) + request.rawPath
  // Some clients sign a bucket with a slash behind it and send it without.
  for (const path of resource.endsWith('/') ? [resource] : [resource, `${resource}/`]) {
    const text = Buffer.from(stringToSign(claim, request, path))
    if (await crypto.subtle.verify('HMAC', key, signature, text)) return
  }
  throw new Fault('SignatureMismatch', {
    accessKey: claim.accessKey,
    signatureProvided: claim.signature,
    stringToSign: stringToSign(claim, request, resource),
  })
}

/** Whether a query parameter is part of what is signed. */
export function signsParameter(name: string): boolean {
  return SIGNED_QUERY.has(name)
}

/** Told at a glance, since nearly every request is of the newer scheme. */
function mayBeSigV2(authorization: string, rawQuery: string): boolean {
  return authorization.startsWith('AWS ') || /(^|&)(AWSAccessKeyId|Signature)(=|&|$)/.test(rawQuery)
}

function checkTime({ expires }: SigV2Claim, headers: Headers, nowMillis: number): void {
  const serverTime = new Date(nowMillis).toISOString()
  if (expires !== undefined) {
    if (nowMillis <= Number(expires) * 1000) return
    throw new Fault('RequestExpired', { problem: 'Request has expired', expires, serverTime })
  }
  const text = headers.get('x-amz-date') ?? headers.get('date') ?? ''
  const millis = Date.parse(text)
  if (Number.isNaN(millis))
    throw new Fault('AccessDenied', { problem: 'a valid Date or x-amz-date header is required' })
  if (Math.abs(nowMillis - millis) <= MOST_SKEW_MILLIS) return
  throw new Fault('ClockSkewed', { requestTime: text, serverTime, maxAllowedSkewMilliseconds: MOST_SKEW_MILLIS })
}

function stringToSign({ expires }: SigV2Claim, { method, headers, rawQuery }: SentRequest, path: string): string {
  const date = expires ?? (headers.has('x-amz-date') ? '' : (headers.get('date') ?? ''))
  const pairs = queryPairs(rawQuery)
  // Clients sign the token of temporary credentials as a header, wherever they then put it.
  const token = expires === undefined ? undefined : pairs.find(([name]) => name === TOKEN)?.[1]
  const amz = new Map(token === undefined || headers.has(TOKEN) ? [] : [[TOKEN, token]])
  for (const [name, value] of amzHeaders(headers)) amz.set(name, value)
  const signedHeaders = Array.from(amz)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
  const signed = pairs
    .filter(([name]) => SIGNED_QUERY.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  const resource = signed.length === 0 ? path : `${path}?${signed.join('&')}`
  const [md5, type] = [headers.get('content-md5') ?? '', headers.get('content-type') ?? '']
  return `${method}\n${md5}\n${type}\n${date}\n${signedHeaders.join('')}${resource}`
}

function queryPairs(rawQuery: string): [string, string][] {
  if (rawQuery === '') return []
  return rawQuery.split('&').map(pair => {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    return [decode(name), decode(value)]
  })
}

/** A malformed escape stays as it is: it can then match no signature. */
function decode(text: string): string {
  return percentDecode(text, { plusIsSpace: true }) ?? text
}
