import { createHash, createHmac } from 'node:crypto'
import type { SentRequest } from '../../src/auth/sigv4-claim'

/** The example credentials of the S3 documentation. */
export const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE'
export const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const EXAMPLE_TIME = '20130524T000000Z'
export const EXAMPLE_MILLIS = Date.UTC(2013, 4, 24)
export const EXAMPLE_SCOPE = '20130524/us-east-1/s3/aws4_request'

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

export function signingKeyBytes(secretKey = SECRET_KEY, scope = EXAMPLE_SCOPE): Uint8Array {
  let key: string | Buffer = `AWS4${secretKey}`
  for (const step of scope.split('/')) key = createHmac('sha256', key).update(step).digest()
  return Buffer.from(key)
}

/** Bytes, one at a time: as unlike the code under test as it can be. */
export function uriEncode(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map(byte => {
      const character = String.fromCharCode(byte)
      return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

export interface Wanted {
  method?: string
  /** As it goes over the wire. */
  rawPath?: string
  /** What the client takes for the canonical path; else made from `path`. */
  canonicalPath?: string
  /** Decoded. */
  path?: string
  /** What the client takes for the canonical query; else made from `query`. */
  canonicalQuery?: string
  /** Decoded names and values. */
  query?: [string, string][]
  /** As it goes over the wire; else the encoded `query`. */
  rawQuery?: string
  headers?: Record<string, string>
  /** Sent, but not signed. */
  unsignedHeaders?: Record<string, string>
  /** Signed with another value than what arrives. */
  signedValues?: Record<string, string>
  signedNames?: string[]
  payloadHash?: string
  time?: string
  region?: string
  service?: string
  accessKey?: string
  secretKey?: string
}

/** A request with an Authorization header, as a client makes it. */
export function signed(wanted: Wanted = {}): SentRequest {
  const time = wanted.time ?? EXAMPLE_TIME
  const scope = `${time.slice(0, 8)}/${wanted.region ?? 'us-east-1'}/${wanted.service ?? 's3'}/aws4_request`
  const payloadHash = wanted.payloadHash ?? 'UNSIGNED-PAYLOAD'
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': time,
    ...wanted.headers,
  }
  const names = wanted.signedNames ?? Object.keys(headers).sort()
  const canonical = canonicalOf(wanted, { ...headers, ...wanted.signedValues }, names, wanted.query ?? [], payloadHash)
  const signature = signatureOf(canonical, time, scope, wanted.secretKey)
  const credential = `${wanted.accessKey ?? ACCESS_KEY}/${scope}`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return {
    ...target(wanted, wanted.query ?? []),
    headers: new Headers({ ...headers, ...wanted.unsignedHeaders, authorization }),
  }
}

/** A presigned request, as a client makes it. */
export function presigned(wanted: Wanted & { expires?: string } = {}): SentRequest {
  const time = wanted.time ?? EXAMPLE_TIME
  const scope = `${time.slice(0, 8)}/${wanted.region ?? 'us-east-1'}/${wanted.service ?? 's3'}/aws4_request`
  const headers = { host: 'examplebucket.s3.amazonaws.com', ...wanted.headers }
  const names = wanted.signedNames ?? Object.keys(headers).sort()
  const query: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${wanted.accessKey ?? ACCESS_KEY}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', wanted.expires ?? '86400'],
    ['X-Amz-SignedHeaders', names.join(';')],
    ...(wanted.query ?? []),
  ]
  const canonical = canonicalOf(wanted, headers, names, query, wanted.payloadHash ?? 'UNSIGNED-PAYLOAD')
  query.push(['X-Amz-Signature', signatureOf(canonical, time, scope, wanted.secretKey)])
  return { ...target(wanted, query), headers: new Headers({ ...headers, ...wanted.unsignedHeaders }) }
}

function target(wanted: Wanted, query: [string, string][]): Omit<SentRequest, 'headers'> {
  const path = wanted.path ?? '/test.txt'
  const encoded = query.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join('&')
  return {
    method: wanted.method ?? 'GET',
    rawPath: wanted.rawPath ?? path.split('/').map(uriEncode).join('/'),
    rawQuery: wanted.rawQuery ?? encoded,
  }
}

function canonicalOf(
  wanted: Wanted,
  headers: Record<string, string>,
  names: string[],
  query: [string, string][],
  payloadHash: string,
): string {
  const path = wanted.path ?? '/test.txt'
  // A NUL sorts before all that can stand in a name, so that a name comes before those that it begins.
  const pairs = query.map(([name, value]) => `${uriEncode(name)}\0${uriEncode(value)}`)
  return [
    wanted.method ?? 'GET',
    wanted.canonicalPath ?? path.split('/').map(uriEncode).join('/'),
    wanted.canonicalQuery ?? pairs.sort().join('&').replaceAll('\0', '='),
    ...names.map(name => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n')
}

function signatureOf(canonical: string, time: string, scope: string, secretKey = SECRET_KEY): string {
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`
  return hmacHex(signingKeyBytes(secretKey, scope), text)
}
