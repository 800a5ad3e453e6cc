import { createHash, createHmac } from 'node:crypto'
import worker from '../../src/index'
import { HOST, ROOT } from '../support/s3'
import type { Isolate } from './faults'

export interface Ask {
  method: string
  /** Decoded. */
  path: string
  query?: Record<string, string>
  /** In lower case. */
  headers?: Record<string, string>
  body?: Uint8Array | ReadableStream<Uint8Array>
  /** The client goes away as soon as the answer begins. */
  leaves?: boolean
}

export interface Answer {
  status: number
  headers: Headers
  bytes: Buffer
  /** Of an S3 error; '' for success. */
  code: string
}

/** Undefined: the connection was lost before the answer was all there. */
export type Reply = Answer | undefined

/** Sends a signed request through the door of an isolate, and waits for the whole answer. `later` hears of all work that may go on. */
export async function send(isolate: Isolate, ask: Ask, later: (work: Promise<unknown>) => void): Promise<Reply> {
  const ctx: Pick<ExecutionContext, 'waitUntil'> = { waitUntil: later }
  const answered = worker
    // The Worker uses no more of its context.
    .fetch(sign(ask), isolate.env, ctx as ExecutionContext)
    .then(response => (ask.leaves ? leave(response) : read(response)))
    .catch(() => undefined)
  later(answered)
  const reply = await Promise.race([answered, isolate.death])
  return isolate.isDead ? undefined : reply || undefined
}

async function read(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer())
  const code = response.status < 300 ? '' : (/<Code>([^<]+)<\/Code>/.exec(bytes.toString())?.[1] ?? '')
  return { status: response.status, headers: response.headers, bytes, code }
}

async function leave(response: Response): Promise<undefined> {
  await response.body?.cancel()
}

let keyOfDay: { day: string; key: Buffer } | undefined

function signingKey(day: string): Buffer {
  if (keyOfDay?.day !== day) {
    let key = Buffer.from(`AWS4${ROOT.secretKey}`)
    for (const step of [day, 'us-east-1', 's3', 'aws4_request']) key = createHmac('sha256', key).update(step).digest()
    keyOfDay = { day, key }
  }
  return keyOfDay.key
}

/** The fewest headers that may be signed, and none of the body. */
function sign({ method, path, query = {}, headers = {}, body }: Ask): Request<unknown, IncomingRequestCfProperties> {
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const day = time.slice(0, 8)
  const rawPath = path.split('/').map(encode).join('/')
  const rawQuery = Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const sent: Record<string, string> = {
    ...headers,
    host: HOST,
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    'x-amz-date': time,
  }
  const names = Object.keys(sent)
    .filter(name => name === 'host' || name.startsWith('x-amz-'))
    .sort()
  const canonical = [
    method,
    rawPath,
    rawQuery,
    ...names.map(name => `${name}:${sent[name]}`),
    '',
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n')
  const scope = `${day}/us-east-1/s3/aws4_request`
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`
  const signature = createHmac('sha256', signingKey(day)).update(text).digest('hex')
  sent.authorization = `AWS4-HMAC-SHA256 Credential=${ROOT.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return new Request(`http://${HOST}${rawPath}${rawQuery === '' ? '' : `?${rawQuery}`}`, {
    method,
    headers: sent,
    body,
  })
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
