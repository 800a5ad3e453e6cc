import { describe, expect, test } from 'vitest'
import { codeOf, freshBucket, md5, randomBytes, s3, s3Presigned } from '../support/s3'

const sizes = [0, 1, 1024, 16 * 1024, 16 * 1024 + 1, 300_000, 2 * 1024 * 1024 + 7]

describe('an object', () => {
  for (const size of sizes) {
    test(`of ${size} bytes comes back byte for byte, with its MD5 as etag`, async () => {
      const bucket = await freshBucket()
      const bytes = randomBytes(size)
      const put = await s3('PUT', `/${bucket}/key`, { body: bytes })
      expect(put.status).toBe(200)
      expect(put.headers.get('etag')).toBe(`"${md5(bytes)}"`)
      const got = await s3('GET', `/${bucket}/key`)
      expect(got.headers.get('content-length')).toBe(String(size))
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes)
      const head = await s3('HEAD', `/${bucket}/key`)
      expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
        200,
        String(size),
        `"${md5(bytes)}"`,
      ])
    })
  }

  test('of unknown length is cut into extents and comes back whole', async () => {
    const bucket = await freshBucket()
    for (const size of [0, 10, 20_000, 9 * 1024 * 1024 + 3]) {
      const bytes = randomBytes(size)
      const body = new Response(bytes).body?.pipeThrough(new TransformStream())
      const put = await s3('PUT', `/${bucket}/key`, { body, headers: { 'transfer-encoding': 'chunked' } })
      expect([put.status, put.headers.get('etag')]).toEqual([200, `"${md5(bytes)}"`])
      const got = await s3('GET', `/${bucket}/key`)
      expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(bytes))
      const part = await s3('GET', `/${bucket}/key`, { headers: { range: 'bytes=8388600-8388620' } })
      if (size > 8388620) expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(8388600, 8388621))
    }
  })

  test('gives back the headers and metadata that were stored with it', async () => {
    const bucket = await freshBucket()
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'max-age=60',
      'content-disposition': 'attachment; filename="ü.txt"',
      'content-encoding': 'x-own',
      'content-language': 'de',
      expires: 'no date at all',
      'x-amz-meta-colour': 'blue',
      'x-amz-meta-umlaut': 'grün',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-website-redirect-location': '/there',
      'x-amz-server-side-encryption': 'AES256',
    }
    await s3('PUT', `/${bucket}/key`, { body: 'x', headers })
    for (const method of ['GET', 'HEAD']) {
      const answer = await s3(method, `/${bucket}/key`)
      for (const [name, value] of Object.entries(headers))
        expect([name, answer.headers.get(name)]).toEqual([name, value])
      expect(answer.headers.get('accept-ranges')).toBe('bytes')
      await answer.text()
    }
  })

  test('without a type is binary/octet-stream, and aws-chunked is never stored as its encoding', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/a`, { body: 'x', headers: { 'content-encoding': 'gzip,aws-chunked' } })
    await s3('PUT', `/${bucket}/b`, { body: 'x', headers: { 'content-encoding': 'aws-chunked' } })
    const a = await s3('HEAD', `/${bucket}/a`)
    expect([a.headers.get('content-type'), a.headers.get('content-encoding')]).toEqual(['binary/octet-stream', 'gzip'])
    expect((await s3('HEAD', `/${bucket}/b`)).headers.get('content-encoding')).toBeNull()
  })

  test('may have any key: spaces, plus, percent, umlauts, emoji, slashes at the ends, control characters', async () => {
    const bucket = await freshBucket()
    const keys = [
      'a b',
      'a+b',
      'a%b',
      '100%25',
      'ü/ö',
      '🎈🎈',
      'dir/',
      '/lead',
      'a//b',
      "it's (*)!",
      'line\nbreak',
      'ß'.repeat(512),
    ]
    for (const key of keys) expect((await s3('PUT', `/${bucket}/${key}`, { body: key })).status).toBe(200)
    for (const key of keys) expect(await (await s3('GET', `/${bucket}/${key}`)).text()).toBe(key)
  })

  test('of a key longer than 1,024 bytes, or that is no UTF-8, is refused', async () => {
    const bucket = await freshBucket()
    expect(await codeOf(await s3('PUT', `/${bucket}/${'k'.repeat(1025)}`, { body: 'x' }))).toBe('KeyTooLongError')
    expect(await codeOf(await s3('PUT', `/${bucket}/${'ß'.repeat(513)}`, { body: 'x' }))).toBe('KeyTooLongError')
    expect(await codeOf(await s3('PUT', `/${bucket}/nul\0`, { body: 'x' }))).toBe('InvalidURI')
  })

  test('is gone after a delete, and deleting what is not there succeeds', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'x' })
    expect((await s3('DELETE', `/${bucket}/key`)).status).toBe(204)
    expect((await s3('DELETE', `/${bucket}/key`)).status).toBe(204)
    const got = await s3('GET', `/${bucket}/key`)
    expect([got.status, await codeOf(got)]).toEqual([404, 'NoSuchKey'])
    const head = await s3('HEAD', `/${bucket}/key`)
    expect([head.status, await head.text()]).toEqual([404, ''])
  })

  test('with too much metadata, an unknown class or a bad redirect is refused', async () => {
    const bucket = await freshBucket()
    const put = (headers: Record<string, string>) => s3('PUT', `/${bucket}/key`, { body: 'x', headers }).then(codeOf)
    expect(await put({ 'x-amz-meta-long': 'x'.repeat(2049) })).toBe('MetadataTooLarge')
    expect(await put({ 'x-amz-storage-class': 'SHINY' })).toBe('InvalidStorageClass')
    expect(await put({ 'x-amz-website-redirect-location': 'there' })).toBe('InvalidRedirectLocation')
    expect(await put({ 'x-amz-server-side-encryption': 'ROT13' })).toBe('InvalidEncryptionAlgorithmError')
    expect(await put({ 'x-amz-acl': 'silly' })).toBe('InvalidArgument')
    expect(await put({ 'x-amz-tagging': 'a=b&a=c' })).toBe('InvalidArgument')
    expect((await s3('GET', `/${bucket}/key`)).status).toBe(404)
  })
})

describe('ranges', () => {
  const body = Array.from({ length: 100 }, (_, i) => String.fromCharCode(32 + (i % 90))).join('')
  const cases: [string, number, string | undefined][] = [
    ['bytes=0-9', 206, 'bytes 0-9/100'],
    ['bytes=50-', 206, 'bytes 50-99/100'],
    ['bytes=-10', 206, 'bytes 90-99/100'],
    ['bytes=00-01', 206, 'bytes 0-1/100'],
    ['bytes=0-999999', 206, 'bytes 0-99/100'],
    ['bytes=-101', 206, 'bytes 0-99/100'],
    ['bytes=100-', 416, 'bytes */100'],
    ['bytes=100-110', 416, 'bytes */100'],
    ['bytes=-0', 416, 'bytes */100'],
    ['bytes=0-1,3-4', 200, undefined],
    ['bytes=10-5', 200, undefined],
    ['bytes=a-b', 200, undefined],
    ['lines=1-2', 200, undefined],
    ['bytes=1 - 2', 200, undefined],
  ]
  for (const size of ['small', 'large'] as const) {
    test(`follow S3's table for a ${size} object`, async () => {
      const bucket = await freshBucket()
      const whole = size === 'small' ? body : body.repeat(400)
      await s3('PUT', `/${bucket}/key`, { body: whole })
      for (const [range, status, contentRange] of cases) {
        if (size === 'large' && status === 416 && range !== 'bytes=-0') continue
        const got = await s3('GET', `/${bucket}/key`, { headers: { range } })
        expect([range, got.status]).toEqual([range, status])
        const expected = contentRange?.replace('/100', `/${whole.length}`)
        if (size === 'small') expect(got.headers.get('content-range')).toBe(expected ?? null)
        const shown = /bytes (\d+)-(\d+)/.exec(got.headers.get('content-range') ?? '')
        const text = await got.text()
        if (status === 206 && shown) expect(text).toBe(whole.slice(Number(shown[1]), Number(shown[2]) + 1))
        if (status === 200) expect(text).toBe(whole)
        const head = await s3('HEAD', `/${bucket}/key`, { headers: { range } })
        expect([range, head.status]).toEqual([range, status])
      }
    })
  }

  test('of an empty object cannot be satisfied', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: '' })
    expect((await s3('GET', `/${bucket}/key`, { headers: { range: 'bytes=0-' } })).status).toBe(416)
  })
})

describe('conditions', () => {
  test('of reads answer 304 and 412 as HTTP orders them', async () => {
    const bucket = await freshBucket()
    const put = await s3('PUT', `/${bucket}/key`, { body: 'x', headers: { 'cache-control': 'no-cache' } })
    const etag = put.headers.get('etag') ?? ''
    const past = new Date(Date.now() - 86_400_000).toUTCString()
    const future = new Date(Date.now() + 86_400_000).toUTCString()
    const status = async (headers: Record<string, string>) => (await s3('GET', `/${bucket}/key`, { headers })).status
    expect(await status({ 'if-match': etag })).toBe(200)
    expect(await status({ 'if-match': '"other"' })).toBe(412)
    expect(await status({ 'if-match': `"other", ${etag}` })).toBe(200)
    expect(await status({ 'if-match': '*' })).toBe(200)
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-none-match': '"other"' })).toBe(200)
    expect(await status({ 'if-modified-since': past })).toBe(200)
    expect(await status({ 'if-modified-since': new Date().toUTCString() })).toBe(304)
    expect(await status({ 'if-modified-since': future })).toBe(200)
    expect(await status({ 'if-modified-since': 'nonsense' })).toBe(200)
    expect(await status({ 'if-unmodified-since': past })).toBe(412)
    expect(await status({ 'if-unmodified-since': future })).toBe(200)
    expect(await status({ 'if-match': etag, 'if-unmodified-since': past })).toBe(200)
    expect(await status({ 'if-none-match': '"other"', 'if-modified-since': new Date().toUTCString() })).toBe(200)
    const unchanged = await s3('GET', `/${bucket}/key`, { headers: { 'if-none-match': etag } })
    expect([unchanged.headers.get('etag'), unchanged.headers.get('cache-control')]).toEqual([etag, 'no-cache'])
    expect(unchanged.headers.get('last-modified')).not.toBeNull()
  })

  test('of writes hold or store nothing', async () => {
    const bucket = await freshBucket()
    for (const body of ['short', 'long'.repeat(20_000)]) {
      const key = `/${bucket}/${body.length}`
      const put = (headers: Record<string, string>, text = body) => s3('PUT', key, { body: text, headers })
      expect(await codeOf(await put({ 'if-match': '"a"' }))).toBe('NoSuchKey')
      expect((await put({ 'if-none-match': '*' })).status).toBe(200)
      const second = await put({ 'if-none-match': '*' }, `${body}!`)
      expect([second.status, await codeOf(second)]).toEqual([412, 'PreconditionFailed'])
      expect((await put({ 'if-match': '"other"' }, `${body}!`)).status).toBe(412)
      expect(await (await s3('GET', key)).text()).toBe(body)
      expect((await put({ 'if-match': `"${md5(body)}"` }, `${body}!`)).status).toBe(200)
      expect((await put({ 'if-match': '*' }, `${body}?`)).status).toBe(200)
      expect((await put({ 'if-none-match': `"${md5(`${body}?`)}"` })).status).toBe(412)
      expect((await s3('DELETE', key, { headers: { 'if-match': '"other"' } })).status).toBe(412)
      expect((await s3('DELETE', key, { headers: { 'if-match': `"${md5(`${body}?`)}"` } })).status).toBe(204)
    }
  })

  test('let exactly one of many racing creators win', async () => {
    const bucket = await freshBucket()
    for (const size of [10, 50_000]) {
      const racers = Array.from({ length: 12 }, (_, i) =>
        s3('PUT', `/${bucket}/race-${size}`, { body: String(i).padEnd(size), headers: { 'if-none-match': '*' } }),
      )
      const statuses = (await Promise.all(racers)).map(response => response.status)
      expect(statuses.filter(status => status === 200)).toHaveLength(1)
      expect(statuses.filter(status => status === 412)).toHaveLength(11)
    }
  })
})

describe('a presigned URL', () => {
  test('reads, writes, and replaces headers of the answer', async () => {
    const bucket = await freshBucket()
    expect(
      (await s3Presigned('PUT', `/${bucket}/key`, { body: 'by link', query: { 'x-amz-meta-a': 'b' } })).status,
    ).toBe(200)
    const query = { 'response-content-type': 'text/x', 'response-content-disposition': 'inline' }
    const got = await s3Presigned('GET', `/${bucket}/key`, { query })
    expect(await got.text()).toBe('by link')
    expect([got.headers.get('content-type'), got.headers.get('content-disposition')]).toEqual(['text/x', 'inline'])
    expect(got.headers.get('x-amz-meta-a')).toBe('b')
  })

  test('ignores a checksum that its signer computed over an empty body', async () => {
    const bucket = await freshBucket()
    const query = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' }
    expect((await s3Presigned('PUT', `/${bucket}/key`, { body: 'not empty', query })).status).toBe(200)
  })

  test('dies after its time, and lives no longer than a week', async () => {
    const bucket = await freshBucket()
    const get = (expires: string, clockOffMillis = 0) =>
      s3Presigned('GET', `/${bucket}/key`, { expires, clockOffMillis }).then(codeOf)
    expect(await get('60')).toBe('NoSuchKey')
    expect(await get('60', -61_000)).toBe('AccessDenied')
    expect(await get('60', 16 * 60_000)).toBe('AccessDenied')
    for (const expires of ['604801', '-1', 'x', ''])
      expect(await get(expires)).toBe('AuthorizationQueryParametersError')
  })
})
