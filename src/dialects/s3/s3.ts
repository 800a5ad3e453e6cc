import { Fault } from '../../model/fault'
import type { RequestOrigin } from '../../store/context'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import { httpDate } from '../../wire/http-date'
import type { Dialect } from '../dialect'
import { type Address, readAddress } from './address'
import { authenticate, effectiveHeaders } from './authenticate'
import { openBody } from './body'
import type { S3Call } from './call'
import { conditionsOf } from './conditions'
import { corsHeaders, preflight, putCorsHeaders } from './cors'
import { expectOwner } from './expected-owner'
import { failureOf } from './faults'
import { failure, wantedFormat } from './render'
import { bucketOperation, objectOperation, serviceOperation } from './routes'
import { serveWebsite, websiteBucket } from './website-serving'

/**
 * Amazon S3, and the JSON listings of the old MinIO object API at the same addresses.
 *
 * Not here yet, and answered with NotImplemented: versions, object lock, tags, ACLs and policies other than private,
 * CORS, website, lifecycle, notifications, SSE-C and SSE-KMS. docs/s3.md has the table.
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
    const origin: RequestOrigin = { requestId, address: request.headers.get('cf-connecting-ip') ?? '' }
    wharf = await openWharf(env, ctx, origin)
    requireRoot(wharf)
    const site = websiteBucket(request, wharf)
    response = site
      ? await serveWebsite(request, wharf, { bucket: site, requestId })
      : await answer(request, wharf, origin)
  } catch (error) {
    response = explain(error, request, requestId, wharf)
  }
  await allowOrigin(request, wharf, response.headers)
  response.headers.set('x-amz-request-id', requestId)
  response.headers.set('x-amz-id-2', requestId)
  response.headers.set('date', httpDate(Date.now()))
  response.headers.set('server', 'Wharf')
  return response
}

/** Address, name, authenticate; the operation reads the wire, asks the store, and writes the wire. */
async function answer(request: Request, wharf: Wharf, origin: RequestOrigin): Promise<Response> {
  const address = readAddress(request.url, request.headers.get('host'), wharf.config.domain)
  if (request.method === 'OPTIONS') return answerPreflight(request, wharf, address)
  const authenticated = await authenticate(request, address, wharf)
  const headers = effectiveHeaders(request.headers, address, authenticated.claim)
  const judgeBy = (judged: Headers) => {
    origin.conditions = conditionsOf({ url: request.url, headers: judged, query: address.query })
  }
  judgeBy(headers)
  const call: S3Call = {
    method: request.method,
    wharf,
    caller: authenticated.caller,
    address,
    query: address.query,
    headers,
    judgeBy,
    openBody: checksumsOf => openBody(request, authenticated, checksumsOf),
    format: wantedFormat(request.headers.get('accept')),
    requestId: origin.requestId,
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

/** A preflight carries no credentials, and says nothing but which origins and methods the bucket names. */
async function answerPreflight({ headers }: Request, { store }: Wharf, { bucket }: Address): Promise<Response> {
  return preflight(bucket === undefined ? undefined : await store.buckets.corsOf(bucket, true), headers)
}

/** Tells a browser that the page it shows may see this answer; of errors too. */
async function allowOrigin(request: Request, wharf: Wharf | undefined, answer: Headers): Promise<void> {
  if (!wharf || !request.headers.has('origin') || request.method === 'OPTIONS') return
  try {
    const { bucket } = readAddress(request.url, request.headers.get('host'), wharf.config.domain)
    const rules = bucket === undefined ? undefined : await wharf.store.buckets.corsOf(bucket, false)
    if (rules) putCorsHeaders(answer, corsHeaders(rules, request))
  } catch (error) {
    // The answer itself stands; a request whose address cannot be read has been told so.
    wharf.log.debug('no origin was allowed', { reason: String(error) })
  }
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
