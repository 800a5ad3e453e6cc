import { expect, test } from 'vitest'
import { freshBucket, HOST, s3, send } from '../support/s3'

const RULES = `<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>
  <AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>
  <MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`

function preflight(bucket: string, origin: string, method: string) {
  const headers = new Headers({ host: HOST, origin, 'access-control-request-method': method })
  return send('OPTIONS', `/${bucket}/key`, '', headers)
}

test('a browser of an origin that the bucket names may go on, others may not', async () => {
  const bucket = await freshBucket()
  expect((await preflight(bucket, 'https://app.example', 'GET')).status).toBe(403)
  expect((await s3('PUT', `/${bucket}`, { query: { cors: '' }, body: RULES })).status).toBe(200)
  const allowed = await preflight(bucket, 'https://app.example', 'PUT')
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example'])
  expect(allowed.headers.get('access-control-max-age')).toBe('60')
  expect((await preflight(bucket, 'https://app.example', 'DELETE')).status).toBe(403)
  expect((await preflight(bucket, 'https://evil.example', 'GET')).status).toBe(403)
  expect((await preflight('no-such-bucket-at-all', 'https://app.example', 'GET')).status).toBe(403)
})

test('answers and errors tell the browser that its page may see them', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}`, { query: { cors: '' }, body: RULES })
  await s3('PUT', `/${bucket}/key`, { body: 'x' })
  const origin = { origin: 'https://app.example' }
  for (const [path, status] of [
    [`/${bucket}/key`, 200],
    [`/${bucket}/missing`, 404],
  ] as const) {
    const answer = await s3('GET', path, { unsignedHeaders: origin })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, 'https://app.example'])
    expect(answer.headers.get('access-control-expose-headers')).toBe('ETag')
    expect(answer.headers.get('vary')).toContain('Origin')
  }
  const other = await s3('GET', `/${bucket}/key`, { unsignedHeaders: { origin: 'https://evil.example' } })
  expect([other.status, other.headers.has('access-control-allow-origin')]).toEqual([200, false])
  expect(await (await s3('GET', `/${bucket}`, { query: { cors: '' } })).text()).toContain('<MaxAgeSeconds>60<')
  expect((await s3('DELETE', `/${bucket}`, { query: { cors: '' } })).status).toBe(204)
  expect((await preflight(bucket, 'https://app.example', 'PUT')).status).toBe(403)
})
