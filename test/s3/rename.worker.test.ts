import { expect, test } from 'vitest'
import { doJob, graces } from '../support/jobs'
import { api } from '../support/people'
import { codeOf, freshBucket, md5, randomBytes, s3, texts } from '../support/s3'

function rename(bucket: string, from: string, to: string, headers: Record<string, string> = {}) {
  return s3('PUT', `/${bucket}/${to}`, {
    query: { renameObject: '' },
    headers: { 'x-amz-rename-source': `/${bucket}/${encodeURIComponent(from)}`, ...headers },
  })
}

async function bytesOf(bucket: string, key: string): Promise<string> {
  const answer = await s3('GET', `/${bucket}/${key}`)
  return answer.status === 200 ? md5(new Uint8Array(await answer.arrayBuffer())) : String(answer.status)
}

for (const size of [10, 50_000]) {
  test(`an object of ${size} bytes gets another key with all that it has, and its bytes stay`, async () => {
    const bucket = await freshBucket()
    const [one, two] = [randomBytes(size), randomBytes(size)]
    const headers = { 'x-amz-meta-who': 'me', 'content-type': 'text/plain', 'x-amz-tagging': 'a=1' }
    await s3('PUT', `/${bucket}/old key`, { body: one, headers })
    await s3('PUT', `/${bucket}/taken`, { body: two })
    expect((await rename(bucket, 'old key', 'taken')).status).toBe(200)
    expect([await bytesOf(bucket, 'old key'), await bytesOf(bucket, 'taken')]).toEqual(['404', md5(one)])
    const head = await s3('HEAD', `/${bucket}/taken`)
    expect(['x-amz-meta-who', 'content-type', 'x-amz-tagging-count'].map(name => head.headers.get(name))).toEqual([
      'me',
      'text/plain',
      '1',
    ])
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')).toEqual(['taken'])
    await doJob('sweep', {}, graces(0, 0))
    expect(await bytesOf(bucket, 'taken')).toBe(md5(one))
    expect((await doJob('audit', { bucket, deep: true }, graces(0, 0))).lines).toEqual([])
    await s3('DELETE', `/${bucket}/taken`)
    await doJob('sweep', {}, graces(0, 0))
    expect((await doJob('audit', { bucket }, graces(0, 0))).counters).toEqual({ buckets: 1, blobs: 0 })
  })
}

test('conditions are of both keys, and what fails changes nothing', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/a`, { body: 'a' })
  await s3('PUT', `/${bucket}/b`, { body: 'b' })
  expect(await codeOf(await rename(bucket, 'a', 'b', { 'if-none-match': '*' }))).toBe('PreconditionFailed')
  expect(await codeOf(await rename(bucket, 'a', 'b', { 'x-amz-rename-source-if-match': '"other"' }))).toBe(
    'PreconditionFailed',
  )
  expect(await codeOf(await rename(bucket, 'missing', 'b'))).toBe('NoSuchKey')
  expect(await codeOf(await rename(bucket, 'a', 'c', { 'x-amz-rename-source': '/elsewhere/a' }))).toBe(
    'InvalidArgument',
  )
  expect([await bytesOf(bucket, 'a'), await bytesOf(bucket, 'b')]).toEqual([md5('a'), md5('b')])
  expect((await rename(bucket, 'a', 'b', { 'if-match': md5('b') })).status).toBe(200)
  expect((await rename(bucket, 'b', 'b')).status).toBe(200)
})

test('the same token renames once, and for other keys is refused', async () => {
  const bucket = await freshBucket()
  const token = { 'x-amz-client-token': 'once' }
  await s3('PUT', `/${bucket}/a`, { body: 'one' })
  expect((await rename(bucket, 'a', 'b', token)).status).toBe(200)
  await s3('PUT', `/${bucket}/a`, { body: 'two' })
  expect((await rename(bucket, 'a', 'b', token)).status).toBe(200)
  expect([await bytesOf(bucket, 'a'), await bytesOf(bucket, 'b')]).toEqual([md5('two'), md5('one')])
  expect(await codeOf(await rename(bucket, 'a', 'c', token))).toBe('IdempotencyParameterMismatch')
})

test('a full bucket has room for a rename, since nothing grows', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/a`, { body: 'one' })
  expect((await api('PUT', `buckets/${bucket}/quota`, { body: { maxObjects: 1, maxBytes: 3 } })).status).toBe(200)
  expect((await s3('PUT', `/${bucket}/b`, { body: 'two' })).ok).toBe(false)
  expect((await rename(bucket, 'a', 'b')).status).toBe(200)
  expect([await bytesOf(bucket, 'a'), await bytesOf(bucket, 'b')]).toEqual(['404', md5('one')])
})

test('a bucket that keeps versions has no rename', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/a`, { body: 'one' })
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', `/${bucket}`, { query: { versioning: '' }, body })
  expect((await rename(bucket, 'a', 'b')).status).toBe(501)
})
