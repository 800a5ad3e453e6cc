import { expect, test } from 'vitest'
import { doJob } from '../support/jobs'
import { codeOf, freshBucket, randomBytes, s3, texts } from '../support/s3'

function quota(method: string, bucket: string, body?: unknown, as?: 'nobody'): Promise<Response> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return s3(method, `/_wharf/api/buckets/${bucket}/quota`, { body: text, as })
}

async function limitedBucket(limits: { maxObjects?: number; maxBytes?: number }): Promise<string> {
  const bucket = await freshBucket()
  const answer = await quota('PUT', bucket, limits)
  expect([answer.status, await answer.json()]).toEqual([200, limits])
  return bucket
}

const put = (bucket: string, key: string, bytes: number) => s3('PUT', `/${bucket}/${key}`, { body: 'x'.repeat(bytes) })

/** What the listing shows, and whether the counters agree. */
async function held(bucket: string): Promise<{ objects: number; bytes: number }> {
  expect((await doJob('audit', { bucket })).lines).toEqual([])
  const sizes = texts(await (await s3('GET', `/${bucket}`)).text(), 'Size').map(Number)
  return { objects: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

for (const [what, bytes] of [
  ['small', 100],
  ['large', 20_000],
] as const) {
  test(`fifty ${what} writes at once never exceed what is left of a quota`, async () => {
    const bucket = await limitedBucket({ maxBytes: 12 * bytes + bytes / 2, maxObjects: 1000 })
    expect((await put(bucket, 'first', bytes)).status).toBe(200)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => put(bucket, `key-${i}`, bytes)))
    const statuses = answers.map(answer => answer.status)
    expect([statuses.filter(one => one === 200).length, statuses.filter(one => one === 403).length]).toEqual([11, 39])
    expect(await held(bucket)).toEqual({ objects: 12, bytes: 12 * bytes })
  })
}

test('fifty writes at once never make more objects than a quota allows', async () => {
  const bucket = await limitedBucket({ maxObjects: 20 })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => put(bucket, `key-${i}`, 1)))
  expect(answers.filter(answer => answer.status === 200)).toHaveLength(20)
  expect((await held(bucket)).objects).toBe(20)
})

test('a full bucket refuses what makes it larger, in every way, and takes what does not', async () => {
  const bucket = await limitedBucket({ maxObjects: 2, maxBytes: 100 })
  await put(bucket, 'one', 50)
  await put(bucket, 'two', 50)
  const refused = await put(bucket, 'three', 0)
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('<Code>QuotaExceeded</Code>')])
  const copied = await s3('PUT', `/${bucket}/three`, { headers: { 'x-amz-copy-source': `${bucket}/one` } })
  expect([copied.status, await codeOf(copied)]).toEqual([403, 'QuotaExceeded'])

  const begun = await s3('POST', `/${bucket}/one`, { query: { uploads: '' } })
  const uploadId = texts(await begun.text(), 'UploadId')[0] ?? ''
  const part = await s3('PUT', `/${bucket}/one`, { query: { uploadId, partNumber: '1' }, body: randomBytes(51) })
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part></CompleteMultipartUpload>`
  const complete = () => s3('POST', `/${bucket}/one`, { query: { uploadId }, body })
  expect(await codeOf(await complete())).toBe('QuotaExceeded')

  expect((await put(bucket, 'two', 49)).status).toBe(200)
  expect((await complete()).status).toBe(200)
  expect((await put(bucket, 'two', 50)).status).toBe(403)
  expect(await held(bucket)).toEqual({ objects: 2, bytes: 100 })
  expect((await s3('DELETE', `/${bucket}/one`)).status).toBe(204)
  expect((await put(bucket, 'three', 10)).status).toBe(200)
})

test('a copy from another bucket is held to the quota too, and leaves no bytes behind', async () => {
  const source = await freshBucket()
  await s3('PUT', `/${source}/key`, { body: randomBytes(50_000) })
  const bucket = await limitedBucket({ maxBytes: 49_999 })
  const copied = await s3('PUT', `/${bucket}/key`, { headers: { 'x-amz-copy-source': `${source}/key` } })
  expect(await codeOf(copied)).toBe('QuotaExceeded')
  expect((await doJob('audit', { bucket }, { WHARF_ORPHAN_GRACE_SECONDS: '0' })).lines).toEqual([])
})

test('older versions count against the bytes of a quota; a bucket that is over it may still shrink', async () => {
  const bucket = await freshBucket()
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', `/${bucket}`, { query: { versioning: '' }, body })
  const first = (await put(bucket, 'key', 60)).headers.get('x-amz-version-id') ?? ''
  await put(bucket, 'key', 30)
  await quota('PUT', bucket, { maxBytes: 80 })
  expect((await put(bucket, 'key', 1)).status).toBe(403)
  expect((await put(bucket, 'key', 0)).status).toBe(200)
  expect((await s3('DELETE', `/${bucket}/key`, { query: { versionId: first } })).status).toBe(204)
  expect((await put(bucket, 'key', 50)).status).toBe(200)
})

test('what the version without a number gives back makes room, while no more versions are kept', async () => {
  const bucket = await freshBucket()
  await put(bucket, 'key', 40)
  const set = (state: string) =>
    s3('PUT', `/${bucket}`, {
      query: { versioning: '' },
      body: `<VersioningConfiguration><Status>${state}</Status></VersioningConfiguration>`,
    })
  await set('Enabled')
  await put(bucket, 'key', 60)
  await set('Suspended')
  await quota('PUT', bucket, { maxBytes: 100 })
  expect((await put(bucket, 'key', 41)).status).toBe(403)
  expect((await put(bucket, 'key', 40)).status).toBe(200)
  expect((await put(bucket, 'key', 41)).status).toBe(403)
})

test('a quota is shown as it was set, and goes when it is removed', async () => {
  const bucket = await freshBucket()
  expect(await (await quota('GET', bucket)).json()).toEqual({})
  await quota('PUT', bucket, { maxObjects: 0 })
  expect(await (await quota('GET', bucket)).json()).toEqual({ maxObjects: 0 })
  expect((await put(bucket, 'key', 0)).status).toBe(403)
  expect((await quota('DELETE', bucket)).status).toBe(204)
  expect(await (await quota('GET', bucket)).json()).toEqual({})
  expect((await put(bucket, 'key', 0)).status).toBe(200)
})

test.each([
  ['a limit by another name', { maxbytes: 1 }],
  ['a fraction', { maxBytes: 1.5 }],
  ['less than nothing', { maxObjects: -1 }],
  ['a text', { maxBytes: '1' }],
  ['no limit at all', {}],
  ['a list', []],
])('%s is no quota', async (_, body) => {
  const bucket = await freshBucket()
  expect((await quota('PUT', bucket, body)).status).toBe(400)
  expect(await (await quota('GET', bucket)).json()).toEqual({})
})

test('nobody sets a quota without the right to', async () => {
  const bucket = await freshBucket()
  expect((await quota('PUT', bucket, { maxBytes: 1 }, 'nobody')).status).toBe(403)
  expect((await quota('GET', 'no-such-bucket')).status).toBe(404)
})
