import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { codeOf, freshBucket, s3, texts } from '../support/s3'

describe('a bucket', () => {
  test('is made once, headed, listed and removed when empty', async () => {
    const bucket = await freshBucket()
    const again = await s3('PUT', `/${bucket}`)
    expect([again.status, await codeOf(again)]).toEqual([409, 'BucketAlreadyOwnedByYou'])
    const head = await s3('HEAD', `/${bucket}/`)
    expect([head.status, head.headers.get('x-amz-bucket-region')]).toEqual([200, 'us-east-1'])
    expect(texts(await (await s3('GET', '/')).text(), 'Name')).toContain(bucket)
    await s3('PUT', `/${bucket}/key`, { body: 'x' })
    expect(await codeOf(await s3('DELETE', `/${bucket}`))).toBe('BucketNotEmpty')
    await s3('DELETE', `/${bucket}/key`)
    expect((await s3('DELETE', `/${bucket}`)).status).toBe(204)
    expect(await codeOf(await s3('DELETE', `/${bucket}`))).toBe('NoSuchBucket')
    expect((await s3('HEAD', `/${bucket}`)).status).toBe(404)
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { body: 'x' }))).toBe('NoSuchBucket')
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { body: 'x'.repeat(50_000) }))).toBe('NoSuchBucket')
  })

  test('removed and made again has nothing of the old one', async () => {
    const bucket = await freshBucket()
    await s3('POST', `/${bucket}/upload`, { query: { uploads: '' } })
    expect((await s3('DELETE', `/${bucket}`)).status).toBe(204)
    expect((await s3('PUT', `/${bucket}`)).status).toBe(200)
    expect(texts(await (await s3('GET', `/${bucket}`, { query: { uploads: '' } })).text(), 'Key')).toEqual([])
    expect((await s3('PUT', `/${bucket}/key`, { body: 'x' })).status).toBe(200)
  })

  test('whose removal broke off half-way is gone for everybody, and its name is free', async () => {
    const bucket = await freshBucket()
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    if (!entry) throw new Error('the namespace does not know the bucket')
    // The index was closed, and then the Worker died before it could tell the namespace.
    await env.BUCKET_INDEX.getByName(entry.id).close({ known: 1 })
    expect(await codeOf(await s3('GET', `/${bucket}`))).toBe('NoSuchBucket')
    expect((await s3('PUT', `/${bucket}`)).status).toBe(200)
  })

  test('has a name by the rules of S3, and none that other dialects need', async () => {
    const bad = [
      'ab',
      'a'.repeat(64),
      'Capital',
      'under_score',
      '-dash',
      'dash-',
      '.dot',
      'dot.',
      'a..b',
      '192.168.1.1',
      'xn--a',
      'sthree-a',
      'a-s3alias',
      'a--ol-s3',
      'api',
      'auth',
      'docs',
      'healthcheck',
      'info',
      'metrics',
      'minio',
      'swift',
      'ü-bucket',
    ]
    for (const name of bad)
      expect([name, await codeOf(await s3('PUT', `/${name}`))]).toEqual([name, 'InvalidBucketName'])
    for (const name of ['a.b-c', '0a1', `long-${'a'.repeat(58)}`])
      expect((await s3('PUT', `/${name}`)).status).toBe(200)
  })

  test('takes any location, and says none for the oldest region', async () => {
    const bucket = `located-${Date.now().toString(36)}`
    const body =
      '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>'
    expect((await s3('PUT', `/${bucket}`, { body })).headers.get('location')).toBe(`/${bucket}`)
    const location = await (await s3('GET', `/${bucket}`, { query: { location: '' } })).text()
    expect(location).toContain(
      '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>',
    )
    expect(await codeOf(await s3('PUT', `/${bucket}-2`, { body: '<Create' }))).toBe('MalformedXML')
  })

  test('made by many at once is made once', async () => {
    const bucket = `raced-${Date.now().toString(36)}`
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => s3('PUT', `/${bucket}`)))).map(
      one => one.status,
    )
    expect(statuses.filter(status => status === 200)).toHaveLength(1)
    expect(statuses.filter(status => status === 409)).toHaveLength(7)
  })

  test('list comes in pages', async () => {
    const prefix = `page-${Date.now().toString(36)}-`
    for (const letter of ['a', 'b', 'c']) await s3('PUT', `/${prefix}${letter}`)
    const first = await (await s3('GET', '/', { query: { prefix, 'max-buckets': '2' } })).text()
    expect(texts(first, 'Name')).toEqual([`${prefix}a`, `${prefix}b`])
    const token = texts(first, 'ContinuationToken')[0] ?? ''
    const rest = await (
      await s3('GET', '/', { query: { prefix, 'max-buckets': '2', 'continuation-token': token } })
    ).text()
    expect([texts(rest, 'Name'), texts(rest, 'ContinuationToken')]).toEqual([[`${prefix}c`], []])
    expect(await codeOf(await s3('GET', '/', { query: { 'max-buckets': '0' } }))).toBe('InvalidArgument')
  })
})

describe('a setting that was never made', () => {
  const unset: [string, string][] = [
    ['policy', 'NoSuchBucketPolicy'],
    ['cors', 'NoSuchCORSConfiguration'],
    ['tagging', 'NoSuchTagSet'],
    ['lifecycle', 'NoSuchLifecycleConfiguration'],
    ['publicAccessBlock', 'NoSuchPublicAccessBlockConfiguration'],
    ['ownershipControls', 'OwnershipControlsNotFoundError'],
    ['object-lock', 'ObjectLockConfigurationNotFoundError'],
    ['encryption', 'ServerSideEncryptionConfigurationNotFoundError'],
    ['website', 'NoSuchWebsiteConfiguration'],
    ['replication', 'ReplicationConfigurationNotFoundError'],
  ]
  const empty: [string, string][] = [
    ['versioning', 'VersioningConfiguration'],
    ['notification', 'NotificationConfiguration'],
    ['logging', 'BucketLoggingStatus'],
    ['accelerate', 'AccelerateConfiguration'],
    ['requestPayment', 'RequestPaymentConfiguration'],
    ['policyStatus', 'PolicyStatus'],
    ['acl', 'AccessControlPolicy'],
  ]

  test("answers S3's own word for that", async () => {
    const bucket = await freshBucket()
    for (const [name, code] of unset) {
      const answer = await s3('GET', `/${bucket}`, { query: { [name]: '' } })
      expect([name, answer.status, await codeOf(answer)]).toEqual([name, 404, code])
    }
    for (const [name, root] of empty) {
      const answer = await s3('GET', `/${bucket}`, { query: { [name]: '' } })
      expect([name, answer.status]).toEqual([name, 200])
      expect(await answer.text()).toContain(`<${root} `)
    }
  })

  test('cannot be made yet, and says so', async () => {
    const bucket = await freshBucket()
    for (const name of ['notification', 'logging', 'replication']) {
      const answer = await s3('PUT', `/${bucket}`, { query: { [name]: '' }, body: '<x/>' })
      expect([name, answer.status, await codeOf(answer)]).toEqual([name, 501, 'NotImplemented'])
    }
  })

  test('of a bucket that is not there is NoSuchBucket', async () => {
    for (const [name] of [...unset, ...empty]) {
      expect([name, await codeOf(await s3('GET', '/no-such-bucket-here', { query: { [name]: '' } }))]).toEqual([
        name,
        'NoSuchBucket',
      ])
    }
  })

  test('of an object is an empty tag set, a private ACL, no object lock', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'x' })
    const get = (name: string) => s3('GET', `/${bucket}/key`, { query: { [name]: '' } })
    expect(await (await get('tagging')).text()).toContain('<TagSet></TagSet>')
    expect(texts(await (await get('acl')).text(), 'Permission')).toEqual(['FULL_CONTROL'])
    for (const name of ['retention', 'legal-hold']) expect(await codeOf(await get(name))).toBe('InvalidRequest')
  })
})

describe('DeleteObjects', () => {
  const remove = (bucket: string, body: string, headers = {}) =>
    s3('POST', `/${bucket}`, { query: { delete: '' }, body, headers })
  const objects = (keys: string[], more = '') =>
    `<Delete>${more}${keys.map(key => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`

  test('removes many keys in one call, missing ones too', async () => {
    const bucket = await freshBucket()
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`)
    await Promise.all(keys.map(key => s3('PUT', `/${bucket}/${key}`, { body: 'x' })))
    await s3('PUT', `/${bucket}/a&b\n`, { body: 'x' })
    const answer = await (await remove(bucket, objects([...keys, 'missing', 'a&amp;b&#10;']))).text()
    expect(texts(answer, 'Key')).toEqual([...keys, 'missing', 'a&amp;b&#xA;'])
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')).toEqual([])
  })

  test('says nothing of successes when asked to be quiet', async () => {
    const bucket = await freshBucket()
    const answer = await (await remove(bucket, objects(['a'], '<Quiet>true</Quiet>'))).text()
    expect([texts(answer, 'Key'), answer.includes('<DeleteResult')]).toEqual([[], true])
  })

  test('judges each entry by itself', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/kept`, { body: 'x' })
    const entries = [
      '<Object><Key>kept</Key><ETag>"other"</ETag></Object>',
      `<Object><Key>${'k'.repeat(1025)}</Key></Object>`,
      '<Object><Key>v</Key><VersionId>unknown</VersionId></Object>',
      '<Object><Key>../up</Key></Object>',
    ]
    const answer = await (await remove(bucket, `<Delete>${entries.join('')}</Delete>`)).text()
    expect(texts(answer, 'Code')).toEqual(['PreconditionFailed', 'KeyTooLongError', 'InvalidArgument'])
    expect((await s3('HEAD', `/${bucket}/kept`)).status).toBe(200)
  })

  test('refuses documents that are not right', async () => {
    const bucket = await freshBucket()
    const code = (body: string) => remove(bucket, body).then(codeOf)
    expect(await code('<Delete></Delete>')).toBe('MalformedXML')
    expect(await code('')).toBe('MalformedXML')
    expect(await code('<Delete><Object></Object></Delete>')).toBe('MalformedXML')
    expect(await code(objects(Array.from({ length: 1001 }, (_, i) => `k${i}`)))).toBe('MalformedXML')
    expect(await code('<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>')).toBe(
      'MalformedXML',
    )
    const unsigned = await s3('POST', `/${bucket}`, {
      query: { delete: '' },
      body: objects(['a']),
      payloadHash: 'UNSIGNED-PAYLOAD',
    })
    expect(await codeOf(unsigned)).toBe('InvalidRequest')
  })
})
