import { describe, expect, test } from 'vitest'
import { doJob, graces } from '../support/jobs'
import { codeOf, freshBucket, md5, randomBytes, s3, texts } from '../support/s3'

async function setVersioning(bucket: string, status: string): Promise<Response> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  return s3('PUT', `/${bucket}`, { query: { versioning: '' }, body })
}

async function versionedBucket(): Promise<string> {
  const bucket = await freshBucket()
  expect((await setVersioning(bucket, 'Enabled')).status).toBe(200)
  return bucket
}

async function put(bucket: string, key: string, body: string | Uint8Array): Promise<string> {
  return (await s3('PUT', `/${bucket}/${key}`, { body })).headers.get('x-amz-version-id') ?? ''
}

async function read(bucket: string, key: string, versionId?: string): Promise<string> {
  return (await s3('GET', `/${bucket}/${key}`, { query: versionId === undefined ? {} : { versionId } })).text()
}

/** Versions and markers in the order of the listing: `key version kind latest`. */
async function listed(bucket: string, query: Record<string, string> = {}): Promise<string[]> {
  const xml = await (await s3('GET', `/${bucket}`, { query: { versions: '', ...query } })).text()
  return Array.from(xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g), ([, kind, inner = '']) => {
    const [key] = texts(inner, 'Key')
    return `${key} ${texts(inner, 'VersionId')[0]} ${kind === 'Version' ? 'version' : 'marker'}${inner.includes('<IsLatest>true') ? ' latest' : ''}`
  })
}

describe('a bucket that keeps versions', () => {
  test('keeps each write under an id of its own, and shows the latest', async () => {
    const bucket = await versionedBucket()
    const one = await put(bucket, 'key', 'one')
    const two = await put(bucket, 'key', randomBytes(50_000))
    const three = await put(bucket, 'key', 'three')
    expect(new Set([one, two, three]).size).toBe(3)
    expect([one, two, three].sort()).toEqual([one, two, three])
    expect(await read(bucket, 'key')).toBe('three')
    expect(await read(bucket, 'key', one)).toBe('one')
    expect((await read(bucket, 'key', two)).length).toBeGreaterThan(1000)
    const head = await s3('HEAD', `/${bucket}/key`, { query: { versionId: one } })
    expect([head.headers.get('x-amz-version-id'), head.headers.get('content-length')]).toEqual([one, '3'])
    expect(await listed(bucket)).toEqual([`key ${three} version latest`, `key ${two} version`, `key ${one} version`])
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')).toEqual(['key'])
  })

  test('hides a deleted key behind a marker, and gives it back when that is removed', async () => {
    const bucket = await versionedBucket()
    const one = await put(bucket, 'key', 'one')
    const deleted = await s3('DELETE', `/${bucket}/key`)
    const marker = deleted.headers.get('x-amz-version-id') ?? ''
    expect([deleted.status, deleted.headers.get('x-amz-delete-marker')]).toEqual([204, 'true'])
    const gone = await s3('GET', `/${bucket}/key`)
    expect([gone.status, gone.headers.get('x-amz-delete-marker'), gone.headers.get('x-amz-version-id')]).toEqual([
      404,
      'true',
      marker,
    ])
    const asked = await s3('GET', `/${bucket}/key`, { query: { versionId: marker } })
    expect([asked.status, asked.headers.get('x-amz-delete-marker')]).toEqual([405, 'true'])
    expect(asked.headers.has('last-modified')).toBe(true)
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')).toEqual([])
    expect(await listed(bucket)).toEqual([`key ${marker} marker latest`, `key ${one} version`])
    expect(await read(bucket, 'key', one)).toBe('one')
    const back = await s3('DELETE', `/${bucket}/key`, { query: { versionId: marker } })
    expect([back.headers.get('x-amz-delete-marker'), back.headers.get('x-amz-version-id')]).toEqual(['true', marker])
    expect(await read(bucket, 'key')).toBe('one')
  })

  test('marks keys that never were, as S3 does', async () => {
    const bucket = await versionedBucket()
    const marker = (await s3('DELETE', `/${bucket}/never`)).headers.get('x-amz-version-id')
    expect(await listed(bucket)).toEqual([`never ${marker} marker latest`])
  })

  test('removes exactly the version that is named; the next newest is the latest then', async () => {
    const bucket = await versionedBucket()
    const ids = [await put(bucket, 'key', 'one'), await put(bucket, 'key', 'two'), await put(bucket, 'key', 'three')]
    const [one = '', two = '', three = ''] = ids
    const removed = await s3('DELETE', `/${bucket}/key`, { query: { versionId: three } })
    expect([removed.status, removed.headers.get('x-amz-version-id')]).toEqual([204, three])
    expect(await read(bucket, 'key')).toBe('two')
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: one } })
    expect(await listed(bucket)).toEqual([`key ${two} version latest`])
    expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { versionId: one } }))).toBe('NoSuchVersion')
    expect((await s3('DELETE', `/${bucket}/key`, { query: { versionId: one } })).status).toBe(204)
    expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { versionId: 'garbage' } }))).toBe('InvalidArgument')
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: two } })
    expect(await codeOf(await s3('GET', `/${bucket}/key`))).toBe('NoSuchKey')
    expect((await s3('DELETE', `/${bucket}`)).status).toBe(204)
  })

  test('is not empty while a version or marker remains', async () => {
    const bucket = await versionedBucket()
    const one = await put(bucket, 'key', 'one')
    const marker = (await s3('DELETE', `/${bucket}/key`)).headers.get('x-amz-version-id') ?? ''
    expect(await codeOf(await s3('DELETE', `/${bucket}`))).toBe('BucketNotEmpty')
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: one } })
    expect(await codeOf(await s3('DELETE', `/${bucket}`))).toBe('BucketNotEmpty')
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: marker } })
    expect((await s3('DELETE', `/${bucket}`)).status).toBe(204)
  })

  test('judges conditions by the latest version; a marker counts as no object', async () => {
    const bucket = await versionedBucket()
    await put(bucket, 'key', 'one')
    const write = (headers: Record<string, string>) => s3('PUT', `/${bucket}/key`, { body: 'x', headers })
    expect((await write({ 'if-none-match': '*' })).status).toBe(412)
    await s3('DELETE', `/${bucket}/key`)
    expect((await write({ 'if-match': '*' })).status).toBe(404)
    expect((await write({ 'if-none-match': '*' })).status).toBe(200)
  })

  test('copies from a version, also to bring an old one back', async () => {
    const bucket = await versionedBucket()
    const other = await freshBucket()
    const bytes = randomBytes(60_000)
    const one = await put(bucket, 'key', bytes)
    await put(bucket, 'key', 'two')
    const source = { 'x-amz-copy-source': `${bucket}/key?versionId=${one}` }
    const back = await s3('PUT', `/${bucket}/key`, { headers: source })
    expect([back.status, back.headers.get('x-amz-copy-source-version-id')]).toEqual([200, one])
    expect(back.headers.get('x-amz-version-id')).not.toBe(one)
    const across = await s3('PUT', `/${other}/copy`, { headers: source })
    expect([across.status, across.headers.has('x-amz-version-id')]).toEqual([200, false])
    for (const path of [`/${bucket}/key`, `/${other}/copy`]) {
      expect(md5(new Uint8Array(await (await s3('GET', path)).arrayBuffer()))).toBe(md5(bytes))
    }
    // Its blob is shared now; it goes with the last holder.
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: one } })
    await doJob('sweep', {}, graces(0, 0))
    expect(md5(new Uint8Array(await (await s3('GET', `/${bucket}/key`)).arrayBuffer()))).toBe(md5(bytes))
    expect((await doJob('audit', { bucket, deep: true }, graces(0, 0))).lines).toEqual([])
  })

  test('gives a completed upload a version', async () => {
    const bucket = await versionedBucket()
    const one = await put(bucket, 'key', 'one')
    const begun = await (await s3('POST', `/${bucket}/key`, { query: { uploads: '' } })).text()
    const uploadId = texts(begun, 'UploadId')[0] ?? ''
    await s3('PUT', `/${bucket}/key`, { query: { uploadId, partNumber: '1' }, body: 'part' })
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${md5('part')}</ETag></Part></CompleteMultipartUpload>`
    const completed = await s3('POST', `/${bucket}/key`, { query: { uploadId }, body })
    const two = completed.headers.get('x-amz-version-id')
    expect(await listed(bucket)).toEqual([`key ${two} version latest`, `key ${one} version`])
  })

  test('DeleteObjects removes keys and versions, and tells of each marker', async () => {
    const bucket = await versionedBucket()
    const one = await put(bucket, 'a', 'one')
    const two = await put(bucket, 'b', 'two')
    const body = `<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>${two}</VersionId></Object>
      <Object><Key>c</Key><VersionId>nonsense</VersionId></Object></Delete>`
    const answer = await (await s3('POST', `/${bucket}`, { query: { delete: '' }, body })).text()
    const marker = texts(answer, 'DeleteMarkerVersionId')[0]
    expect(answer).toContain('<DeleteMarker>true</DeleteMarker>')
    expect(texts(answer, 'Code')).toEqual(['InvalidArgument'])
    expect(await listed(bucket)).toEqual([`a ${marker} marker latest`, `a ${one} version`])
  })
})

describe('a bucket whose versioning is suspended', () => {
  test('writes and deletes the null version, and keeps the others', async () => {
    const bucket = await freshBucket()
    await put(bucket, 'key', 'before')
    await setVersioning(bucket, 'Enabled')
    expect(await listed(bucket)).toEqual(['key null version latest'])
    const one = await put(bucket, 'key', 'one')
    expect(await read(bucket, 'key', 'null')).toBe('before')
    await setVersioning(bucket, 'Suspended')
    expect(await put(bucket, 'key', 'null two')).toBe('null')
    expect(await listed(bucket)).toEqual(['key null version latest', `key ${one} version`])
    expect(await put(bucket, 'key', randomBytes(50_000))).toBe('null')
    expect(await listed(bucket)).toEqual(['key null version latest', `key ${one} version`])
    const deleted = await s3('DELETE', `/${bucket}/key`)
    expect(deleted.headers.get('x-amz-version-id')).toBe('null')
    expect(await listed(bucket)).toEqual(['key null marker latest', `key ${one} version`])
    await s3('DELETE', `/${bucket}/key`)
    expect(await listed(bucket)).toEqual(['key null marker latest', `key ${one} version`])
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: 'null' } })
    expect(await read(bucket, 'key')).toBe('one')
    expect((await doJob('audit', { bucket }, graces(0, 0))).counters.breaches ?? 0).toBeLessThanOrEqual(2)
    await doJob('sweep', {}, graces(0, 0))
    expect((await doJob('audit', { bucket }, graces(0, 0))).lines).toEqual([])
  })

  test('never enabled, it shows no version ids, and its one version is null', async () => {
    const bucket = await freshBucket()
    expect(await (await s3('GET', `/${bucket}`, { query: { versioning: '' } })).text()).not.toContain('Status')
    const written = await s3('PUT', `/${bucket}/key`, { body: 'x' })
    expect(written.headers.has('x-amz-version-id')).toBe(false)
    expect(await read(bucket, 'key', 'null')).toBe('x')
    expect(await listed(bucket)).toEqual(['key null version latest'])
    expect((await s3('DELETE', `/${bucket}/key`, { query: { versionId: 'null' } })).status).toBe(204)
    expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { versionId: 'null' } }))).toBe('NoSuchVersion')
    expect(await codeOf(await setVersioning(bucket, 'On'))).toBe('IllegalVersioningConfigurationException')
  })
})

test('ListObjectVersions pages through versions and common prefixes without a gap or a double', async () => {
  const bucket = await versionedBucket()
  const keys = ['a', 'b/1', 'b/2', 'b0', 'c', 'd/x', 'e']
  for (const key of keys) for (let i = 0; i < 3; i++) await put(bucket, key, `${i}`)
  await s3('DELETE', `/${bucket}/c`)
  const all = await listed(bucket)
  expect(all).toHaveLength(22)
  for (const [size, delimiter] of [
    [1, undefined],
    [2, undefined],
    [5, undefined],
    [1, '/'],
    [3, '/'],
  ] as const) {
    const seen: string[] = []
    let marker: Record<string, string> = {}
    for (let pages = 0; pages < 60; pages++) {
      const query = { 'max-keys': String(size), ...(delimiter ? { delimiter } : {}), ...marker }
      const xml = await (await s3('GET', `/${bucket}`, { query: { versions: '', ...query } })).text()
      seen.push(...(await listed(bucket, query)), ...texts(xml.replace(/.*?(?=<CommonPrefixes>|$)/s, ''), 'Prefix'))
      if (!xml.includes('<IsTruncated>true')) break
      const versionMarker = texts(xml, 'NextVersionIdMarker')[0]
      marker = {
        'key-marker': texts(xml, 'NextKeyMarker')[0] ?? '',
        ...(versionMarker === undefined ? {} : { 'version-id-marker': versionMarker }),
      }
    }
    const expected = delimiter ? [...all.filter(line => !line.includes('/')), 'b/', 'd/'] : all
    expect([size, delimiter, [...seen].sort()]).toEqual([size, delimiter, [...expected].sort()])
    if (!delimiter) expect(seen).toEqual(all)
  }
})

describe('a page of versions after one that was removed meanwhile', () => {
  test('goes on with all that remains of the key when the null version was the last one shown', async () => {
    const bucket = await versionedBucket()
    const [one, two] = [await put(bucket, 'key', 'one'), await put(bucket, 'key', 'two')]
    await setVersioning(bucket, 'Suspended')
    await put(bucket, 'key', 'null')
    const page = await (await s3('GET', `/${bucket}`, { query: { versions: '', 'max-keys': '1' } })).text()
    expect(texts(page, 'NextVersionIdMarker')).toEqual(['null'])
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: 'null' } })
    const rest = await listed(bucket, { 'key-marker': 'key', 'version-id-marker': 'null' })
    expect(rest).toEqual([`key ${two} version latest`, `key ${one} version`])
  })

  test('says which version is now the latest', async () => {
    const bucket = await versionedBucket()
    const [one, two] = [await put(bucket, 'key', 'one'), await put(bucket, 'key', 'two')]
    const rest = () => listed(bucket, { 'key-marker': 'key', 'version-id-marker': two })
    expect(await rest()).toEqual([`key ${one} version`])
    await s3('DELETE', `/${bucket}/key`, { query: { versionId: two } })
    expect(await rest()).toEqual([`key ${one} version latest`])
  })
})

test('a conditional delete of a key that is not there leaves no marker', async () => {
  const bucket = await versionedBucket()
  const one = await put(bucket, 'key', 'x')
  await s3('DELETE', `/${bucket}/key`)
  const before = await listed(bucket)
  for (const name of ['key', 'never']) {
    const deleted = await s3('DELETE', `/${bucket}/${name}`, { headers: { 'if-match': `"${md5('x')}"` } })
    expect([deleted.status, deleted.headers.get('x-amz-delete-marker')]).toEqual([204, null])
  }
  expect(await listed(bucket)).toEqual(before)
  expect(before.at(-1)).toBe(`key ${one} version`)
})

test('emptying a bucket goes on past a page of versions that are protected', async () => {
  const bucket = await freshBucket({ headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  const headers = {
    'content-md5': Buffer.from(md5('x'), 'hex').toString('base64'),
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': new Date(Date.now() + 86_400_000).toISOString(),
  }
  const lock = (i: number) => s3('PUT', `/${bucket}/a${i}`, { body: 'x', headers })
  const isKept = async () => (await Promise.all(Array.from({ length: 50 }, (_, i) => lock(i)))).every(({ ok }) => ok)
  // Versions of few keys: a page is a thousand of them.
  for (let round = 0; round < 20; round++) expect(await isKept()).toBe(true)
  await put(bucket, 'z', 'z')
  expect((await doJob('empty-bucket', { bucket })).counters).toEqual({ removed: 1, protected: 1000, uploads: 0 })
  expect(await listed(bucket, { prefix: 'z' })).toEqual([])
})

test('the counters count keys once, and the bytes of all versions', async () => {
  const bucket = await versionedBucket()
  const one = await put(bucket, 'key', 'x'.repeat(10))
  await put(bucket, 'key', 'x'.repeat(20))
  await s3('DELETE', `/${bucket}/key`)
  expect((await doJob('audit', { bucket })).lines).toEqual([])
  await s3('DELETE', `/${bucket}/key`, { query: { versionId: one } })
  expect((await doJob('audit', { bucket })).lines).toEqual([])
  expect((await doJob('empty-bucket', { bucket })).counters).toMatchObject({ removed: 2 })
  expect(await listed(bucket)).toEqual([])
})
