import { describe, expect, test } from 'vitest'
import { codeOf, freshBucket, s3, texts } from '../support/s3'

/** What S3 says a listing is, in the plainest way: all keys by their UTF-8 bytes, rolled up, then cut into pages. */
function modelListing(keys: string[], prefix: string, delimiter: string): string[] {
  const sorted = keys
    .filter(key => key.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const items: string[] = []
  for (const key of sorted) {
    const place = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const item = place < 0 ? `key ${key}` : `prefix ${key.slice(0, place + delimiter.length)}`
    if (items.at(-1) !== item) items.push(item)
  }
  return items
}

const decode = (text: string) => decodeURIComponent(text)

/** Follows a listing to its end, page by page, and gives its items in the order of the pages. */
async function listAll(bucket: string, version: 1 | 2, query: Record<string, string>): Promise<string[]> {
  const items: string[] = []
  let from: Record<string, string> = {}
  for (let pages = 0; pages < 500; pages++) {
    const asked = { 'encoding-type': 'url', ...(version === 2 ? { 'list-type': '2' } : {}), ...query, ...from }
    const xml = await (await s3('GET', `/${bucket}`, { query: asked })).text()
    const prefixes = texts(xml.slice(xml.indexOf('<CommonPrefixes>')), 'Prefix')
    const page = [
      ...texts(xml, 'Key').map(key => `key ${decode(key)}`),
      ...(xml.includes('<CommonPrefixes>') ? prefixes.map(prefix => `prefix ${decode(prefix)}`) : []),
    ]
    page.sort((a, b) =>
      Buffer.compare(Buffer.from(a.slice(a.indexOf(' ') + 1)), Buffer.from(b.slice(b.indexOf(' ') + 1))),
    )
    items.push(...page)
    if (texts(xml, 'IsTruncated')[0] !== 'true') return items
    const last = page.at(-1) ?? ''
    const next = version === 2 ? texts(xml, 'NextContinuationToken')[0] : texts(xml, 'NextMarker')[0]
    if (version === 2) from = { 'continuation-token': next ?? '' }
    else from = { marker: next === undefined ? last.slice(last.indexOf(' ') + 1) : decode(next) }
  }
  throw new Error('the listing does not end')
}

async function bucketWith(keys: string[]): Promise<string> {
  const bucket = await freshBucket()
  for (let i = 0; i < keys.length; i += 20) {
    await Promise.all(keys.slice(i, i + 20).map(key => s3('PUT', `/${bucket}/${key}`, { body: '' })))
  }
  return bucket
}

describe('a listing', () => {
  test('equals the plain model for random keys, prefixes, delimiters and page sizes', async () => {
    const alphabet = [
      'a',
      'b',
      '/',
      '//',
      '-',
      'ü',
      '\u{FFFD}',
      '\u{1F600}',
      '\u{10FFFF}',
      '\uD7FF',
      '\uE000',
      ' ',
      '%',
      '+',
    ]
    const random = seeded(20_260_101)
    const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)] as T
    const word = (length: number) => Array.from({ length }, () => pick(alphabet)).join('')
    const keys = Array.from(new Set(Array.from({ length: 120 }, () => word(1 + Math.floor(random() * 6)))))
    const bucket = await bucketWith(keys)
    for (let i = 0; i < 40; i++) {
      const prefix =
        random() < 0.4
          ? ''
          : pick(keys)
              .slice(0, 1 + Math.floor(random() * 3))
              .toWellFormed()
      const delimiter = pick(['', '/', '//', 'a', 'ü', '\u{10FFFF}', 'ab', '\u{1F600}'])
      const maxKeys = pick(['1', '2', '7', '1000'])
      for (const version of [1, 2] as const) {
        const listed = await listAll(bucket, version, { prefix, delimiter, 'max-keys': maxKeys })
        expect({ prefix, delimiter, maxKeys, version, listed }).toEqual({
          prefix,
          delimiter,
          maxKeys,
          version,
          listed: modelListing(keys, prefix, delimiter),
        })
      }
    }
  })

  test('comes in the order of UTF-8 bytes, not of UTF-16 units', async () => {
    const bucket = await bucketWith(['\u{1F600}', '\u{FFFD}', 'z', 'ü'])
    expect(await listAll(bucket, 2, {})).toEqual(['key z', 'key ü', 'key \u{FFFD}', 'key \u{1F600}'])
  })

  test('starts after a key that need not exist; a marker that is a common prefix skips it', async () => {
    const bucket = await bucketWith(['a', 'b/1', 'b/2', 'c'])
    expect(await listAll(bucket, 2, { 'start-after': 'aa' })).toEqual(['key b/1', 'key b/2', 'key c'])
    expect(await listAll(bucket, 1, { marker: 'b/1' })).toEqual(['key b/2', 'key c'])
    expect(await listAll(bucket, 1, { marker: 'b/', delimiter: '/' })).toEqual(['key c'])
    expect(await listAll(bucket, 2, { 'start-after': 'b/1', delimiter: '/' })).toEqual(['prefix b/', 'key c'])
    expect(await listAll(bucket, 2, { 'start-after': 'zzz' })).toEqual([])
    expect(await listAll(bucket, 2, { 'start-after': 'a', prefix: 'b/' })).toEqual(['key b/1', 'key b/2'])
  })

  test('of no keys is empty and not truncated; odd sizes are refused', async () => {
    const bucket = await bucketWith(['a', 'b'])
    const list = (query: Record<string, string>) => s3('GET', `/${bucket}`, { query })
    const none = await (await list({ 'max-keys': '0' })).text()
    expect([texts(none, 'IsTruncated'), texts(none, 'Key')]).toEqual([['false'], []])
    expect(texts(await (await list({ 'max-keys': '5000' })).text(), 'MaxKeys')).toEqual(['1000'])
    expect(texts(await (await list({ 'max-keys': '' })).text(), 'MaxKeys')).toEqual(['1000'])
    for (const size of ['-1', 'x', '1.5'])
      expect(await codeOf(await list({ 'max-keys': size }))).toBe('InvalidArgument')
    expect(await codeOf(await list({ 'encoding-type': 'base64' }))).toBe('InvalidArgument')
    expect(await codeOf(await list({ 'list-type': '2', 'continuation-token': 'not ours' }))).toBe('InvalidArgument')
  })

  test('names its objects with size, etag, time and class, and the owner where asked', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/a&<b>`, { body: 'x', headers: { 'x-amz-storage-class': 'STANDARD_IA' } })
    const v1 = await (await s3('GET', `/${bucket}`)).text()
    expect(v1).toContain('<Key>a&amp;&lt;b&gt;</Key>')
    expect(texts(v1, 'ETag')).toEqual(['&quot;9dd4e461268c8034f5c8564e155c67a6&quot;'])
    expect([texts(v1, 'Size'), texts(v1, 'StorageClass'), texts(v1, 'ID')]).toEqual([['1'], ['STANDARD_IA'], ['wharf']])
    const head = await s3('HEAD', `/${bucket}/a&<b>`)
    const modified = texts(v1, 'LastModified')[0] ?? ''
    expect(new Date(modified).toUTCString()).toBe(head.headers.get('last-modified'))
    const v2 = await (await s3('GET', `/${bucket}`, { query: { 'list-type': '2' } })).text()
    expect([texts(v2, 'ID'), texts(v2, 'KeyCount')]).toEqual([[], ['1']])
    const owned = await (await s3('GET', `/${bucket}`, { query: { 'list-type': '2', 'fetch-owner': 'true' } })).text()
    expect(texts(owned, 'DisplayName')).toEqual(['wharf'])
  })

  test('writes control characters so that an XML reader gets them back, and encodes what it is asked to', async () => {
    const bucket = await bucketWith(['line\nbreak', 'a+b c/ü'])
    expect(await (await s3('GET', `/${bucket}`)).text()).toContain('<Key>line&#xA;break</Key>')
    const encoded = await (
      await s3('GET', `/${bucket}`, { query: { 'encoding-type': 'url', prefix: 'a+', delimiter: '/' } })
    ).text()
    expect(texts(encoded, 'Prefix')).toEqual(['a%2B', 'a%2Bb%20c/'])
    expect(texts(encoded, 'Delimiter')).toEqual(['/'])
  })

  test('shows every write that was acknowledged before it began', async () => {
    const bucket = await freshBucket()
    for (let i = 0; i < 30; i++) {
      await s3('PUT', `/${bucket}/k${String(i).padStart(2, '0')}`, { body: 'x' })
      expect((await listAll(bucket, 2, {})).length).toBe(i + 1)
    }
  })
})

describe('the listing as JSON of the old MinIO API', () => {
  const json = (path: string, accept = 'application/json', query = {}) =>
    s3('GET', path, { headers: { accept }, query })

  test('has arrays for lists, however many there are, and ends in a newline', async () => {
    const bucket = await freshBucket()
    const empty = await json(`/${bucket}`)
    expect([empty.headers.get('content-type'), empty.headers.get('vary')]).toEqual(['application/json', 'Accept'])
    const text = await empty.text()
    expect(text.endsWith('}\n')).toBe(true)
    expect(JSON.parse(text)).toEqual({
      Name: bucket,
      Prefix: '',
      Marker: '',
      MaxKeys: 1000,
      Delimiter: '',
      IsTruncated: false,
      Contents: [],
      CommonPrefixes: [],
    })
    await s3('PUT', `/${bucket}/a<b>&c`, { body: 'x' })
    const one = JSON.parse(await (await json(`/${bucket}/`)).text())
    expect(one.Contents).toHaveLength(1)
    expect(one.Contents[0]).toMatchObject({
      Key: 'a<b>&c',
      ETag: '"9dd4e461268c8034f5c8564e155c67a6"',
      Size: 1,
      StorageClass: 'STANDARD',
      Owner: { ID: 'wharf', DisplayName: 'wharf' },
    })
  })

  test('of buckets has the shape of the seed', async () => {
    const bucket = await freshBucket()
    const listed = JSON.parse(await (await json('/')).text())
    expect(Object.keys(listed)).toEqual(['Owner', 'Buckets'])
    const found = listed.Buckets.Bucket.find((one: { Name: string }) => one.Name === bucket)
    expect(Object.keys(found)).toEqual(['Name', 'CreationDate'])
    expect(found.CreationDate).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
    const none = JSON.parse(await (await json('/', 'application/json', { prefix: 'no-such-bucket' })).text())
    expect(none.Buckets).toEqual({ Bucket: [] })
  })

  test('comes only where JSON alone is asked for', async () => {
    const bucket = await freshBucket()
    const typeFor = async (accept: string) => (await json(`/${bucket}`, accept)).headers.get('content-type')
    for (const accept of ['application/json', '"application/json"', ' Application/JSON ; q=1']) {
      expect([accept, await typeFor(accept)]).toEqual([accept, 'application/json'])
    }
    for (const accept of ['application/json, text/plain, */*', '*/*', 'text/html', '']) {
      expect([accept, await typeFor(accept)]).toEqual([accept, 'application/xml'])
    }
  })

  test('goes for errors too, never for objects', async () => {
    const bucket = await freshBucket()
    const missing = await json(`/${bucket}/none`)
    expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'application/json'])
    const error = JSON.parse(await missing.text())
    expect(error).toMatchObject({ Code: 'NoSuchKey', Resource: `/${bucket}/none`, Key: 'none' })
    expect(error.RequestId).toBe(missing.headers.get('x-amz-request-id'))
    await s3('PUT', `/${bucket}/key`, { body: 'bytes', headers: { 'content-type': 'text/x' } })
    const got = await json(`/${bucket}/key`)
    expect([got.headers.get('content-type'), await got.text()]).toEqual(['text/x', 'bytes'])
  })
})

/** The same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}
