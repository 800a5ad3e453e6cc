import { exports } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { presigned, sha256, signed, uriEncode } from '../auth/independent-signer'

export const ROOT = { accessKey: 'root-user', secretKey: 'root-password' }
export const HOST = 'localhost'

export interface S3Ask {
  query?: Record<string, string>
  headers?: Record<string, string>
  /** Sent without being signed. */
  unsignedHeaders?: Record<string, string>
  body?: string | Uint8Array | ReadableStream<Uint8Array>
  /** Undefined signs the body's own hash. */
  payloadHash?: string
  /** 'nobody' sends no credentials. */
  as?: { accessKey: string; secretKey: string } | 'nobody'
  /** Milliseconds by which the client's clock is off. */
  clockOffMillis?: number
  region?: string
  /** Of the scope; s3 where nothing is said. */
  service?: string
}

/** One request through the door, signed by a signer that shares no code with the verifier. */
export async function s3(method: string, path: string, ask: S3Ask = {}): Promise<Response> {
  const query = Object.entries(ask.query ?? {})
  const held = typeof ask.body === 'string' ? new TextEncoder().encode(ask.body) : ask.body
  const payloadHash =
    ask.payloadHash ?? (held instanceof Uint8Array ? sha256(held) : held ? 'UNSIGNED-PAYLOAD' : sha256(''))
  const headers: Record<string, string> = { host: HOST, ...lowerCase(ask.headers ?? {}) }
  if (held instanceof Uint8Array) headers['content-length'] ??= String(held.length)
  const rawPath = path.split('/').map(uriEncode).join('/')
  if (ask.as === 'nobody') {
    const search = query.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join('&')
    return send(method, rawPath, search, new Headers({ ...headers, ...ask.unsignedHeaders }), held)
  }
  const who = ask.as ?? ROOT
  const sent = signed({
    method,
    path,
    query,
    headers,
    unsignedHeaders: ask.unsignedHeaders,
    payloadHash,
    time: timestamp(ask.clockOffMillis),
    region: ask.region,
    service: ask.service,
    ...who,
  })
  return send(method, sent.rawPath, sent.rawQuery, sent.headers, held)
}

/** A request by a presigned URL. */
export async function s3Presigned(
  method: string,
  path: string,
  ask: S3Ask & { expires?: string } = {},
): Promise<Response> {
  const sent = presigned({
    method,
    path,
    query: Object.entries(ask.query ?? {}),
    headers: { host: HOST, ...lowerCase(ask.headers ?? {}) },
    unsignedHeaders: ask.unsignedHeaders,
    expires: ask.expires,
    time: timestamp(ask.clockOffMillis),
    ...(ask.as && ask.as !== 'nobody' ? ask.as : ROOT),
  })
  const body = typeof ask.body === 'string' ? new TextEncoder().encode(ask.body) : ask.body
  return send(method, sent.rawPath, sent.rawQuery, sent.headers, body)
}

/** Sends a request as it is. */
export function send(
  method: string,
  rawPath: string,
  rawQuery: string,
  headers: Headers,
  body?: Uint8Array | ReadableStream<Uint8Array>,
): Promise<Response> {
  const search = rawQuery === '' ? '' : `?${rawQuery}`
  return exports.default.fetch(new Request(`http://${HOST}${rawPath}${search}`, { method, headers, body }))
}

let buckets = 0

/** A bucket of its own for each test. */
export async function freshBucket(ask: S3Ask = {}): Promise<string> {
  buckets += 1
  const name = `test-${Date.now().toString(36)}-${buckets}`
  const made = await s3('PUT', `/${name}`, ask)
  if (made.status !== 200) throw new Error(`bucket not made: ${made.status} ${await made.text()}`)
  return name
}

/** The code of an error's answer; '' for success. */
export async function codeOf(response: Response): Promise<string> {
  return /<Code>([^<]+)<\/Code>/.exec(await response.text())?.[1] ?? ''
}

/** The texts of all elements of this name. */
export function texts(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g')), match => match[1] ?? '')
}

export function md5(data: string | Uint8Array): string {
  return createHash('md5').update(data).digest('hex')
}

export function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i += 65_536) crypto.getRandomValues(bytes.subarray(i, Math.min(size, i + 65_536)))
  return bytes
}

function timestamp(offMillis = 0): string {
  return `${new Date(Date.now() + offMillis).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
