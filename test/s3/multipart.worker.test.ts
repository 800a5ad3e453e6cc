import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/streams/digest'
import { codeOf, freshBucket, md5, randomBytes, type S3Ask, s3, texts } from '../support/s3'

const MiB = 1024 * 1024
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

async function begin(bucket: string, key = 'key', headers: Record<string, string> = {}): Promise<string> {
  const answer = await s3('POST', `/${bucket}/${key}`, { query: { uploads: '' }, headers })
  expect(answer.status).toBe(200)
  return texts(await answer.text(), 'UploadId')[0] ?? ''
}

async function part(bucket: string, id: string, number: number, body: Uint8Array, ask: S3Ask = {}, key = 'key') {
  const query = { uploadId: id, partNumber: String(number) }
  return s3('PUT', `/${bucket}/${key}`, { query, body, ...ask })
}

function complete(bucket: string, id: string, parts: [number, string, string?][], headers = {}, key = 'key') {
  const items = parts.map(
    ([number, etag, extra = '']) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${extra}</Part>`,
  )
  const body = `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`
  return s3('POST', `/${bucket}/${key}`, { query: { uploadId: id }, body, headers })
}

const etagOf = (answer: Response) => answer.headers.get('etag') ?? ''

describe('a multipart upload', () => {
  test('joins parts of unequal sizes in the order of their numbers', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket, 'key', { 'content-type': 'text/x', 'x-amz-meta-a': 'b' })
    const bodies = [randomBytes(5 * MiB), randomBytes(6 * MiB + 1), randomBytes(10)]
    const third = await part(bucket, id, 30, bodies[2] as Uint8Array)
    const first = await part(bucket, id, 2, bodies[0] as Uint8Array)
    const second = await part(bucket, id, 5, bodies[1] as Uint8Array)
    expect((await s3('GET', `/${bucket}/key`)).status).toBe(404)
    const answer = await complete(bucket, id, [
      [2, etagOf(first)],
      [5, etagOf(second).replaceAll('"', '')],
      [30, etagOf(third)],
    ])
    const whole = Buffer.concat(bodies)
    const expected = md5(Buffer.concat(bodies.map(body => Buffer.from(md5(body), 'hex'))))
    expect(texts(await answer.text(), 'ETag')).toEqual([`&quot;${expected}-3&quot;`])
    const got = await s3('GET', `/${bucket}/key`)
    expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(whole))
    expect([got.headers.get('content-type'), got.headers.get('x-amz-meta-a')]).toEqual(['text/x', 'b'])
    const across = await s3('GET', `/${bucket}/key`, { headers: { range: `bytes=${5 * MiB - 3}-${11 * MiB + 5}` } })
    expect(md5(new Uint8Array(await across.arrayBuffer()))).toBe(md5(whole.subarray(5 * MiB - 3, 11 * MiB + 6)))
    const byPart = await s3('GET', `/${bucket}/key`, { query: { partNumber: '5' } })
    expect([byPart.status, byPart.headers.get('x-amz-mp-parts-count')]).toEqual([206, '3'])
    expect(md5(new Uint8Array(await byPart.arrayBuffer()))).toBe(md5(bodies[1] as Uint8Array))
    expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { partNumber: '31' } }))).toBe('InvalidPartNumber')
    expect(await codeOf(await complete(bucket, 'nosuch', [[1, etagOf(first)]]))).toBe('NoSuchUpload')
  })

  test('replaces a part that is sent again, and drops those that are not named', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    await part(bucket, id, 1, Buffer.from('old'))
    const again = await part(bucket, id, 1, Buffer.from('new'))
    await part(bucket, id, 2, Buffer.from('dropped'))
    expect((await complete(bucket, id, [[1, etagOf(again)]])).status).toBe(200)
    expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('new')
  })

  test('that cannot be completed stays as it was', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    const one = etagOf(await part(bucket, id, 1, Buffer.from('one')))
    const two = etagOf(await part(bucket, id, 2, Buffer.from('two')))
    const code = (parts: [number, string][], headers = {}) => complete(bucket, id, parts, headers).then(codeOf)
    expect(
      await code([
        [1, one],
        [2, two],
      ]),
    ).toBe('EntityTooSmall')
    expect(
      await code([
        [2, two],
        [1, one],
      ]),
    ).toBe('InvalidPartOrder')
    expect(
      await code([
        [1, one],
        [1, one],
      ]),
    ).toBe('InvalidPartOrder')
    expect(await code([[3, one]])).toBe('InvalidPart')
    expect(await code([[1, two]])).toBe('InvalidPart')
    expect(await code([[0, one]])).toBe('InvalidArgument')
    expect(await code([])).toBe('MalformedXML')
    expect(await code([[1, one]], { 'x-amz-mp-object-size': '4' })).toBe('InvalidRequest')
    expect(await code([[1, one]], { 'if-match': '"x"' })).toBe('NoSuchKey')
    await s3('PUT', `/${bucket}/key`, { body: 'there' })
    expect(await code([[1, one]], { 'if-none-match': '*' })).toBe('PreconditionFailed')
    const listed = await (await s3('GET', `/${bucket}/key`, { query: { uploadId: id } })).text()
    expect([texts(listed, 'PartNumber'), texts(listed, 'Size')]).toEqual([
      ['1', '2'],
      ['3', '3'],
    ])
    expect((await complete(bucket, id, [[2, two]], { 'x-amz-mp-object-size': '3' })).status).toBe(200)
    expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('two')
  })

  test('answers a repeated completion the same again, and another list with NoSuchUpload', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    const one = etagOf(await part(bucket, id, 1, Buffer.from('one')))
    const first = await (await complete(bucket, id, [[1, one]])).text()
    expect(await (await complete(bucket, id, [[1, one]])).text()).toBe(first)
    expect(await codeOf(await complete(bucket, id, [[2, one]]))).toBe('NoSuchUpload')
    expect(await codeOf(await part(bucket, id, 1, Buffer.from('late')))).toBe('NoSuchUpload')
    expect(await codeOf(await s3('GET', `/${bucket}/key`, { query: { uploadId: id } }))).toBe('NoSuchUpload')
  })

  test('can be aborted, once', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    await part(bucket, id, 1, randomBytes(100))
    const abort = () => s3('DELETE', `/${bucket}/key`, { query: { uploadId: id } })
    expect((await abort()).status).toBe(204)
    expect(await codeOf(await abort())).toBe('NoSuchUpload')
  })

  test('takes part numbers from 1 to 10,000', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    for (const number of [0, 10_001, -1]) {
      expect(await codeOf(await part(bucket, id, number, Buffer.from('x')))).toBe('InvalidArgument')
    }
    expect((await part(bucket, id, 10_000, Buffer.from('x'))).status).toBe(200)
  })

  test('refuses a part that breaks its promise', async () => {
    const bucket = await freshBucket()
    const id = await begin(bucket)
    const bad = await part(bucket, id, 1, randomBytes(100_000), {
      headers: { 'content-md5': base64(Buffer.alloc(16)) },
    })
    expect(await codeOf(bad)).toBe('BadDigest')
    expect(texts(await (await s3('GET', `/${bucket}/key`, { query: { uploadId: id } })).text(), 'PartNumber')).toEqual(
      [],
    )
  })
})

describe('the checksum of a multipart upload', () => {
  const bodies = [randomBytes(5 * MiB), randomBytes(3 * MiB + 17)]
  const whole = Buffer.concat(bodies)

  for (const algorithm of ['crc32', 'crc32c', 'sha1', 'sha256'] as const) {
    test(`is composed of the parts' ${algorithm}`, async () => {
      const bucket = await freshBucket()
      const id = await begin(bucket, 'key', { 'x-amz-checksum-algorithm': algorithm.toUpperCase() })
      const sums = bodies.map(body => digestOf(algorithm, body))
      const etags: string[] = []
      for (const [i, body] of bodies.entries()) {
        // One part with the checksum as a header, one that gets it computed.
        const headers: Record<string, string> =
          i === 0 ? { [`x-amz-checksum-${algorithm}`]: base64(sums[i] as Uint8Array) } : {}
        const answer = await part(bucket, id, i + 1, body, { headers })
        expect(answer.headers.get(`x-amz-checksum-${algorithm}`)).toBe(base64(sums[i] as Uint8Array))
        etags.push(etagOf(answer))
      }
      const element = `Checksum${algorithm.toUpperCase()}`
      const bare = etags.map((etag, i): [number, string] => [i + 1, etag])
      expect(await codeOf(await complete(bucket, id, bare))).toBe('InvalidRequest')
      const listed = bare.map(([number, etag], i): [number, string, string] => [
        number,
        etag,
        `<${element}>${base64(sums[i] as Uint8Array)}</${element}>`,
      ])
      const expected = `${base64(digestOf(algorithm, Buffer.concat(sums)))}-2`
      expect(texts(await (await complete(bucket, id, listed)).text(), element)).toEqual([expected])
      const query = { attributes: '' }
      const headers = { 'x-amz-object-attributes': 'ETag, Checksum, ObjectParts,ObjectSize,StorageClass' }
      const attributes = await (await s3('GET', `/${bucket}/key`, { query, headers })).text()
      expect(texts(attributes, element)).toEqual([expected, ...sums.map(base64)])
      expect([texts(attributes, 'PartsCount'), texts(attributes, 'ObjectSize')]).toEqual([
        ['2'],
        [String(whole.length)],
      ])
      expect(texts(attributes, 'ETag')[0]).not.toContain('quot')
    })
  }

  for (const algorithm of ['crc32', 'crc32c', 'crc64nvme'] as const) {
    test(`of type FULL_OBJECT is the ${algorithm} of all bytes, without reading them again`, async () => {
      const bucket = await freshBucket()
      const headers = { 'x-amz-checksum-algorithm': algorithm.toUpperCase(), 'x-amz-checksum-type': 'FULL_OBJECT' }
      const id = await begin(bucket, 'key', headers)
      const etags: [number, string][] = []
      for (const [i, body] of bodies.entries()) etags.push([i + 1, etagOf(await part(bucket, id, i + 1, body))])
      const right = base64(digestOf(algorithm, whole))
      const wrong = base64(digestOf(algorithm, Buffer.from('x')))
      const type = { 'x-amz-checksum-type': 'FULL_OBJECT' }
      const name = `x-amz-checksum-${algorithm}`
      expect(await codeOf(await complete(bucket, id, etags, { ...type, [name]: wrong }))).toBe('BadDigest')
      expect(await codeOf(await complete(bucket, id, etags, { 'x-amz-checksum-type': 'COMPOSITE' }))).toBe(
        'InvalidRequest',
      )
      expect((await complete(bucket, id, etags, { ...type, [name]: right })).status).toBe(200)
      const head = await s3('HEAD', `/${bucket}/key`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
      expect([head.headers.get(name), head.headers.get('x-amz-checksum-type')]).toEqual([right, 'FULL_OBJECT'])
    })
  }

  test('must be one that S3 has, of a type that it may have', async () => {
    const bucket = await freshBucket()
    const create = (headers: Record<string, string>) =>
      s3('POST', `/${bucket}/key`, { query: { uploads: '' }, headers }).then(codeOf)
    expect(await create({ 'x-amz-checksum-algorithm': 'CRC17' })).toBe('InvalidRequest')
    expect(await create({ 'x-amz-checksum-type': 'COMPOSITE' })).toBe('InvalidRequest')
    expect(await create({ 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'FULL_OBJECT' })).toBe(
      'InvalidRequest',
    )
    expect(await create({ 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'COMPOSITE' })).toBe(
      'InvalidRequest',
    )
    const id = await begin(bucket, 'key', { 'x-amz-checksum-algorithm': 'CRC32' })
    const other = { 'x-amz-checksum-sha1': base64(digestOf('sha1', Buffer.from('x'))) }
    expect(await codeOf(await part(bucket, id, 1, Buffer.from('x'), { headers: other }))).toBe('InvalidRequest')
  })
})

describe('listing uploads', () => {
  test('goes by key and then by age, in pages, with prefixes rolled up', async () => {
    const bucket = await freshBucket()
    const keys = ['a', 'b/1', 'b/2', 'b/2', 'c']
    const ids: string[] = []
    for (const key of keys) ids.push(await begin(bucket, key))
    const list = async (query: Record<string, string>) =>
      (await s3('GET', `/${bucket}`, { query: { uploads: '', ...query } })).text()
    const all = await list({})
    expect([texts(all, 'Key'), texts(all, 'UploadId')]).toEqual([keys, ids])
    expect(texts(await list({ prefix: 'b/2', delimiter: '' }), 'UploadId')).toEqual(ids.slice(2, 4))
    const rolled = await list({ delimiter: '/' })
    expect([texts(rolled, 'Key'), texts(rolled, 'Prefix')]).toEqual([
      ['a', 'c'],
      ['', 'b/'],
    ])
    const seen: string[] = []
    let from: Record<string, string> = {}
    for (let pages = 0; pages < 10; pages++) {
      const page = await list({ 'max-uploads': '2', ...from })
      seen.push(...texts(page, 'UploadId'))
      if (texts(page, 'IsTruncated')[0] !== 'true') break
      from = {
        'key-marker': texts(page, 'NextKeyMarker')[0] ?? '',
        'upload-id-marker': texts(page, 'NextUploadIdMarker')[0] ?? '',
      }
    }
    expect(seen).toEqual(ids)
    const parts = await begin(bucket, 'parts')
    for (const number of [1, 2, 3]) await part(bucket, parts, number, Buffer.from('x'), {}, 'parts')
    const query = { uploadId: parts, 'max-parts': '2' }
    const page = await (await s3('GET', `/${bucket}/parts`, { query })).text()
    expect([texts(page, 'PartNumber'), texts(page, 'IsTruncated'), texts(page, 'NextPartNumberMarker')]).toEqual([
      ['1', '2'],
      ['true'],
      ['2'],
    ])
    const rest = await (await s3('GET', `/${bucket}/parts`, { query: { ...query, 'part-number-marker': '2' } })).text()
    expect([texts(rest, 'PartNumber'), texts(rest, 'IsTruncated')]).toEqual([['3'], ['false']])
  })

  test('goes on after a key that is itself the prefix', async () => {
    const bucket = await freshBucket()
    for (const key of ['a/', 'a/x']) await begin(bucket, key)
    const list = async (marker: Record<string, string>) => {
      const query = { uploads: '', prefix: 'a/', delimiter: '/', 'max-uploads': '1', ...marker }
      return (await s3('GET', `/${bucket}`, { query })).text()
    }
    const one = await list({})
    const [keyMarker = '', uploadMarker = ''] = ['NextKeyMarker', 'NextUploadIdMarker'].map(name => texts(one, name)[0])
    const two = await list({ 'key-marker': keyMarker, 'upload-id-marker': uploadMarker })
    expect([...texts(one, 'Key'), ...texts(two, 'Key')]).toEqual(['a/', 'a/x'])
  })
})

describe('UploadPartCopy', () => {
  for (const [name, across] of [
    ['inside a bucket', false],
    ['between buckets', true],
  ] as const) {
    test(`makes a part of another object's range ${name}`, async () => {
      const bucket = await freshBucket()
      const from = across ? await freshBucket() : bucket
      const source = randomBytes(11 * MiB)
      await s3('PUT', `/${from}/source`, { body: source })
      await s3('PUT', `/${from}/little`, { body: 'small one' })
      const id = await begin(bucket)
      const copy = (number: number, source: string, range?: string) =>
        s3('PUT', `/${bucket}/key`, {
          query: { uploadId: id, partNumber: String(number) },
          headers: { 'x-amz-copy-source': source, ...(range ? { 'x-amz-copy-source-range': range } : {}) },
        })
      const etag = async (answer: Response) => (texts(await answer.text(), 'ETag')[0] ?? '').replaceAll('&quot;', '')
      const first = await etag(await copy(1, `/${from}/source`, `bytes=100-${6 * MiB}`))
      expect(first).toBe(md5(source.subarray(100, 6 * MiB + 1)))
      const second = await etag(await copy(2, `${from}/source`))
      const third = await etag(await copy(3, `${from}/little`, 'bytes=0-4'))
      const last = `bytes=0-${11 * MiB}`
      expect(await codeOf(await copy(4, `${from}/source`, last))).toBe('InvalidArgument')
      expect(await codeOf(await copy(4, `${from}/source`, `bytes=${11 * MiB}-${12 * MiB}`))).toBe('InvalidRange')
      expect(await codeOf(await copy(4, `${from}/source`, 'bytes=5-'))).toBe('InvalidArgument')
      expect(
        (
          await complete(bucket, id, [
            [1, first],
            [2, second],
            [3, third],
          ])
        ).status,
      ).toBe(200)
      await s3('DELETE', `/${from}/source`)
      const got = new Uint8Array(await (await s3('GET', `/${bucket}/key`)).arrayBuffer())
      const expected = Buffer.concat([source.subarray(100, 6 * MiB + 1), source, Buffer.from('small')])
      expect(md5(got)).toBe(md5(expected))
    })
  }
})
