import { ANONYMOUS } from '../../model/caller'
import { Fault } from '../../model/fault'
import type { ReadObject } from '../../store/objects'
import type { Wharf } from '../../wharf'
import { parseRange } from '../../wire/range'
import { bucketOfHost, readAddress } from './address'
import { failureOf } from './faults'
import { S3Error } from './s3-error'
import { answerWebsite, errorPage, type LookedUp, type Purpose, type WebsiteAnswer } from './website'
import { readConditions } from './wire-conditions'
import { objectHeaders } from './wire-object'

/** The bucket whose website a request is for, by its host; undefined where it is for the API. */
export function websiteBucket(request: Request, { config }: Wharf): string | undefined {
  return bucketOfHost(request.headers.get('host'), config.websiteDomain)
}

/**
 * Answers a browser. Whoever asks is the anonymous caller, so only what everybody may read is shown; faults become pages.
 * @see S3 user guide, "Website endpoints"
 */
export async function serveWebsite(
  request: Request,
  wharf: Wharf,
  { bucket, requestId }: { bucket: string; requestId: string },
): Promise<Response> {
  const { method, url } = request
  try {
    if (method !== 'GET' && method !== 'HEAD') throw new S3Error('MethodNotAllowed', undefined, { Allow: 'GET, HEAD' })
    const host = request.headers.get('host') ?? ''
    const { key = '' } = readAddress(url, `${bucket}.${wharf.config.websiteDomain}`, wharf.config.websiteDomain)
    const site = await wharf.store.buckets.websiteOf(bucket)
    if (!site) throw new S3Error('NoSuchWebsiteConfiguration')
    const ask = { key, host, protocol: url.startsWith('https:') ? ('https' as const) : ('http' as const) }
    return show(await answerWebsite(site, ask, (one, purpose) => lookUp(request, wharf, bucket, one, purpose)))
  } catch (error) {
    const failure = failureOf(error)
    if (failure.status === 500) wharf.log.error('a website failed', { requestId, bucket, reason: String(error) })
    return errorPage({ failure }, { method, requestId })
  }

  function show(answer: WebsiteAnswer<ReadObject>): Response {
    if (answer.kind === 'error') return errorPage(answer, { method, requestId })
    if (answer.kind === 'redirect') {
      return new Response(null, { status: answer.status, headers: { location: answer.location } })
    }
    const { record, range, body } = answer.found
    const headers = objectHeaders(record, { range, query: new Map(), withChecksum: false })
    const status = answer.status ?? (range ? 206 : 200)
    return new Response(method === 'HEAD' ? null : body, { status, headers, encodeBody: 'manual' })
  }
}

async function lookUp(
  { method, headers }: Request,
  { store }: Wharf,
  bucket: string,
  key: string,
  purpose: Purpose,
): Promise<LookedUp<ReadObject>> {
  if (key === '') throw new Fault('NoSuchObject', { key })
  const isPage = purpose === 'page'
  const ask = {
    bucket,
    key,
    conditions: isPage ? readConditions(headers) : undefined,
    range: isPage ? parseRange(headers.get('range')) : undefined,
  }
  const needsBytes = method === 'GET' && purpose !== 'existence'
  const found = needsBytes
    ? await store.objects.get(ANONYMOUS, ask)
    : { ...(await store.objects.head(ANONYMOUS, ask)), body: new Uint8Array() }
  return { found, redirect: found.record.headers.websiteRedirect }
}
