import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { doJob } from '../support/jobs'
import { codeOf, freshBucket, s3, texts } from '../support/s3'
import { spoil } from '../support/spoil'

const HOUR = 3_600_000
const inMillis = (millis: number) => new Date(Date.now() + millis).toISOString()

async function lockedBucket(): Promise<string> {
  return freshBucket({ headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
}

function put(bucket: string, key: string, headers: Record<string, string> = {}, body = 'body') {
  const md5 = createHash('md5').update(body).digest('base64')
  return s3('PUT', `/${bucket}/${key}`, { body, headers: { 'content-md5': md5, ...headers } })
}

function remove(bucket: string, key: string, versionId: string, headers: Record<string, string> = {}) {
  return s3('DELETE', `/${bucket}/${key}`, { query: { versionId }, headers })
}

function retain(bucket: string, mode: string, until: string, headers: Record<string, string> = {}) {
  const body =
    mode === ''
      ? '<Retention></Retention>'
      : `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`
  return s3('PUT', `/${bucket}/key`, { query: { retention: '' }, body, headers })
}

const BYPASS = { 'x-amz-bypass-governance-retention': 'true' }

const lockHeaders = (mode: string, until = inMillis(HOUR)) => ({
  'x-amz-object-lock-mode': mode,
  'x-amz-object-lock-retain-until-date': until,
})

describe('a version under compliance', () => {
  test('cannot be removed or its lock weakened by anybody; a delete only hides it', async () => {
    const bucket = await lockedBucket()
    const written = await put(bucket, 'key', lockHeaders('COMPLIANCE'))
    const version = written.headers.get('x-amz-version-id') ?? ''
    for (const headers of [{}, BYPASS]) {
      const refused = await remove(bucket, 'key', version, headers)
      expect([refused.status, await codeOf(refused)]).toEqual([403, 'AccessDenied'])
    }
    const batch = `<Delete><Object><Key>key</Key><VersionId>${version}</VersionId></Object></Delete>`
    const answer = await s3('POST', `/${bucket}`, { query: { delete: '' }, body: batch, headers: BYPASS })
    expect(texts(await answer.text(), 'Code')).toEqual(['AccessDenied'])
    expect((await retain(bucket, 'COMPLIANCE', inMillis(HOUR / 2), BYPASS)).status).toBe(403)
    expect((await retain(bucket, 'GOVERNANCE', inMillis(2 * HOUR), BYPASS)).status).toBe(403)
    expect((await retain(bucket, '', '', BYPASS)).status).toBe(403)
    expect((await retain(bucket, 'COMPLIANCE', inMillis(2 * HOUR))).status).toBe(200)
    expect((await s3('DELETE', `/${bucket}/key`)).status).toBe(204)
    expect(await codeOf(await s3('DELETE', `/${bucket}`))).toBe('BucketNotEmpty')
    expect((await doJob('empty-bucket', { bucket })).counters).toMatchObject({ removed: 1 })
    expect(await (await s3('GET', `/${bucket}/key`, { query: { versionId: version } })).text()).toBe('body')
  })

  test('goes once its time is over', async () => {
    const bucket = await lockedBucket()
    const version =
      (await put(bucket, 'key', lockHeaders('COMPLIANCE', inMillis(1500)))).headers.get('x-amz-version-id') ?? ''
    expect((await remove(bucket, 'key', version)).status).toBe(403)
    await new Promise(resolve => setTimeout(resolve, 1600))
    expect((await remove(bucket, 'key', version)).status).toBe(204)
  })
})

test('governance yields to who may bypass it and says so', async () => {
  const bucket = await lockedBucket()
  const version = (await put(bucket, 'key', lockHeaders('GOVERNANCE'))).headers.get('x-amz-version-id') ?? ''
  expect((await remove(bucket, 'key', version)).status).toBe(403)
  expect((await retain(bucket, 'GOVERNANCE', inMillis(HOUR / 2))).status).toBe(403)
  expect((await retain(bucket, 'GOVERNANCE', inMillis(HOUR / 2), BYPASS)).status).toBe(200)
  expect((await remove(bucket, 'key', version, BYPASS)).status).toBe(204)
})

test('a legal hold keeps a version until it is taken away', async () => {
  const bucket = await lockedBucket()
  const version =
    (await put(bucket, 'key', { 'x-amz-object-lock-legal-hold': 'ON' })).headers.get('x-amz-version-id') ?? ''
  const head = await s3('HEAD', `/${bucket}/key`)
  expect(head.headers.get('x-amz-object-lock-legal-hold')).toBe('ON')
  expect((await remove(bucket, 'key', version, BYPASS)).status).toBe(403)
  const hold = (status: string) =>
    s3('PUT', `/${bucket}/key`, {
      query: { 'legal-hold': '' },
      body: `<LegalHold><Status>${status}</Status></LegalHold>`,
    })
  expect((await hold('OFF')).status).toBe(200)
  expect(await (await s3('GET', `/${bucket}/key`, { query: { 'legal-hold': '' } })).text()).toContain(
    '<Status>OFF</Status>',
  )
  expect((await remove(bucket, 'key', version)).status).toBe(204)
})

test('a lock that cannot be read counts as one', async () => {
  const bucket = await lockedBucket()
  const version = (await put(bucket, 'key')).headers.get('x-amz-version-id') ?? ''
  await spoil(bucket, `update objects set description = '{"lock":{"retention":{"mode":"UNHEARD"}}}' where key = 'key'`)
  expect((await remove(bucket, 'key', version, BYPASS)).status).toBe(403)
  await spoil(bucket, `update objects set description = '{not json' where key = 'key'`)
  expect((await remove(bucket, 'key', version, BYPASS)).status).toBe(403)
})

test('the default retention of a bucket holds for what brings none: puts, copies and uploads', async () => {
  const bucket = await lockedBucket()
  const body = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>
    <Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`
  expect((await s3('PUT', `/${bucket}`, { query: { 'object-lock': '' }, body })).status).toBe(200)
  expect(await (await s3('GET', `/${bucket}`, { query: { 'object-lock': '' } })).text()).toContain('<Days>1</Days>')
  await put(bucket, 'key')
  await s3('PUT', `/${bucket}/copy`, { headers: { 'x-amz-copy-source': `${bucket}/key` } })
  const begun = await (await s3('POST', `/${bucket}/upload`, { query: { uploads: '' } })).text()
  const uploadId = texts(begun, 'UploadId')[0] ?? ''
  await s3('PUT', `/${bucket}/upload`, { query: { uploadId, partNumber: '1' }, body: 'part' })
  const etag = createHash('md5').update('part').digest('hex')
  await s3('POST', `/${bucket}/upload`, {
    query: { uploadId },
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
  })
  for (const key of ['key', 'copy', 'upload']) {
    const { headers } = await s3('HEAD', `/${bucket}/${key}`)
    expect([key, headers.get('x-amz-object-lock-mode')]).toEqual([key, 'GOVERNANCE'])
    const until = Date.parse(headers.get('x-amz-object-lock-retain-until-date') ?? '')
    expect(Math.abs(until - Date.now() - 24 * HOUR)).toBeLessThan(60_000)
  }
})

test('what a bucket without locks, or a wrong request, is answered', async () => {
  const bucket = await freshBucket()
  expect(await codeOf(await put(bucket, 'key', lockHeaders('GOVERNANCE')))).toBe('InvalidRequest')
  await put(bucket, 'key')
  expect(await codeOf(await retain(bucket, 'GOVERNANCE', inMillis(HOUR)))).toBe('InvalidRequest')
  expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { 'legal-hold': '' } }))).toBe('InvalidRequest')
  expect(await codeOf(await s3('GET', `/${bucket}`, { query: { 'object-lock': '' } }))).toBe(
    'ObjectLockConfigurationNotFoundError',
  )
  const enable = '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>'
  expect(await codeOf(await s3('PUT', `/${bucket}`, { query: { 'object-lock': '' }, body: enable }))).toBe(
    'InvalidBucketState',
  )

  const locked = await lockedBucket()
  const unchecked = await s3('PUT', `/${locked}/key`, {
    body: 'x',
    headers: lockHeaders('GOVERNANCE'),
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  expect(await codeOf(unchecked)).toBe('InvalidRequest')
  expect(await codeOf(await put(locked, 'key', { 'x-amz-object-lock-mode': 'GOVERNANCE' }))).toBe('InvalidArgument')
  await put(locked, 'key')
  expect(await codeOf(await s3('GET', `/${locked}/key`, { query: { retention: '' } }))).toBe(
    'NoSuchObjectLockConfiguration',
  )
  const suspend = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'
  expect(await codeOf(await s3('PUT', `/${locked}`, { query: { versioning: '' }, body: suspend }))).toBe(
    'InvalidBucketState',
  )
})

test('tags are put, counted, read of each version, copied or replaced, and taken away', async () => {
  const bucket = await lockedBucket()
  const tagging = async (versionId?: string) => {
    const query: Record<string, string> = { tagging: '', ...(versionId ? { versionId } : {}) }
    const xml = await (await s3('GET', `/${bucket}/key`, { query })).text()
    return texts(xml, 'Key').map((key, i) => `${key}=${texts(xml, 'Value')[i]}`)
  }
  const one = (await put(bucket, 'key', { 'x-amz-tagging': 'a=1&b=x%20y' })).headers.get('x-amz-version-id') ?? ''
  expect((await s3('HEAD', `/${bucket}/key`)).headers.get('x-amz-tagging-count')).toBe('2')
  await put(bucket, 'key')
  expect([await tagging(), await tagging(one)]).toEqual([[], ['a=1', 'b=x y']])
  const body = '<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>'
  const changed = await s3('PUT', `/${bucket}/key`, { query: { tagging: '', versionId: one }, body })
  expect([changed.status, changed.headers.get('x-amz-version-id')]).toEqual([200, one])
  expect([await tagging(), await tagging(one)]).toEqual([[], ['c=3']])
  const copy = async (to: string, headers: Record<string, string>) => {
    await s3('PUT', `/${bucket}/${to}`, {
      headers: { 'x-amz-copy-source': `${bucket}/key?versionId=${one}`, ...headers },
    })
    return texts(await (await s3('GET', `/${bucket}/${to}`, { query: { tagging: '' } })).text(), 'Key')
  }
  expect(await copy('same', {})).toEqual(['c'])
  expect(await copy('other', { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'd=4' })).toEqual(['d'])
  expect((await s3('DELETE', `/${bucket}/key`, { query: { tagging: '', versionId: one } })).status).toBe(204)
  expect(await tagging(one)).toEqual([])
})
