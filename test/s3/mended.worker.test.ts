import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/streams/digest'
import { codeOf, freshBucket, ROOT, randomBytes, s3, s3Presigned, texts } from '../support/s3'

const bucketWithKey = async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'hello' })
  return bucket
}
const textAt = async (path: string) => (await s3('GET', path)).text()

describe('an object is not touched by', () => {
  test('half an UploadPart, or a PUT to a version', async () => {
    const bucket = await bucketWithKey()
    for (const query of [{ partNumber: '1' }, { versionId: 'null' }] as Record<string, string>[]) {
      expect(await codeOf(await s3('PUT', `/${bucket}/key`, { query, body: 'part' }))).toBe('InvalidArgument')
      const headers = { 'x-amz-copy-source': `${bucket}/key` }
      expect(await codeOf(await s3('PUT', `/${bucket}/key`, { query, headers }))).toBe('InvalidArgument')
    }
    expect(await textAt(`/${bucket}/key`)).toBe('hello')
  })

  test('a delete whose condition cannot be read', async () => {
    const bucket = await bucketWithKey()
    for (const name of ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size']) {
      expect(await codeOf(await s3('DELETE', `/${bucket}/key`, { headers: { [name]: 'garbage' } }))).toBe(
        'InvalidArgument',
      )
    }
    for (const condition of ['<LastModifiedTime>garbage</LastModifiedTime>', '<Size>five</Size>', '<Size></Size>']) {
      const body = `<Delete><Object><Key>key</Key>${condition}</Object></Delete>`
      expect(await codeOf(await s3('POST', `/${bucket}`, { query: { delete: '' }, body }))).toBe('MalformedXML')
    }
    expect(await textAt(`/${bucket}/key`)).toBe('hello')
  })

  test('a batch delete whose bytes are not UTF-8', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/\u{FFFD}`, { body: 'hello' })
    const [head, tail] = ['<Delete><Object><Key>', '</Key></Object></Delete>']
    const body = Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)])
    expect(await codeOf(await s3('POST', `/${bucket}`, { query: { delete: '' }, body }))).toBe('MalformedXML')
    const declared = `<?xml version="1.0" encoding="ISO-8859-1"?>${head}x${tail}`
    expect(await codeOf(await s3('POST', `/${bucket}`, { query: { delete: '' }, body: declared }))).toBe('MalformedXML')
    expect(await textAt(`/${bucket}/\u{FFFD}`)).toBe('hello')
  })

  test("a copy that takes its source for another account's", async () => {
    const bucket = await bucketWithKey()
    const headers = { 'x-amz-copy-source': `${bucket}/key`, 'x-amz-source-expected-bucket-owner': 'somebody' }
    expect(await codeOf(await s3('PUT', `/${bucket}/copy`, { headers }))).toBe('AccessDenied')
    const query = { uploadId: 'x', partNumber: '1' }
    expect(await codeOf(await s3('PUT', `/${bucket}/copy`, { headers, query }))).toBe('AccessDenied')
  })
})

describe('control characters', () => {
  test('in overridden or hoisted headers are told, not thrown', async () => {
    const bucket = await bucketWithKey()
    for (const value of ['\0', 'a\rb', 'a\nb', '\x7f']) {
      for (const name of ['response-expires', 'response-content-disposition']) {
        expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { [name]: value } }))).toBe('InvalidArgument')
      }
    }
    expect(
      await codeOf(await s3Presigned('PUT', `/${bucket}/k`, { body: 'x', query: { 'x-amz-meta-a': 'a\0b' } })),
    ).toBe('InvalidArgument')
  })
})

describe('the checksum', () => {
  test('of a part comes with a part-number read, not that of the whole', async () => {
    const bucket = await freshBucket()
    const headers = { 'x-amz-checksum-algorithm': 'CRC32' }
    const begun = await (await s3('POST', `/${bucket}/key`, { query: { uploads: '' }, headers })).text()
    const uploadId = texts(begun, 'UploadId')[0] ?? ''
    const body = randomBytes(1000)
    const etag = (await s3('PUT', `/${bucket}/key`, { query: { uploadId, partNumber: '1' }, body })).headers.get('etag')
    const sum = Buffer.from(digestOf('crc32', body)).toString('base64')
    const composite = Buffer.from(digestOf('crc32', digestOf('crc32', body))).toString('base64')
    const complete = (checksum: string, part = `<ChecksumCRC32>${sum}</ChecksumCRC32>`) =>
      s3('POST', `/${bucket}/key`, {
        query: { uploadId },
        body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag>${part}</Part></CompleteMultipartUpload>`,
        headers: { 'x-amz-checksum-crc32': checksum },
      })
    expect(await codeOf(await complete(`${sum}-1`))).toBe('BadDigest')
    expect(await codeOf(await complete(composite, '<ChecksumCRC32>no</ChecksumCRC32>'))).toBe('InvalidArgument')
    expect((await complete(`${composite}-1`)).status).toBe(200)
    const mode = { 'x-amz-checksum-mode': 'ENABLED' }
    const part = await s3('HEAD', `/${bucket}/key`, { query: { partNumber: '1' }, headers: mode })
    expect(part.headers.get('x-amz-checksum-crc32')).toBe(sum)
    expect((await s3('HEAD', `/${bucket}/key`, { headers: mode })).headers.get('x-amz-checksum-crc32')).toBe(
      `${composite}-1`,
    )
  })

  test('that the client announces must be the one in the trailer', async () => {
    const bucket = await freshBucket()
    const headers = {
      'x-amz-sdk-checksum-algorithm': 'SHA1',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'x-amz-decoded-content-length': '1',
    }
    const payloadHash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    const body = '1\r\nx\r\n0\r\nx-amz-checksum-crc32:jNxnWA==\r\n\r\n'
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { headers, payloadHash, body }))).toBe('InvalidRequest')
  })
})

test('comments and CDATA are part of XML; declarations are not part of a request', async () => {
  const bucket = await bucketWithKey()
  const remove = (body: string) => s3('POST', `/${bucket}`, { query: { delete: '' }, body })
  const body = '<Delete><!-- why --><Object><Key><![CDATA[a&<b]]></Key></Object></Delete>'
  expect(texts(await (await remove(body)).text(), 'Key')).toEqual(['a&amp;&lt;b'])
  expect(await codeOf(await remove(`<!DOCTYPE Delete>${body}`))).toBe('MalformedXML')
})

test('metadata may be called __proto__', async () => {
  const bucket = await freshBucket()
  const headers = { 'x-amz-meta-__proto__': 'kept', 'x-amz-meta-constructor': 'too' }
  await s3('PUT', `/${bucket}/key`, { body: 'x', headers })
  const head = await s3('HEAD', `/${bucket}/key`)
  expect([head.headers.get('x-amz-meta-__proto__'), head.headers.get('x-amz-meta-constructor')]).toEqual([
    'kept',
    'too',
  ])
})

test('a presigned URL for another region is a fault of its query', async () => {
  const { presigned } = await import('../auth/independent-signer')
  const { send } = await import('../support/s3')
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const sent = presigned({ path: '/bucket/key', region: 'mars-1', time, headers: { host: 'localhost' }, ...ROOT })
  expect(await codeOf(await send('GET', sent.rawPath, sent.rawQuery, sent.headers))).toBe(
    'AuthorizationQueryParametersError',
  )
})

test('a hash signed for a body that does not come is a mismatch', async () => {
  const bucket = await bucketWithKey()
  const payloadHash = 'a'.repeat(64)
  for (const method of ['GET', 'DELETE']) {
    expect(await codeOf(await s3(method, `/${bucket}/key`, { payloadHash }))).toBe('XAmzContentSHA256Mismatch')
  }
  expect(await textAt(`/${bucket}/key`)).toBe('hello')
})

test('a stranger who hashes its body is denied, not corrected', async () => {
  const bucket = await bucketWithKey()
  const headers = { 'x-amz-content-sha256': 'a'.repeat(64) }
  expect(await codeOf(await s3('PUT', `/${bucket}/key`, { as: 'nobody', headers, body: 'x' }))).toBe('AccessDenied')
})

test('configurations that come in lists are lists of none', async () => {
  const bucket = await freshBucket()
  for (const name of ['analytics', 'inventory', 'metrics', 'intelligent-tiering']) {
    const listed = await (await s3('GET', `/${bucket}`, { query: { [name]: '' } })).text()
    expect([name, texts(listed, 'IsTruncated')]).toEqual([name, ['false']])
    expect(await codeOf(await s3('GET', `/${bucket}`, { query: { [name]: '', id: 'x' } }))).toBe('NoSuchConfiguration')
    expect(await codeOf(await s3('PUT', `/${bucket}`, { query: { [name]: '', id: 'x' } }))).toBe('NotImplemented')
  }
})

test('a token for a list of buckets is one of ours', async () => {
  expect(await codeOf(await s3('GET', '/', { query: { 'continuation-token': 'not ours!' } }))).toBe('InvalidArgument')
})

test('a new bucket has at most one location, and an ownership that S3 knows', async () => {
  const bucket = `odd-${Date.now().toString(36)}`
  const create = (inside: string, headers = {}) =>
    s3('PUT', `/${bucket}`, { body: `<CreateBucketConfiguration>${inside}</CreateBucketConfiguration>`, headers }).then(
      codeOf,
    )
  const location = '<LocationConstraint>a</LocationConstraint>'
  expect(await create(location + location)).toBe('MalformedXML')
  expect(await create('<LocationConstraint><a/></LocationConstraint>')).toBe('MalformedXML')
  expect(await create(location, { 'x-amz-object-ownership': 'Mine' })).toBe('InvalidArgument')
  expect(await create(location, { 'x-amz-object-ownership': 'ObjectWriter' })).toBe('')
})
