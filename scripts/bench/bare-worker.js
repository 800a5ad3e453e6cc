/**
 * The yardstick: the same requests, mapped straight onto R2. No signatures, no checks, no headers but those that the bench
 * reads. Each bucket is a binding of the same name.
 */
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const slash = pathname.indexOf('/', 1)
    const bucket = env[slash < 0 ? pathname.slice(1) : pathname.slice(1, slash)]
    const key = slash < 0 ? '' : decodeURIComponent(pathname.slice(slash + 1))
    if (!bucket) return new Response('no such bucket', { status: 404 })
    if (key === '') return onBucket(request, bucket, searchParams)

    switch (request.method) {
      case 'PUT': {
        const object = await bucket.put(key, request.body)
        return new Response(null, { headers: { etag: object.httpEtag } })
      }
      case 'GET': {
        const object = await bucket.get(key)
        return object ? new Response(object.body, { headers: headersOf(object) }) : notFound()
      }
      case 'HEAD': {
        const object = await bucket.head(key)
        if (!object) return notFound()
        return new Response(null, { headers: { ...headersOf(object), 'content-length': String(object.size) } })
      }
      case 'DELETE':
        await bucket.delete(key)
        return new Response(null, { status: 204 })
      default:
        return new Response('no such operation', { status: 405 })
    }
  },
}

async function onBucket(request, bucket, query) {
  if (request.method === 'PUT') return new Response(null)
  if (request.method === 'POST' && query.has('delete')) {
    const keys = [...(await request.text()).matchAll(/<Key>([^<]*)<\/Key>/g)].map(match => match[1])
    await bucket.delete(keys)
    return xml('<DeleteResult/>')
  }
  const page = await bucket.list({
    prefix: query.get('prefix') ?? undefined,
    delimiter: query.get('delimiter') ?? undefined,
    startAfter: query.get('start-after') ?? undefined,
    cursor: query.get('continuation-token') ?? undefined,
    limit: Number(query.get('max-keys') ?? 1000),
  })
  return xml(renderPage(page))
}

function renderPage(page) {
  let text = `<ListBucketResult><IsTruncated>${page.truncated}</IsTruncated>`
  if (page.truncated) text += `<NextContinuationToken>${page.cursor}</NextContinuationToken>`
  for (const { key, size, httpEtag, uploaded } of page.objects) {
    text += `<Contents><Key>${escapeXml(key)}</Key><LastModified>${uploaded.toISOString()}</LastModified>`
    text += `<ETag>${escapeXml(httpEtag)}</ETag><Size>${size}</Size></Contents>`
  }
  for (const prefix of page.delimitedPrefixes) {
    text += `<CommonPrefixes><Prefix>${escapeXml(prefix)}</Prefix></CommonPrefixes>`
  }
  return `${text}</ListBucketResult>`
}

function headersOf(object) {
  return { etag: object.httpEtag, 'last-modified': object.uploaded.toUTCString() }
}

function escapeXml(text) {
  return text.replace(/[<>&"]/g, sign => `&#${sign.charCodeAt(0)};`)
}

function xml(text) {
  return new Response(text, { headers: { 'content-type': 'application/xml' } })
}

function notFound() {
  return new Response('no such object', { status: 404 })
}
