import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { type Caller, ROOT_ACCOUNT } from '../../src/model/caller'
import { openWharf } from '../../src/wharf'
import { doJob, graces } from '../support/jobs'
import { codeOf, freshBucket, md5, randomBytes, s3 } from '../support/s3'
import { spoil } from '../support/spoil'

const root: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', admin: true, policies: [] }
const ALL = { prefix: '', limit: 1000 }
const MIN_PART_BYTES = 5 * 1024 * 1024

async function health() {
  return (await openWharf(env, createExecutionContext())).store.health
}

async function blobsOf(bucket: string): Promise<string[]> {
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const { objects } = await env.BLOBS.list({ prefix: `${entry?.id}/`, include: ['customMetadata'] })
  return objects.map(object => object.key)
}

/** The blob that was written for this key, of which there is one. */
async function blobOf(bucket: string, key: string): Promise<string> {
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const { objects } = await env.BLOBS.list({ prefix: `${entry?.id}/`, include: ['customMetadata'] })
  const name = Buffer.from(key).toString('base64url')
  const found = objects.filter(object => object.customMetadata?.key === name)
  expect(found).toHaveLength(1)
  return found[0]?.key ?? ''
}

async function states(bucket: string) {
  const { entries } = await (await health()).objects(root, bucket, ALL)
  return Object.fromEntries(entries.map(({ key, state, damaged }) => [key, [state, ...damaged.map(d => d.damage)]]))
}

async function stateOfBucket(name: string) {
  return (await (await health()).buckets(root)).find(bucket => bucket.name === name)?.state
}

async function uploadParts(bucket: string, key: string, bodies: Uint8Array[]) {
  const begun = await (await s3('POST', `/${bucket}/${key}`, { query: { uploads: '' } })).text()
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun)?.[1] ?? ''
  for (const [i, body] of bodies.entries()) {
    await s3('PUT', `/${bucket}/${key}`, { query: { uploadId, partNumber: String(i + 1) }, body })
  }
  return uploadId
}

function complete(bucket: string, key: string, uploadId: string, bodies: Uint8Array[]) {
  const parts = bodies.map((body, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${md5(body)}</ETag></Part>`)
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
  return s3('POST', `/${bucket}/${key}`, { query: { uploadId }, body })
}

/** What somebody with access to the R2 bucket may do to a blob. */
const damages: [string, 'missing' | 'altered' | 'short', (blob: string) => Promise<unknown>][] = [
  ['removed', 'missing', blob => env.BLOBS.delete(blob)],
  ['overwritten with other bytes of the same size', 'altered', blob => env.BLOBS.put(blob, randomBytes(50_000))],
  ['cut short', 'short', blob => env.BLOBS.put(blob, randomBytes(40_000))],
  ['overwritten with more bytes', 'altered', blob => env.BLOBS.put(blob, randomBytes(60_000))],
]

describe('a blob behind the back of Wharf', () => {
  for (const [what, damage, act] of damages) {
    test(`${what} is found by a read, by a heal's listing and by the audit, and never served`, async () => {
      const bucket = await freshBucket()
      await s3('PUT', `/${bucket}/good`, { body: randomBytes(50_000) })
      await s3('PUT', `/${bucket}/small`, { body: 'inline' })
      await s3('PUT', `/${bucket}/bad`, { body: randomBytes(50_000) })
      expect(await states(bucket)).toEqual({ bad: ['healthy'], good: ['healthy'], small: ['healthy'] })
      expect((await doJob('audit', { bucket })).counters.breaches).toBeUndefined()

      await act(await blobOf(bucket, 'bad'))
      for (const headers of [{}, { range: 'bytes=10-20' }]) {
        const answer = await s3('GET', `/${bucket}/bad`, { headers: headers as Record<string, string> })
        expect([answer.status, await codeOf(answer)]).toEqual([500, 'ObjectDamaged'])
      }
      expect(await states(bucket)).toEqual({ bad: ['lost', damage], good: ['healthy'], small: ['healthy'] })
      expect(await stateOfBucket(bucket)).toBe('lost')
      const audited = await doJob('audit', { bucket })
      expect(audited.counters.breaches).toBe(1)
      expect(audited.lines[0]).toContain(`bad: blob`)
      const copied = await s3('PUT', `/${bucket}/copy`, {
        headers: { 'x-amz-copy-source': `${bucket}/bad`, 'x-amz-checksum-algorithm': 'CRC32' },
      })
      expect(copied.status).toBe(500)
    })
  }

  test('one extent of several that is damaged fails the read of its bytes, and leaves the others readable', async () => {
    const bucket = await freshBucket()
    const bodies = [randomBytes(MIN_PART_BYTES), randomBytes(50_000)]
    const uploadId = await uploadParts(bucket, 'key', bodies)
    expect((await complete(bucket, 'key', uploadId, bodies)).status).toBe(200)
    const [, second = ''] = await Promise.all(
      (await blobsOf(bucket)).map(async blob => ({ blob, size: (await env.BLOBS.head(blob))?.size ?? 0 })),
    ).then(sized => sized.sort((a, b) => b.size - a.size).map(({ blob }) => blob))
    await env.BLOBS.put(second, randomBytes(50_000))
    const first = await s3('GET', `/${bucket}/key`, { headers: { range: 'bytes=0-99' } })
    expect(first.status).toBe(206)
    const last = await s3('GET', `/${bucket}/key`, { headers: { range: `bytes=${MIN_PART_BYTES}-` } })
    expect([last.status, await codeOf(last)]).toEqual([500, 'ObjectDamaged'])
    // The answer has begun when the second extent is met: it breaks off, and is not of the promised length.
    const whole = await s3('GET', `/${bucket}/key`)
    await expect(whole.arrayBuffer()).rejects.toThrow()
    expect(await states(bucket)).toEqual({ key: ['lost', 'altered'] })
  })

  test('is seen by a deep audit even where R2 itself would vouch for it', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    expect((await doJob('audit', { bucket, deep: true })).counters).toMatchObject({ objects: 1 })
    expect((await doJob('audit', { bucket, deep: true })).counters.breaches).toBeUndefined()
  })
})

describe('a heal', () => {
  test('takes the bytes from another object of the bucket that has the same', async () => {
    const bucket = await freshBucket()
    const bytes = randomBytes(50_000)
    await s3('PUT', `/${bucket}/one`, { body: bytes })
    await s3('PUT', `/${bucket}/two`, { body: bytes })
    await env.BLOBS.delete(await blobOf(bucket, 'one'))
    expect(await states(bucket)).toEqual({ one: ['healable', 'missing'], two: ['healthy'] })
    expect(await stateOfBucket(bucket)).toBe('healable')
    expect((await doJob('heal-object', { bucket, key: 'one', dryRun: true })).counters).toMatchObject({ healed: 1 })
    expect((await s3('GET', `/${bucket}/one`)).status).toBe(500)
    expect((await doJob('heal-object', { bucket, key: 'one' })).counters).toEqual({ objects: 1, healed: 1 })
    expect(md5(new Uint8Array(await (await s3('GET', `/${bucket}/one`)).arrayBuffer()))).toBe(md5(bytes))
    expect(await states(bucket)).toEqual({ one: ['healthy'], two: ['healthy'] })
    expect(await stateOfBucket(bucket)).toBe('healthy')
    // The blob that was put back is the record's own, so the sweep keeps it.
    await doJob('sweep', {}, graces(0, 0))
    expect((await s3('GET', `/${bucket}/one`)).status).toBe(200)
  })

  test('takes the bytes from a copy in another bucket of the account, and heals all holders at once', async () => {
    const [bucket, other] = [await freshBucket(), await freshBucket()]
    const bodies = [randomBytes(MIN_PART_BYTES), randomBytes(50_000)]
    const uploadId = await uploadParts(bucket, 'key', bodies)
    await complete(bucket, 'key', uploadId, bodies)
    await s3('PUT', `/${bucket}/shared`, { headers: { 'x-amz-copy-source': `${bucket}/key` } })
    await s3('PUT', `/${other}/copy`, { headers: { 'x-amz-copy-source': `${bucket}/key` } })
    for (const blob of await blobsOf(bucket)) await env.BLOBS.put(blob, 'rubbish')
    const { counters } = await doJob('heal-bucket', { bucket })
    expect(counters).toMatchObject({ objects: 2, healed: 2 })
    expect(counters.lost).toBeUndefined()
    for (const key of ['key', 'shared']) {
      const read = new Uint8Array(await (await s3('GET', `/${bucket}/${key}`)).arrayBuffer())
      expect(md5(read)).toBe(md5(Buffer.concat(bodies)))
    }
  })

  test('reports what nobody has any more as lost, and it stays an error', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    await env.BLOBS.delete(await blobOf(bucket, 'key'))
    const { counters, lines } = await doJob('heal-bucket', { bucket })
    expect(counters).toMatchObject({ objects: 1, lost: 1 })
    expect(lines.join()).toContain('lost')
    expect((await s3('GET', `/${bucket}/key`)).status).toBe(500)
    expect((await s3('PUT', `/${bucket}/key`, { body: 'new' })).status).toBe(200)
    expect(await states(bucket)).toEqual({ key: ['healthy'] })
    expect(await stateOfBucket(bucket)).toBe('healthy')
  })

  test('of an upload releases one that was abandoned, and forgets a part that is lost', async () => {
    const bucket = await freshBucket()
    const bodies = [randomBytes(MIN_PART_BYTES), randomBytes(50_000)]
    const upload = await uploadParts(bucket, 'key', bodies)
    expect((await (await health()).uploads(root, bucket, ALL)).entries).toMatchObject([{ state: 'healthy' }])
    const blobs = await blobsOf(bucket)
    const sizes = await Promise.all(blobs.map(async blob => (await env.BLOBS.head(blob))?.size))
    await env.BLOBS.delete(blobs[sizes.indexOf(50_000)] ?? '')
    const examined = (await (await health()).uploads(root, bucket, ALL)).entries
    expect(examined).toMatchObject([{ key: 'key', id: upload, state: 'lost', abandoned: false }])
    expect((await doJob('heal-upload', { bucket, key: 'key', upload })).counters).toEqual({ uploads: 1, lost: 1 })
    expect(await codeOf(await complete(bucket, 'key', upload, bodies))).toBe('InvalidPart')
    const [, second = new Uint8Array()] = bodies
    await s3('PUT', `/${bucket}/key`, { query: { uploadId: upload, partNumber: '2' }, body: second })
    expect((await complete(bucket, 'key', upload, bodies)).status).toBe(200)

    const left = await uploadParts(bucket, 'left', [randomBytes(50_000)])
    const old = { WHARF_ABANDONED_UPLOAD_SECONDS: '0' }
    expect((await doJob('heal-bucket', { bucket }, old)).counters).toMatchObject({ uploads: 1, healed: 1 })
    const gone = await s3('GET', `/${bucket}/left`, { query: { uploadId: left } })
    expect(await codeOf(gone)).toBe('NoSuchUpload')
  })

  test('of the format ends a removal that broke off', async () => {
    const bucket = await freshBucket()
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    await env.BUCKET_INDEX.getByName(entry?.id ?? '').close({ known: 1 })
    expect((await doJob('heal-format')).counters).toMatchObject({ healed: 1 })
    expect(await env.NAMESPACE.getByName('namespace').find(bucket)).toBeUndefined()
  })
})

describe('the audit', () => {
  test('finds orphans, and none once they are swept', async () => {
    const bucket = await freshBucket()
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    await env.BLOBS.put(`${entry?.id}/2026010100/stray`, 'bytes', { customMetadata: { key: 'a2V5' } })
    await env.BLOBS.put('0123456789abcdef0123456789abcdef/2026010100/stray', 'bytes')
    expect((await doJob('audit', { bucket })).counters.breaches).toBeUndefined()
    expect((await doJob('audit', { bucket }, graces(0, 0))).lines[0]).toContain('named by nothing')
    const everything = (await doJob('audit', {}, graces(0, 0))).lines.join()
    expect(everything).toContain('0123456789abcdef0123456789abcdef, which is the id of no bucket')
    await doJob('sweep', {}, graces(0, 0))
    expect((await doJob('audit', { bucket }, graces(0, 0))).counters.breaches).toBeUndefined()
  })

  test('finds each thing in an index that does not fit', async () => {
    const bucket = await freshBucket()
    const bytes = randomBytes(50_000)
    for (const key of ['a', 'b', 'c']) await s3('PUT', `/${bucket}/${key}`, { body: bytes })
    await s3('PUT', `/${bucket}/shared`, { headers: { 'x-amz-copy-source': `${bucket}/a` } })
    await s3('PUT', `/${bucket}/small`, { body: 'inline' })
    await s3('PUT', `/${bucket}/tiny`, { body: 'inline' })
    expect((await doJob('audit', { bucket })).lines).toEqual([])
    const wrongs: [string, RegExp][] = [
      ["update objects set size = 49999 where key = 'b'", /b: what the index holds|extents of b do not add up/],
      ["delete from data where id = (select data from objects where key = 'small')", /bytes of small are missing/],
      ["update data set bytes = x'00' where id = (select data from objects where key = 'tiny')", /not of its size/],
      ["insert into data (bytes) values (x'00')", /belong to no object/],
      ['update shared_blobs set refs = 5', /not held as often/],
      ["insert into parts values ('ghost', 1, 1, '', 0, null, null)", /upload ghost/],
      [
        "insert into released (blob, at) select json_extract(extents, '$[0][0]'), 0 from objects where key = 'c'",
        /released, and needed/,
      ],
      ["update objects set seq = 999999999 where key = 'c'", /only \d+ were given out/],
    ]
    for (const [statement] of wrongs) await spoil(bucket, statement)
    const told = (await doJob('audit', { bucket })).lines.join('\n')
    for (const [statement, sentence] of wrongs)
      expect([statement, told]).toEqual([statement, expect.stringMatching(sentence)])
    expect(told).toMatch(/recount/)
    await doJob('heal-bucket', { bucket })
    expect((await doJob('audit', { bucket })).lines.join()).not.toMatch(/recount/)
  })
})
