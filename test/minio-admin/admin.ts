import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import worker from '../../src/index'
import type { Env } from '../../src/stubs'
import { sha256, signed } from '../auth/independent-signer'
import { HOST, ROOT } from '../support/s3'

export interface AdminAsk {
  /** `x-minio-operation`. */
  operation?: string
  query?: Record<string, string>
  body?: string
  /** Sends the body in chunks, without its length. */
  chunked?: boolean
  headers?: Record<string, string>
  /** Sent without being signed. */
  unsignedHeaders?: Record<string, string>
  payloadHash?: string
  as?: { accessKey: string; secretKey: string } | 'nobody'
  region?: string
  clockOffMillis?: number
  /** Replaces what the signer wrote. */
  authorization?: (honest: string) => string
  host?: string
  /** Headers that are signed with another value than they are sent with. */
  signedValues?: Record<string, string>
}

/** A management request through the door, signed by a signer that shares no code with the verifier. */
export function admin(method: string, selector: string, ask: AdminAsk = {}): Promise<Response> {
  return adminOf(env, method, selector, ask)
}

/** As `admin`, of a Worker with other variables or bindings. */
export async function adminOf(place: Env, method: string, selector: string, ask: AdminAsk = {}): Promise<Response> {
  const query = Object.entries({ ...ask.query, [selector]: '' })
  const host = ask.host ?? HOST
  const headers: Record<string, string> = { host, ...ask.headers }
  if (ask.operation !== undefined) headers['x-minio-operation'] = ask.operation
  if (ask.body !== undefined && !ask.chunked) headers['content-length'] = String(Buffer.byteLength(ask.body))
  const sent = signed({
    method,
    path: '/',
    query,
    headers,
    signedValues: ask.signedValues,
    unsignedHeaders: ask.unsignedHeaders,
    payloadHash: ask.payloadHash ?? sha256(ask.body ?? ''),
    time: timestamp(ask.clockOffMillis),
    region: ask.region,
    ...(ask.as && ask.as !== 'nobody' ? ask.as : ROOT),
  })
  if (ask.as === 'nobody') sent.headers.delete('authorization')
  else if (ask.authorization) {
    sent.headers.set('authorization', ask.authorization(sent.headers.get('authorization') ?? ''))
  }
  const body = ask.chunked ? new Blob([ask.body ?? '']).stream() : ask.body
  return fetchFrom(place, `http://${host}/?${sent.rawQuery}`, { method, headers: sent.headers, body })
}

/** Sends a request as it is, and waits for what goes on after the answer. */
export async function fetchFrom(
  place: Env,
  url: string,
  { method, headers, body }: Pick<RequestInit, 'method' | 'headers' | 'body'>,
): Promise<Response> {
  const request: Request<unknown, IncomingRequestCfProperties> = new Request(url, { method, headers, body })
  const ctx = createExecutionContext()
  const answer = await worker.fetch(request, place, ctx)
  await waitOnExecutionContext(ctx)
  return answer
}

let places = 0

/**
 * Bindings with a `system` of their own, whose root credentials are initial ones.
 * @param variables  further ones, and those that shall be others
 */
export function freshPlace(variables: Record<string, string> = {}): Env {
  places += 1
  const name = `system-${places}`
  return {
    ...env,
    WHARF_ROOT_USER: '',
    WHARF_ROOT_PASSWORD: '',
    WHARF_INITIAL_ROOT_USER: ROOT.accessKey,
    WHARF_INITIAL_ROOT_PASSWORD: ROOT.secretKey,
    ...variables,
    SYSTEM: { getByName: () => env.SYSTEM.getByName(name) } as unknown as Env['SYSTEM'],
  }
}

/** The same place as another isolate sees it. */
export function otherIsolate(place: Env): Env {
  return { ...place }
}

/** Status, code and message of an error. */
export async function errorOf(answer: Response): Promise<[status: number, code: string, message: string]> {
  const text = await answer.text()
  const part = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? ''
  return [answer.status, part('Code'), unescaped(part('Message'))]
}

/** Status and code of an error. */
export async function refusalOf(answer: Response): Promise<[status: number, code: string]> {
  const [status, code] = await errorOf(answer)
  return [status, code]
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function timestamp(offMillis = 0): string {
  return `${new Date(Date.now() + offMillis).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
