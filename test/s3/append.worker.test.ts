import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { crc32 } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { type Caller, ROOT_ACCOUNT } from '../../src/model/caller'
import { openWharf } from '../../src/wharf'
import { doJob, graces } from '../support/jobs'
import { codeOf, freshBucket, md5, randomBytes, type S3Ask, s3, send, texts } from '../support/s3'
import { spoil } from '../support/spoil'

const ROOT_CALLER: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', admin: true, policies: [] }
const ALL = { prefix: '', minAgeMillis: 0 }

function append(bucket: string, key: string, offset: number | string, body: S3Ask['body'], headers = {}) {
  return s3('PUT', `/${bucket}/${key}`, { body, headers: { 'x-amz-write-offset-bytes': String(offset), ...headers } })
}

async function bytesOf(bucket: string, key: string, query: Record<string, string> = {}): Promise<Uint8Array> {
  const answer = await s3('GET', `/${bucket}/${key}`, { query })
  expect(answer.status).toBe(200)
  return new Uint8Array(await answer.arrayBuffer())
}

async function requireSound(bucket: string): Promise<void> {
  await doJob('sweep', {}, graces(0, 0))
  expect((await doJob('audit', { bucket, deep: true }, graces(0, 0))).lines).toEqual([])
}

function crc(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

async function keepVersions(bucket: string, status = 'Enabled'): Promise<void> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  await s3('PUT', `/${bucket}`, { query: { versioning: '' }, body })
}

const growths: [string, number[]][] = [
  ['that all fit in the index', [0, 10, 1, 0, 5000]],
  ['that outgrow the index', [9000, 9000, 100, 20_000]],
  ['that never were in the index', [50_000, 1, 70_000]],
  ['the first of which is empty', [0, 40_000, 3]],
]

for (const [what, sizes] of growths) {
  test(`bytes ${what} come one behind the other, and nothing is left behind`, async () => {
    const bucket = await freshBucket()
    let whole = Buffer.alloc(0)
    for (const size of sizes) {
      const piece = randomBytes(size)
      const answer = await append(bucket, 'log', whole.length, piece)
      whole = Buffer.concat([whole, piece])
      expect([answer.status, answer.headers.get('x-amz-object-size')]).toEqual([200, String(whole.length)])
      const head = await s3('HEAD', `/${bucket}/log`)
      expect([head.headers.get('etag'), head.headers.get('content-length')]).toEqual([
        answer.headers.get('etag'),
        String(whole.length),
      ])
      expect(md5(await bytesOf(bucket, 'log'))).toBe(md5(whole))
    }
    // Over the border between the last two pieces.
    const tail = (sizes.at(-1) ?? 0) + 1
    const range = await s3('GET', `/${bucket}/log`, { headers: { range: `bytes=-${tail}` } })
    expect(md5(new Uint8Array(await range.arrayBuffer()))).toBe(md5(whole.subarray(-tail)))
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Size')).toEqual([String(whole.length)])
    await requireSound(bucket)
    await s3('DELETE', `/${bucket}/log`)
    await doJob('sweep', {}, graces(0, 0))
    expect((await doJob('audit', { bucket }, graces(0, 0))).counters).toEqual({ buckets: 1, blobs: 0 })
  })
}

test('only where the object ends may bytes be put, and what is refused changes nothing', async () => {
  const bucket = await freshBucket()
  expect(await codeOf(await append(bucket, 'log', 1, 'x'))).toBe('InvalidWriteOffset')
  expect((await append(bucket, 'log', 0, 'first')).status).toBe(200)
  for (const offset of [0, 4, 6]) {
    expect(await codeOf(await append(bucket, 'log', offset, 'x'))).toBe('InvalidWriteOffset')
    expect(await codeOf(await append(bucket, 'log', offset, randomBytes(50_000)))).toBe('InvalidWriteOffset')
  }
  for (const offset of ['', '-1', 'x', '1.5', '9999999999999999']) {
    expect(await codeOf(await append(bucket, 'log', offset, 'x'))).toBe('InvalidArgument')
  }
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('first')
  expect(await codeOf(await append(bucket, 'log', 5, 'x', { 'if-match': '"other"' }))).toBe('PreconditionFailed')
  expect(await codeOf(await append(bucket, 'log', 5, 'x', { 'if-none-match': '*' }))).toBe('PreconditionFailed')
  expect((await append(bucket, 'log', 5, ' second', { 'if-match': md5('first') })).status).toBe(200)
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('first second')
  await requireSound(bucket)
})

test('an object is described when it comes to be, and stays described so', async () => {
  const bucket = await freshBucket()
  const described = { 'x-amz-meta-who': 'me', 'content-type': 'text/plain', 'x-amz-tagging': 'a=1' }
  expect((await append(bucket, 'log', 0, 'one', described)).status).toBe(200)
  expect((await append(bucket, 'log', 3, 'two', { 'content-type': 'text/html' })).status).toBe(200)
  for (const header of ['x-amz-meta-who', 'x-amz-tagging', 'x-amz-acl']) {
    const answer = await append(bucket, 'log', 6, 'x', { [header]: header === 'x-amz-acl' ? 'public-read' : 'b=2' })
    expect(await codeOf(answer)).toBe('InvalidRequest')
  }
  const head = await s3('HEAD', `/${bucket}/log`)
  expect(['x-amz-meta-who', 'content-type', 'x-amz-tagging-count'].map(name => head.headers.get(name))).toEqual([
    'me',
    'text/plain',
    '1',
  ])
})

test('the etag tells each state of an object from all others, and how many pieces it has', async () => {
  const bucket = await freshBucket()
  const etags = [await append(bucket, 'log', 0, 'a'), await append(bucket, 'log', 1, 'b')].map(answer =>
    answer.headers.get('etag'),
  )
  expect(etags[0]).toBe(`"${md5('a')}"`)
  expect(etags[1]).toMatch(/^"[0-9a-f]{32}-2"$/)
  // However the bytes lie, the same pieces make the same etag.
  await append(bucket, 'other', 0, 'a')
  expect((await append(bucket, 'other', 1, 'b')).headers.get('etag')).toBe(etags[1])
  expect((await append(bucket, 'other', 2, '')).headers.get('etag')).toMatch(/-3"$/)
})

test('CRCs grow with the object; what cannot be had without reading all bytes again is dropped', async () => {
  const bucket = await freshBucket()
  const [one, two] = [randomBytes(100), randomBytes(30_000)]
  await append(bucket, 'log', 0, one, { 'x-amz-checksum-crc32': crc(one) })
  const answer = await append(bucket, 'log', 100, two, { 'x-amz-checksum-crc32': crc(two) })
  const whole = crc(Buffer.concat([one, two]))
  const told = (headers: Headers) => ['x-amz-checksum-crc32', 'x-amz-checksum-type'].map(name => headers.get(name))
  expect(told(answer.headers)).toEqual([whole, 'FULL_OBJECT'])
  const head = () => s3('HEAD', `/${bucket}/log`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
  expect(told((await head()).headers)).toEqual([whole, 'FULL_OBJECT'])
  expect(await codeOf(await append(bucket, 'log', 30_100, 'x', { 'x-amz-checksum-crc32': crc(one) }))).toBe('BadDigest')
  await append(bucket, 'log', 30_100, 'x')
  expect(told((await head()).headers)).toEqual([null, null])
})

test('of several appends at one offset one succeeds, and a counter of lines loses none', async () => {
  const bucket = await freshBucket()
  for (const size of [20, 20_000]) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => append(bucket, `raced-${size}`, 0, randomBytes(size))),
    )
    expect(answers.filter(answer => answer.status === 200)).toHaveLength(1)
    const next = await Promise.all(
      Array.from({ length: 8 }, () => append(bucket, `raced-${size}`, size, randomBytes(size))),
    )
    expect(next.filter(answer => answer.status === 200)).toHaveLength(1)
    expect((await bytesOf(bucket, `raced-${size}`)).length).toBe(2 * size)
  }
  await requireSound(bucket)
})

test('a copy keeps its bytes when its source grows, and the source when the copy goes', async () => {
  const bucket = await freshBucket()
  const [one, two, three] = [randomBytes(50_000), randomBytes(100), randomBytes(100)]
  await s3('PUT', `/${bucket}/log`, { body: one })
  await s3('PUT', `/${bucket}/copy`, { headers: { 'x-amz-copy-source': `${bucket}/log` } })
  await append(bucket, 'log', one.length, two)
  await append(bucket, 'copy', one.length, three)
  expect(md5(await bytesOf(bucket, 'log'))).toBe(md5(Buffer.concat([one, two])))
  expect(md5(await bytesOf(bucket, 'copy'))).toBe(md5(Buffer.concat([one, three])))
  await s3('DELETE', `/${bucket}/copy`)
  await requireSound(bucket)
  expect(md5(await bytesOf(bucket, 'log'))).toBe(md5(Buffer.concat([one, two])))
})

test('a short body is put behind the parts of an upload', async () => {
  const bucket = await freshBucket()
  const begun = await s3('POST', `/${bucket}/parts`, { query: { uploads: '' } })
  const uploadId = texts(await begun.text(), 'UploadId')[0] ?? ''
  const part = await s3('PUT', `/${bucket}/parts`, { query: { uploadId, partNumber: '1' }, body: 'short' })
  const list = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
  expect((await s3('POST', `/${bucket}/parts`, { query: { uploadId }, body })).status).toBe(200)
  const answer = await append(bucket, 'parts', 5, ' body')
  expect([answer.status, answer.headers.get('etag')?.slice(-3)]).toEqual([200, '-2"'])
  expect(Buffer.from(await bytesOf(bucket, 'parts')).toString()).toBe('short body')
  await requireSound(bucket)
})

test('an object has at most 10,000 pieces', async () => {
  const bucket = await freshBucket()
  await append(bucket, 'log', 0, 'x')
  // As it would be told of after 9,998 more.
  await spoil(bucket, "update objects set etag = etag || '-9999'")
  expect((await append(bucket, 'log', 1, 'x')).headers.get('etag')).toMatch(/-10000"$/)
  const refused = await append(bucket, 'log', 2, 'x')
  expect([refused.status, await codeOf(refused)]).toEqual([400, 'TooManyParts'])
})

test('a long append holds a lease, and once that is cleared nothing of it is stored', async () => {
  const bucket = await freshBucket()
  await append(bucket, 'log', 0, 'one')
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answer = append(bucket, 'log', 3, readable)
  await writer.write(new TextEncoder().encode('two'))
  const { locks } = (await openWharf(env, createExecutionContext())).store
  const held = async () => (await locks.list(ROOT_CALLER, bucket, ALL)).map(lock => lock.operation)
  await vi.waitFor(async () => expect(await held()).toEqual(['AppendObject']))
  await locks.clear(ROOT_CALLER, bucket, ALL)
  await writer.close()
  expect(await codeOf(await answer)).toBe('OperationAborted')
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('one')
  await requireSound(bucket)
})

test('a reader in mid-stream gets the bytes that it was promised', async () => {
  const bucket = await freshBucket()
  const one = randomBytes(300_000)
  await append(bucket, 'log', 0, one)
  const answer = await s3('GET', `/${bucket}/log`)
  await append(bucket, 'log', one.length, randomBytes(1000))
  expect(md5(new Uint8Array(await answer.arrayBuffer()))).toBe(md5(one))
})

test('where versions are kept an append makes a new one, and the old one stays as it was', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/log`, { body: 'null' })
  await keepVersions(bucket)
  const [one, two] = [randomBytes(40_000), randomBytes(10)]
  const versions = [
    await append(bucket, 'log', 4, one),
    await append(bucket, 'log', 40_004, two),
    await append(bucket, 'log', 40_014, two),
  ].map(answer => answer.headers.get('x-amz-version-id') ?? '')
  expect(new Set(versions).size).toBe(3)
  const sizes = ['null', ...versions].map(async versionId => (await bytesOf(bucket, 'log', { versionId })).length)
  expect(await Promise.all(sizes)).toEqual([4, 40_004, 40_014, 40_024])
  expect(md5(await bytesOf(bucket, 'log'))).toBe(md5(Buffer.concat([Buffer.from('null'), one, two, two])))
  await s3('DELETE', `/${bucket}/log`, { query: { versionId: versions[1] ?? '' } })
  await s3('DELETE', `/${bucket}/log`, { query: { versionId: 'null' } })
  await requireSound(bucket)
  expect((await bytesOf(bucket, 'log')).length).toBe(40_024)
  await s3('DELETE', `/${bucket}/log`)
  expect(await codeOf(await append(bucket, 'log', 40_024, 'x'))).toBe('InvalidWriteOffset')
  expect((await append(bucket, 'log', 0, 'anew')).status).toBe(200)
  await keepVersions(bucket, 'Suspended')
  expect((await append(bucket, 'log', 4, ' null')).headers.get('x-amz-version-id')).toBe('null')
  expect((await append(bucket, 'log', 9, ' again')).headers.get('x-amz-version-id')).toBe('null')
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('anew null again')
  await requireSound(bucket)
})

test('a locked version is not touched by an append, and the new one is kept as the bucket says', async () => {
  const bucket = await freshBucket({ headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  const headers = {
    'x-amz-object-lock-legal-hold': 'ON',
    'content-md5': Buffer.from(md5('one'), 'hex').toString('base64'),
  }
  const held = await append(bucket, 'log', 0, 'one', headers)
  const heldVersion = held.headers.get('x-amz-version-id') ?? ''
  const grown = await append(bucket, 'log', 3, 'two')
  const remove = (versionId: string) => s3('DELETE', `/${bucket}/log`, { query: { versionId } })
  expect(await codeOf(await remove(heldVersion))).toBe('AccessDenied')
  expect((await remove(grown.headers.get('x-amz-version-id') ?? '')).status).toBe(204)
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('one')
})

test('a full bucket takes no further bytes, and one that is not takes as many as fit', async () => {
  const bucket = await freshBucket()
  await append(bucket, 'log', 0, 'x'.repeat(80))
  await s3('PUT', `/_wharf/api/buckets/${bucket}/quota`, { body: JSON.stringify({ maxBytes: 100 }) })
  expect((await append(bucket, 'log', 80, 'x'.repeat(20))).status).toBe(200)
  expect(await codeOf(await append(bucket, 'log', 100, 'x'))).toBe('QuotaExceeded')
})

test('an append of unknown length is taken, and one that nobody signed is not', async () => {
  const bucket = await freshBucket()
  await append(bucket, 'log', 0, 'one')
  const headers = new Headers({ host: 'localhost', 'x-amz-write-offset-bytes': '3' })
  expect((await send('PUT', `/${bucket}/log`, '', headers, Buffer.from('two'))).status).toBe(403)
  const answer = await append(bucket, 'log', 3, new Response('two').body ?? undefined)
  expect(answer.status).toBe(200)
  expect(Buffer.from(await bytesOf(bucket, 'log')).toString()).toBe('onetwo')
})
