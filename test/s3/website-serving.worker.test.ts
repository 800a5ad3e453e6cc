import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import worker from '../../src/index'
import { freshBucket, s3 } from '../support/s3'

const DOMAIN = 'web.example'
const bindings = { ...env, WHARF_WEBSITE_DOMAIN: DOMAIN }

async function browse(
  bucket: string,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string> } = {},
) {
  const headers = { host: `${bucket}.${DOMAIN}`, ...init.headers }
  const request: Request<unknown, IncomingRequestCfProperties> = new Request(`http://${bucket}.${DOMAIN}${path}`, {
    ...init,
    headers,
    redirect: 'manual',
  })
  const ctx = createExecutionContext()
  const answer = await worker.fetch(request, bindings, ctx)
  const body = await answer.text()
  await waitOnExecutionContext(ctx)
  return { status: answer.status, body, headers: answer.headers }
}

async function site(): Promise<string> {
  const bucket = await freshBucket()
  const open = { headers: { 'x-amz-acl': 'public-read', 'content-type': 'text/html' } }
  for (const key of ['index.html', 'docs/index.html', 'oops.html', 'page']) {
    await s3('PUT', `/${bucket}/${key}`, { body: `<p>${key}</p>`, ...open })
  }
  await s3('PUT', `/${bucket}/secret`, { body: 'secret' })
  const body = `<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>
    <ErrorDocument><Key>oops.html</Key></ErrorDocument></WebsiteConfiguration>`
  expect((await s3('PUT', `/${bucket}`, { query: { website: '' }, body })).status).toBe(200)
  return bucket
}

test('a website shows its pages and index documents to everybody, with their types', async () => {
  const bucket = await site()
  expect(await browse(bucket, '/')).toMatchObject({ status: 200, body: '<p>index.html</p>' })
  const docs = await browse(bucket, '/docs/')
  expect([docs.status, docs.body, docs.headers.get('content-type')]).toEqual([
    200,
    '<p>docs/index.html</p>',
    'text/html',
  ])
  const folder = await browse(bucket, '/docs')
  expect([folder.status, folder.headers.get('location')]).toEqual([302, '/docs/'])
  expect(await browse(bucket, '/page', { headers: { range: 'bytes=1-1' } })).toMatchObject({ status: 206, body: 'p' })
  expect(await browse(bucket, '/page', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
})

test('what is missing or private is its error document, and nothing else of it is told', async () => {
  const bucket = await site()
  for (const path of ['/missing', '/secret']) {
    const answer = await browse(bucket, path)
    expect([path, answer.body]).toEqual([path, '<p>oops.html</p>'])
    expect(answer.status).toBeGreaterThanOrEqual(403)
  }
  const wrong = await browse(bucket, '/page', { method: 'PUT', body: 'x' })
  expect([wrong.status, wrong.headers.get('content-type')]).toEqual([405, 'text/html; charset=utf-8'])
  expect((await browse(await freshBucket(), '/')).status).toBe(404)
  expect((await browse('no-such-site', '/')).status).toBe(404)
})

test('the configuration is read back as it was put', async () => {
  const bucket = await site()
  expect(await (await s3('GET', `/${bucket}`, { query: { website: '' } })).text()).toContain(
    '<Suffix>index.html</Suffix>',
  )
  expect((await s3('DELETE', `/${bucket}`, { query: { website: '' } })).status).toBe(204)
  expect((await browse(bucket, '/')).status).toBe(404)
})
