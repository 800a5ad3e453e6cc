import { Fault } from '../../model/fault'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import { httpDate } from '../../wire/http-date'
import type { Dialect } from '../dialect'
import { type Address, readAddress } from './address'
import { authenticate, effectiveHeaders } from './authenticate'
import { openBody } from './body'
import type { S3Call } from './call'
import { expectOwner } from './expected-owner'
import { failureOf } from './faults'
import { failure, wantedFormat } from './render'
import { bucketOperation, objectOperation, serviceOperation } from './routes'
import { S3Error } from './s3-error'

/**
 * Amazon S3, and the JSON listings of the old MinIO object API at the same addresses.
 *
 * Not here yet, and answered with NotImplemented: versions, object lock, tags, ACLs and policies other than private,
 * POST forms, CORS, website, lifecycle, notifications, SSE-C and SSE-KMS. docs/s3.md has the table.
 */
export const s3: Dialect = {
  name: 's3',
  claims: () => true,
  serve,
}

async function serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const requestId = newRequestId()
  let wharf: Wharf | undefined
  let response: Response
  try {
    wharf = await openWharf(env, ctx, { requestId, address: request.headers.get('cf-connecting-ip') ?? '' })
    requireRoot(wharf)
    response = await answer(request, wharf, requestId)
  } catch (error) {
    response = explain(error, request, requestId, wharf)
  }
  response.headers.set('x-amz-request-id', requestId)
  response.headers.set('x-amz-id-2', requestId)
  response.headers.set('date', httpDate(Date.now()))
  response.headers.set('server', 'Wharf')
  return response
}

/** Address, name, authenticate; the operation reads the wire, asks the store, and writes the wire. */
async function answer(request: Request, wharf: Wharf, requestId: string): Promise<Response> {
  const address = readAddress(request.url, request.headers.get('host'), wharf.config.domain)
  if (request.method === 'OPTIONS') refusePreflight(request.headers)
  const authenticated = await authenticate(request, address, wharf)
  const call: S3Call = {
    method: request.method,
    wharf,
    caller: authenticated.caller,
    address,
    query: address.query,
    headers: effectiveHeaders(request.headers, address, authenticated.claim),
    openBody: checksumsOf => openBody(request, authenticated, checksumsOf),
    format: wantedFormat(request.headers.get('accept')),
    requestId,
  }
  if (address.bucket !== undefined) await expectOwner(call, address.bucket, 'x-amz-expected-bucket-owner')
  return dispatch(call, address)
}

function dispatch(call: S3Call, { bucket, key }: Address): Response | Promise<Response> {
  if (bucket === undefined) return serviceOperation(call).run(call)
  if (key === undefined) {
    const bucketCall = { ...call, bucket }
    return bucketOperation(bucketCall).run(bucketCall)
  }
  const objectCall = { ...call, bucket, key }
  return objectOperation(objectCall).run(objectCall)
}

/** No bucket has a CORS configuration yet, so each preflight meets S3's answer for that. */
function refusePreflight(headers: Headers): never {
  if (!headers.has('origin') || !headers.has('access-control-request-method')) {
    throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.')
  }
  throw new S3Error('AccessForbidden')
}

function explain(error: unknown, request: Request, requestId: string, wharf: Wharf | undefined): Response {
  const shown = failureOf(error)
  if (shown.status === 500 && !isKnownDamage(error)) {
    const log = wharf?.log ?? console
    const stack = error instanceof Error ? error.stack : undefined
    log.error('a request failed', { requestId, method: request.method, reason: String(error), stack })
  }
  const start = request.url.indexOf('/', request.url.indexOf('://') + 3)
  const path = request.url.slice(start).split('?')[0] ?? '/'
  const format = wantedFormat(request.headers.get('accept'))
  return failure({ format, method: request.method, path, requestId }, shown)
}

/** The store has told of it already, with the bucket and key. */
function isKnownDamage(error: unknown): boolean {
  return error instanceof Fault && error.code === 'ObjectDamaged'
}

let isolateMark = ''
let requests = 0

/** Random for each isolate, then counted: unique, without asking the random source for each request. */
function newRequestId(): string {
  if (isolateMark === '') {
    isolateMark = Buffer.from(crypto.getRandomValues(new Uint8Array(6)))
      .toString('hex')
      .toUpperCase()
  }
  requests += 1
  return isolateMark + requests.toString(16).toUpperCase().padStart(8, '0')
}
