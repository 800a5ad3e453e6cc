import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Job } from '../../src/model/job'
import { openWharf } from '../../src/wharf'
import { doJob } from '../support/jobs'
import { freshBucket, randomBytes, s3, texts } from '../support/s3'
import { spoil } from '../support/spoil'

const DAY = 86_400_000

async function setRules(bucket: string, ...rules: string[]): Promise<void> {
  const all = rules.map((rule, i) => `<Rule><ID>rule-${i}</ID><Status>Enabled</Status>${rule}</Rule>`).join('')
  const body = `<LifecycleConfiguration>${all}</LifecycleConfiguration>`
  const answer = await s3('PUT', `/${bucket}`, { query: { lifecycle: '' }, body })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
}

const ALL = '<Filter></Filter>'
const under = (prefix: string) => `<Filter><Prefix>${prefix}</Prefix></Filter>`
const expiring = (days: number) => `<Expiration><Days>${days}</Days></Expiration>`

async function versionedBucket(): Promise<string> {
  const bucket = await freshBucket()
  await setVersioning(bucket, 'Enabled')
  return bucket
}

async function setVersioning(bucket: string, state: string): Promise<void> {
  const body = `<VersioningConfiguration><Status>${state}</Status></VersioningConfiguration>`
  expect((await s3('PUT', `/${bucket}`, { query: { versioning: '' }, body })).status).toBe(200)
}

/** Everything that is in the bucket was done so many days earlier. */
function age(bucket: string, days: number): Promise<void> {
  const millis = days * DAY
  return spoil(
    bucket,
    `update objects set modified = modified - ${millis};
     update versions set modified = modified - ${millis}, since = since - ${millis};
     update uploads set initiated = initiated - ${millis}`,
  )
}

/** Does a round in this bucket, and sees that its tables fit together afterwards. */
async function run(bucket: string, settings: Record<string, string> = {}): Promise<Record<string, number>> {
  const { counters } = await doJob('lifecycle', { bucket }, settings)
  expect((await doJob('audit', { bucket })).lines).toEqual([])
  return counters
}

async function put(bucket: string, key: string, headers: Record<string, string> = {}, body = key): Promise<string> {
  const md5 = createHash('md5').update(body).digest('base64')
  const answer = await s3('PUT', `/${bucket}/${key}`, { body, headers: { 'content-md5': md5, ...headers } })
  expect(answer.status).toBe(200)
  return answer.headers.get('x-amz-version-id') ?? ''
}

async function keys(bucket: string): Promise<string[]> {
  return texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')
}

/** Versions and markers in the order of the listing. */
async function versions(bucket: string): Promise<string[]> {
  const xml = await (await s3('GET', `/${bucket}`, { query: { versions: '' } })).text()
  return Array.from(xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g), ([, kind, inner = '']) =>
    kind === 'Version' ? (texts(inner, 'VersionId')[0] ?? '') : `marker of ${texts(inner, 'Key')[0]}`,
  )
}

describe('a round of the lifecycle', () => {
  test('deletes what has expired, and nothing else', async () => {
    const bucket = await freshBucket()
    await setRules(
      bucket,
      `${under('tmp/')}${expiring(3)}`,
      `${under('tmp/deep/')}${expiring(3)}`,
      `<Filter><Tag><Key>keep</Key><Value>no</Value></Tag></Filter>${expiring(3)}`,
      `<Filter><And><Prefix>big/</Prefix><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></And></Filter>${expiring(3)}`,
    )
    await put(bucket, 'tmp/old')
    await put(bucket, 'tmp/deep/old', {}, 'x'.repeat(50_000))
    await put(bucket, 'tmpfile')
    await put(bucket, 'tagged', { 'x-amz-tagging': 'keep=no&a=b' })
    await put(bucket, 'otherwise tagged', { 'x-amz-tagging': 'keep=yes' })
    await put(bucket, 'big/small')
    await put(bucket, 'big/big', {}, 'more than ten bytes')
    await age(bucket, 3)
    expect(await run(bucket)).toEqual({})
    await age(bucket, 1)
    await put(bucket, 'tmp/new')
    expect((await doJob('lifecycle', { bucket, dryRun: true })).counters).toEqual({ expired: 4 })
    expect(await run(bucket)).toEqual({ expired: 4 })
    expect(await keys(bucket)).toEqual(['big/small', 'otherwise tagged', 'tmp/new', 'tmpfile'])
    expect(await run(bucket)).toEqual({})
  })

  test('does nothing by a rule that is disabled, or in a bucket without rules', async () => {
    const bucket = await freshBucket()
    await put(bucket, 'key')
    await age(bucket, 100)
    expect(await run(bucket)).toEqual({})
    const body = `<LifecycleConfiguration><Rule><ID>a</ID><Status>Disabled</Status>${ALL}${expiring(1)}</Rule></LifecycleConfiguration>`
    await s3('PUT', `/${bucket}`, { query: { lifecycle: '' }, body })
    expect(await run(bucket)).toEqual({})
    expect(await keys(bucket)).toEqual(['key'])
  })

  test('never deletes what is written while it works', async () => {
    const bucket = await freshBucket()
    const names = Array.from({ length: 60 }, (_, i) => `key-${i}`)
    await Promise.all(names.map(key => put(bucket, key, {}, 'old')))
    await age(bucket, 10)
    await setRules(bucket, `${ALL}${expiring(1)}`)
    const writes = names.slice(0, 30).map(key => put(bucket, key, {}, 'new'))
    const [counters] = await Promise.all([run(bucket), ...writes])
    expect((await keys(bucket)).sort()).toEqual(names.slice(0, 30).sort())
    for (const key of names.slice(0, 30)) expect(await (await s3('GET', `/${bucket}/${key}`)).text()).toBe('new')
    expect(counters.expired).toBeGreaterThanOrEqual(30)
  })

  test('takes its days as short as it is told', async () => {
    const bucket = await freshBucket()
    await setRules(bucket, `${ALL}${expiring(1)}`)
    await put(bucket, 'key')
    expect(await run(bucket)).toEqual({})
    await new Promise(resolve => setTimeout(resolve, 2100))
    expect(await run(bucket, { WHARF_LIFECYCLE_DAY_SECONDS: '1' })).toEqual({ expired: 1 })
  })

  test('ends uploads that nobody completed', async () => {
    const bucket = await freshBucket()
    await setRules(
      bucket,
      `${under('a')}<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
    )
    const begin = async (key: string) =>
      texts(await (await s3('POST', `/${bucket}/${key}`, { query: { uploads: '' } })).text(), 'UploadId')[0] ?? ''
    const uploadId = await begin('a/1')
    await s3('PUT', `/${bucket}/a/1`, { query: { uploadId, partNumber: '1' }, body: randomBytes(50_000) })
    await begin('a/2')
    await begin('b')
    await age(bucket, 8)
    await begin('a/3')
    expect(await run(bucket)).toEqual({ aborted: 2 })
    const left = await (await s3('GET', `/${bucket}`, { query: { uploads: '' } })).text()
    expect(texts(left, 'Key')).toEqual(['a/3', 'b'])
  })

  test('changes the storage class of what is due, and makes no new version of it', async () => {
    const bucket = await versionedBucket()
    await setRules(
      bucket,
      `<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>
       <Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>
       <Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>
       <NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>GLACIER_IR</StorageClass></NoncurrentVersionTransition>`,
    )
    const one = await put(bucket, 'key', { 'x-amz-meta-a': 'b' }, 'one')
    const two = await put(bucket, 'key', {}, 'two')
    await age(bucket, 31)
    expect(await run(bucket)).toEqual({ transitioned: 2 })
    const older = await s3('HEAD', `/${bucket}/key`, { query: { versionId: one } })
    expect(older.headers.get('x-amz-storage-class')).toBe('GLACIER_IR')
    expect(older.headers.get('x-amz-meta-a')).toBe('b')
    const latest = await s3('GET', `/${bucket}/key`)
    expect([latest.headers.get('x-amz-storage-class'), await latest.text()]).toEqual(['STANDARD_IA', 'two'])
    expect(await versions(bucket)).toEqual([two, one])
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'StorageClass')).toEqual(['STANDARD_IA'])
    expect(await run(bucket)).toEqual({})
  })
})

describe('where versions are kept, a round of the lifecycle', () => {
  test('hides what has expired behind a marker, and in the end removes that too', async () => {
    const bucket = await versionedBucket()
    await setRules(
      bucket,
      `${ALL}${expiring(1)}<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>`,
    )
    const version = await put(bucket, 'key')
    await age(bucket, 5)
    expect(await run(bucket)).toEqual({ expired: 1 })
    expect(await versions(bucket)).toEqual(['marker of key', version])
    expect((await s3('GET', `/${bucket}/key`, { query: { versionId: version } })).status).toBe(200)
    await age(bucket, 3)
    expect(await run(bucket)).toEqual({ removed: 1 })
    expect(await versions(bucket)).toEqual(['marker of key'])
    expect(await run(bucket)).toEqual({ markers: 1 })
    expect(await versions(bucket)).toEqual([])
  })

  test('removes a marker that hides nothing, and never one that hides something', async () => {
    const bucket = await versionedBucket()
    await setRules(bucket, `${ALL}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`)
    const version = await put(bucket, 'hidden')
    await s3('DELETE', `/${bucket}/hidden`)
    await s3('DELETE', `/${bucket}/never`)
    expect(await run(bucket)).toEqual({ markers: 1 })
    expect(await versions(bucket)).toEqual(['marker of hidden', version])
  })

  test('counts the days of an older version from when another came over it, also for markers', async () => {
    const bucket = await versionedBucket()
    await setRules(
      bucket,
      `${ALL}<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>`,
    )
    await put(bucket, 'key', {}, 'one')
    await s3('DELETE', `/${bucket}/key`)
    await age(bucket, 10)
    const two = await put(bucket, 'key', {}, 'two')
    expect(await run(bucket)).toEqual({ removed: 1 })
    expect(await versions(bucket)).toEqual([two, 'marker of key'])
    await age(bucket, 4)
    expect(await run(bucket)).toEqual({ markers: 1 })
    expect(await versions(bucket)).toEqual([two])
  })

  test('keeps as many newer versions as the rule says, over any number of pages', async () => {
    const bucket = await versionedBucket()
    await setRules(
      bucket,
      `${ALL}<NoncurrentVersionExpiration><NewerNoncurrentVersions>3</NewerNoncurrentVersions><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>`,
    )
    await put(bucket, 'before')
    await put(bucket, 'many')
    await put(bucket, 'nothing older')
    await spoil(
      bucket,
      `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1200)
       insert into versions select 'many', -n, 0, '', 0, null, null, null, 'v' || n, null, null, null, 1, 0, 0 from numbers`,
    )
    expect(await run(bucket)).toEqual({ removed: 1197 })
    expect(await versions(bucket)).toHaveLength(6)
    expect(await run(bucket)).toEqual({})
  })

  test('never removes a version that is locked', async () => {
    const bucket = await freshBucket({ headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
    await setRules(
      bucket,
      `${ALL}${expiring(1)}<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>`,
    )
    const held = await put(bucket, 'held', { 'x-amz-object-lock-legal-hold': 'ON' })
    await put(bucket, 'free')
    await age(bucket, 3)
    expect(await run(bucket)).toEqual({ expired: 2 })
    await age(bucket, 3)
    expect(await run(bucket)).toEqual({ removed: 1, protected: 1 })
    expect(await versions(bucket)).toEqual(['marker of free', 'marker of held', held])
  })

  test('treats the version without a number as any other, while no more versions are kept', async () => {
    const bucket = await freshBucket()
    await put(bucket, 'key', {}, 'unnumbered')
    await setVersioning(bucket, 'Enabled')
    await put(bucket, 'key', {}, 'numbered')
    await setVersioning(bucket, 'Suspended')
    await setRules(
      bucket,
      `${ALL}${expiring(1)}<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>`,
    )
    await age(bucket, 3)
    expect(await run(bucket)).toEqual({ removed: 1, expired: 1 })
    expect((await versions(bucket)).map(one => one.slice(0, 6))).toEqual(['marker', 'v00000'])
    expect((await s3('GET', `/${bucket}/key`)).status).toBe(404)
  })
})

test('answers tell when an object will expire, and an upload be aborted', async () => {
  const bucket = await freshBucket()
  await setRules(
    bucket,
    `<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>${expiring(5)}`,
    `${under('p/')}${expiring(10)}`,
    `${ALL}<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
  )
  const inDays = (days: number) => new Date(Math.ceil(Date.now() / DAY + days) * DAY).toUTCString()
  const told = async (...ask: Parameters<typeof s3>) => (await s3(...ask)).headers.get('x-amz-expiration')
  const ofPrefix = `expiry-date="${inDays(10)}", rule-id="rule-1"`
  const ofTag = `expiry-date="${inDays(5)}", rule-id="rule-0"`
  const tagged = { 'x-amz-tagging': 'a=b' }

  expect(await told('PUT', `/${bucket}/p/key`, { body: 'x' })).toBe(ofPrefix)
  expect(await told('PUT', `/${bucket}/p/tagged`, { body: 'x', headers: tagged })).toBe(ofTag)
  expect(await told('PUT', `/${bucket}/other`, { body: 'x' })).toBeNull()
  expect(await told('GET', `/${bucket}/p/key`)).toBe(ofPrefix)
  expect(await told('HEAD', `/${bucket}/p/tagged`)).toBe(ofTag)
  const source = { 'x-amz-copy-source': `${bucket}/p/tagged` }
  expect(await told('PUT', `/${bucket}/copy`, { headers: source })).toBe(ofTag)
  const plain = await freshBucket()
  expect(await told('PUT', `/${plain}/copy`, { headers: source })).toBeNull()

  const created = await s3('POST', `/${bucket}/upload`, { query: { uploads: '' }, headers: tagged })
  expect([created.headers.get('x-amz-abort-date'), created.headers.get('x-amz-abort-rule-id')]).toEqual([
    inDays(2),
    'rule-2',
  ])
  const uploadId = texts(await created.text(), 'UploadId')[0] ?? ''
  const part = await s3('PUT', `/${bucket}/upload`, { query: { uploadId, partNumber: '1' }, body: 'x' })
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part></CompleteMultipartUpload>`
  expect(await told('POST', `/${bucket}/upload`, { query: { uploadId }, body })).toBe(ofTag)
})

test('the lifecycle comes round by itself', async () => {
  const bucket = await freshBucket()
  await put(bucket, 'key')
  await setRules(bucket, `${ALL}<Expiration><Date>2020-01-01T00:00:00.000Z</Date></Expiration>`)
  await openWharf({ ...env, WHARF_LIFECYCLE_INTERVAL_SECONDS: '1' }, createExecutionContext())
  const found = async () => {
    const answer = await s3('GET', '/_wharf/api/jobs', { query: { kind: 'lifecycle' } })
    return (await answer.json<{ jobs: Job[] }>()).jobs[0]
  }
  for (let tries = 0; tries < 100 && !(await found())?.counters.expired; tries++) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  expect(await found()).toMatchObject({ id: 'lifecycle', caller: 'wharf', counters: { expired: expect.any(Number) } })
  expect(await keys(bucket)).toEqual([])
})
