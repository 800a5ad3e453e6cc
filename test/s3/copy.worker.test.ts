import { expect, test } from 'vitest'
import { codeOf, freshBucket, md5, randomBytes, s3, texts } from '../support/s3'

const copy = (to: string, source: string, headers: Record<string, string> = {}) =>
  s3('PUT', to, { headers: { 'x-amz-copy-source': source, ...headers } })

for (const size of [0, 100, 200_000]) {
  test(`a copy of ${size} bytes lives on when its source is overwritten and removed`, async () => {
    const bucket = await freshBucket()
    const other = await freshBucket()
    const bytes = randomBytes(size)
    await s3('PUT', `/${bucket}/a b+ü`, { body: bytes, headers: { 'content-type': 'text/x', 'x-amz-meta-m': '1' } })
    const inside = await copy(`/${bucket}/inside`, `/${bucket}/a%20b%2B%C3%BC`)
    expect(texts(await inside.text(), 'ETag')).toEqual([`&quot;${md5(bytes)}&quot;`])
    expect((await copy(`/${other}/across`, `${bucket}/a b+ü`)).status).toBe(200)
    await s3('PUT', `/${bucket}/a b+ü`, { body: 'overwritten' })
    await s3('DELETE', `/${bucket}/a b+ü`)
    for (const path of [`/${bucket}/inside`, `/${other}/across`]) {
      const got = await s3('GET', path)
      expect([got.headers.get('content-type'), got.headers.get('x-amz-meta-m')]).toEqual(['text/x', '1'])
      expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(bytes))
    }
  })
}

test('a copy onto itself must change something, and then changes just that', async () => {
  const bucket = await freshBucket()
  const bytes = randomBytes(100_000)
  await s3('PUT', `/${bucket}/key`, { body: bytes, headers: { 'x-amz-meta-old': '1' } })
  expect(await codeOf(await copy(`/${bucket}/key`, `${bucket}/key`))).toBe('InvalidRequest')
  const replace = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-new': '2', 'content-type': 'text/y' }
  for (let i = 0; i < 3; i++) expect((await copy(`/${bucket}/key`, `${bucket}/key`, replace)).status).toBe(200)
  const got = await s3('GET', `/${bucket}/key`)
  expect([got.headers.get('x-amz-meta-old'), got.headers.get('x-amz-meta-new')]).toEqual([null, '2'])
  expect(got.headers.get('content-type')).toBe('text/y')
  expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(bytes))
})

test('conditions on the source answer 412, never 304', async () => {
  const bucket = await freshBucket()
  const put = await s3('PUT', `/${bucket}/key`, { body: 'x' })
  const etag = put.headers.get('etag') ?? ''
  const status = async (headers: Record<string, string>) =>
    (await copy(`/${bucket}/copy`, `${bucket}/key`, headers)).status
  expect(await status({ 'x-amz-copy-source-if-match': etag })).toBe(200)
  expect(await status({ 'x-amz-copy-source-if-match': '"other"' })).toBe(412)
  expect(await status({ 'x-amz-copy-source-if-none-match': etag })).toBe(412)
  expect(await status({ 'x-amz-copy-source-if-modified-since': new Date().toUTCString() })).toBe(412)
  expect(await status({ 'x-amz-copy-source-if-unmodified-since': new Date(0).toUTCString() })).toBe(412)
  expect(await status({ 'if-none-match': '*' })).toBe(412)
  expect(await status({ 'if-match': etag })).toBe(200)
})

test('a source that is malformed, missing or forbidden is told apart', async () => {
  const bucket = await freshBucket()
  const code = (source: string, headers = {}) => copy(`/${bucket}/copy`, source, headers).then(codeOf)
  expect(await code('no-slash')).toBe('InvalidArgument')
  expect(await code(`${bucket}/`)).toBe('InvalidArgument')
  expect(await code(`${bucket}/%ff`)).toBe('InvalidArgument')
  expect(await code(`${bucket}/none`)).toBe('NoSuchKey')
  expect(await code('no-such-bucket-at-all/none')).toBe('NoSuchBucket')
  await s3('PUT', `/${bucket}/what?versionId=x`, { body: 'x' })
  expect((await copy(`/${bucket}/copy`, `${bucket}/what%3FversionId%3Dx`)).status).toBe(200)
  expect(await code(`${bucket}/what`, { 'x-amz-metadata-directive': 'MERGE' })).toBe('InvalidArgument')
})

test('a copy may be asked for another checksum, which is computed of its bytes', async () => {
  const bucket = await freshBucket()
  for (const size of [9, 100_000]) {
    await s3('PUT', `/${bucket}/key`, { body: '1'.repeat(size) })
    const answer = await copy(`/${bucket}/copy`, `${bucket}/key`, { 'x-amz-checksum-algorithm': 'SHA256' })
    const sum = texts(await answer.text(), 'ChecksumSHA256')[0] ?? ''
    const head = await s3('HEAD', `/${bucket}/copy`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect([head.headers.get('x-amz-checksum-sha256'), sum.length]).toEqual([sum, 44])
  }
})
