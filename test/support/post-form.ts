import { exports } from 'cloudflare:workers'
import { createHmac } from 'node:crypto'
import { hmacHex, signingKeyBytes } from '../auth/independent-signer'
import { HOST, ROOT, s3 } from './s3'

export type Scheme = 'sigv4' | 'sigv2'
export type Condition = Record<string, string> | (string | number)[]

export interface FormAsk {
  bucket: string
  /** Sent, and allowed by the policy as they are. */
  fields?: Record<string, string>
  /** Sent, and not spoken of by the policy. */
  unspoken?: Record<string, string>
  /** Of the policy, besides those for `fields`. */
  conditions?: Condition[]
  /** What stands in the policy instead. */
  policy?: unknown
  expiresInSeconds?: number
  scheme?: Scheme | 'none'
  as?: { accessKey: string; secretKey: string }
  region?: string
  file?: string | Uint8Array
  filename?: string
  /** Changed after signing; undefined takes a field away. */
  changed?: Record<string, string | undefined>
}

/** The fields of a form as a server makes them for a browser, in the order in which they are sent. */
export function signedFields(ask: FormAsk): Record<string, string> {
  const { bucket, fields = { key: 'key' }, conditions = [], scheme = 'sigv4', as = ROOT } = ask
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const scope = `${time.slice(0, 8)}/${ask.region ?? 'us-east-1'}/s3/aws4_request`
  const proof: Record<string, string> =
    scheme === 'sigv4'
      ? { 'x-amz-algorithm': 'AWS4-HMAC-SHA256', 'x-amz-credential': `${as.accessKey}/${scope}`, 'x-amz-date': time }
      : {}
  const expiration = new Date(Date.now() + 1000 * (ask.expiresInSeconds ?? 600)).toISOString()
  const spoken = Object.entries({ bucket, ...fields, ...proof }).map(([name, value]) => ({ [name]: value }))
  const document = ask.policy ?? { expiration, conditions: [...spoken, ...conditions] }
  const policy = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)).toString('base64')
  const signed: Record<string, string> = { ...fields, ...ask.unspoken, ...proof }
  if (scheme === 'sigv4') {
    signed.policy = policy
    signed['x-amz-signature'] = hmacHex(signingKeyBytes(as.secretKey, scope), policy)
  }
  if (scheme === 'sigv2') {
    signed.policy = policy
    signed.AWSAccessKeyId = as.accessKey
    signed.signature = createHmac('sha1', as.secretKey).update(policy).digest('base64')
  }
  for (const [name, value] of Object.entries(ask.changed ?? {})) {
    if (value === undefined) delete signed[name]
    else signed[name] = value
  }
  return signed
}

export const BOUNDARY = 'xXx-boundary-xXx'

/** A form's body, put together by hand. */
export function formBody(fields: Record<string, string>, file: string | Uint8Array, filename?: string): Uint8Array {
  const parts = Object.entries(fields).map(([name, value]) => `${head(name)}\r\n\r\n${value}\r\n`)
  const named = filename === undefined ? '' : `; filename="${filename}"`
  return Buffer.concat([
    Buffer.from(`${parts.join('')}${head('file')}${named}\r\nContent-Type: text/plain\r\n\r\n`),
    Buffer.from(file),
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ])
}

/** Sends a form as a browser does. */
export function postForm(ask: FormAsk): Promise<Response> {
  return postBody(ask.bucket, formBody(signedFields(ask), ask.file ?? 'bytes', ask.filename))
}

export function postBody(
  bucket: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const length: Record<string, string> =
    body instanceof Uint8Array ? { 'content-length': String(body.length) } : { 'transfer-encoding': 'chunked' }
  const type = `multipart/form-data; boundary=${BOUNDARY}`
  const sent = { host: HOST, 'content-type': type, ...length, ...headers }
  // The runtime would go where a redirect leads.
  const options = { method: 'POST', headers: sent, body, redirect: 'manual' } as const
  return exports.default.fetch(new Request(`http://${HOST}/${bucket}`, options))
}

/** What is stored under a key; undefined for nothing. */
export async function stored(bucket: string, key = 'key'): Promise<Buffer | undefined> {
  const got = await s3('GET', `/${bucket}/${key}`)
  const bytes = Buffer.from(await got.arrayBuffer())
  return got.status === 200 ? bytes : undefined
}

function head(name: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`
}
