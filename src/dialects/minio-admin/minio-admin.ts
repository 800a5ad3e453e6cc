import { authorize } from '../../auth/authorize'
import { ROOT_ACCOUNT } from '../../model/caller'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import { httpDate } from '../../wire/http-date'
import { newRequestId } from '../../wire/request-id'
import type { Dialect } from '../dialect'
import { readAddress, selectorsOf } from './address'
import { AdminError } from './admin-error'
import { authenticate, checkDate, checkScheme } from './authenticate'
import { readBody } from './body'
import { failureOf } from './faults'
import { regionOf } from './region'
import { failureAnswer } from './render'
import { operationOf } from './routes'

/**
 * The management API of MinIO, as it was from February 2017 to January 2018: `/?service`, `/?info`, `/?lock`, `/?heal` and
 * `/?config`, told apart by the header `x-minio-operation`.
 *
 * Not as in the original: the redirect of browsers, and what disks and quorums would tell. docs/minio-admin.md has all of it.
 */
export const minioAdmin: Dialect = {
  name: 'minio-admin',
  claims,
  serve,
}

/** A GET that names no operation stays S3's: it lists the buckets, whatever stands in its query. */
function claims({ method, url, headers }: Request): boolean {
  const selectors = selectorsOf(url)
  return selectors.length > 0 && (method !== 'GET' || headers.has('x-minio-operation') || selectors.includes('info'))
}

async function serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const requestId = newRequestId()
  let wharf: Wharf | undefined
  let response: Response
  try {
    wharf = await openWharf(env, ctx, { requestId, address: request.headers.get('cf-connecting-ip') ?? '' })
    requireRoot(wharf)
    response = await answer(request, wharf)
  } catch (error) {
    response = explain(error, request, requestId, wharf)
  }
  const { headers } = response
  headers.set('x-amz-request-id', requestId)
  if (wharf) headers.set('x-amz-bucket-region', regionOf(wharf.config))
  headers.set('accept-ranges', 'bytes')
  headers.set('vary', 'Origin')
  headers.set('date', httpDate(Date.now()))
  headers.set('server', 'Wharf')
  if (request.headers.has('origin')) {
    headers.set('access-control-allow-origin', '*')
    headers.set('access-control-expose-headers', 'ETag')
  }
  return response
}

/** In the order of the original, for it shows which of several things that are wrong is told. */
async function answer(request: Request, wharf: Wharf): Promise<Response> {
  const { method, headers } = request
  checkScheme(headers)
  if (method === 'PUT' && !headers.has('x-minio-operation')) throw new AdminError('NotImplemented')
  if (isPreflight(request)) return preflight(headers)
  checkDate(headers, wharf.now())
  const address = readAddress(request.url)
  const operation = operationOf(method, selectorsOf(request.url), headers.get('x-minio-operation'))
  const { caller, body } = await authenticate(request, address, wharf, () => readBody(request, operation.body))
  authorize(caller, `admin:${operation.name}`, { owner: ROOT_ACCOUNT.id })
  return operation.run({ wharf, caller, query: address.query, host: headers.get('host') ?? '', body })
}

function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

/** Any page may ask: without a signature it gets nothing. */
function preflight(headers: Headers): Response {
  const allowed = headers.get('access-control-request-headers')
  return new Response(null, {
    headers: {
      'access-control-allow-methods': 'GET, PUT, HEAD, POST, DELETE, OPTIONS',
      ...(allowed === null ? {} : { 'access-control-allow-headers': allowed }),
    },
  })
}

function explain(error: unknown, request: Request, requestId: string, wharf: Wharf | undefined): Response {
  const shown = failureOf(error)
  if (shown.status === 500) {
    const log = wharf?.log ?? console
    const stack = error instanceof Error ? error.stack : undefined
    log.error('a request failed', { requestId, method: request.method, reason: String(error), stack })
  }
  return failureAnswer({ method: request.method, path: '/', requestId }, shown)
}
