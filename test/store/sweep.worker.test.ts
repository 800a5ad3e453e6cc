import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { doJob, graces } from '../support/jobs'
import { freshBucket, md5, randomBytes, s3, texts } from '../support/s3'

/** A whole round of the sweep, with graces in seconds. */
async function sweep(grace: { released: number; orphans: number }): Promise<number> {
  const { counters } = await doJob('sweep', {}, graces(grace.released, grace.orphans))
  return (counters.released ?? 0) + (counters.orphans ?? 0)
}

const NOW = { released: 0, orphans: 0 }
const LATER = { released: 3600, orphans: 86_400 }

async function blobsOf(bucket: string): Promise<string[]> {
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  if (!entry) throw new Error('no such bucket')
  return (await env.BLOBS.list({ prefix: `${entry.id}/` })).objects.map(object => object.key)
}

async function bytesAt(path: string): Promise<string> {
  return md5(new Uint8Array(await (await s3('GET', path)).arrayBuffer()))
}

describe('the sweep', () => {
  test('deletes replaced and removed blobs once their grace is over, and none before', async () => {
    const bucket = await freshBucket()
    const [one, two] = [randomBytes(50_000), randomBytes(60_000)]
    await s3('PUT', `/${bucket}/key`, { body: one })
    await s3('PUT', `/${bucket}/key`, { body: two })
    await s3('PUT', `/${bucket}/gone`, { body: one })
    await s3('DELETE', `/${bucket}/gone`)
    expect(await blobsOf(bucket)).toHaveLength(3)
    await sweep(LATER)
    expect(await blobsOf(bucket)).toHaveLength(3)
    await sweep(NOW)
    expect(await blobsOf(bucket)).toHaveLength(1)
    expect(await bytesAt(`/${bucket}/key`)).toBe(md5(two))
    expect(await sweep(NOW)).toBe(0)
  })

  test('keeps a shared blob until its last holder is gone', async () => {
    const bucket = await freshBucket()
    const bytes = randomBytes(50_000)
    const copy = (to: string, from: string) =>
      s3('PUT', `/${bucket}/${to}`, { headers: { 'x-amz-copy-source': `${bucket}/${from}` } })
    await s3('PUT', `/${bucket}/a`, { body: bytes })
    await copy('b', 'a')
    await copy('c', 'b')
    await s3('DELETE', `/${bucket}/a`)
    await sweep(NOW)
    expect(await bytesAt(`/${bucket}/b`)).toBe(md5(bytes))
    await s3('PUT', `/${bucket}/b`, { body: 'overwritten' })
    await sweep(NOW)
    expect(await bytesAt(`/${bucket}/c`)).toBe(md5(bytes))
    await s3('DELETE', `/${bucket}/c`)
    await sweep(NOW)
    expect(await blobsOf(bucket)).toEqual([])
  })

  test('deletes orphans that no record names, once they are old enough', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    const [kept = ''] = await blobsOf(bucket)
    const orphan = kept.replace(/[^/]+$/, 'f'.repeat(32))
    const customMetadata = { key: Buffer.from('key').toString('base64url') }
    await env.BLOBS.put(orphan, 'left by a Worker that died', { customMetadata })
    await env.BLOBS.put(orphan.replace(/f$/, 'e'), 'of a part', {
      customMetadata: { ...customMetadata, upload: 'gone' },
    })
    await sweep(LATER)
    expect(await blobsOf(bucket)).toHaveLength(3)
    await sweep(NOW)
    expect(await blobsOf(bucket)).toEqual([kept])
  })

  test('comes back to an orphan that was too young when its hour was looked at', async () => {
    const bucket = await freshBucket()
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    const hour = new Date(Date.now() - 3 * 3_600_000).toISOString().slice(0, 13).replace(/[-T]/g, '')
    // Its upload began three hours ago and ended now.
    await env.BLOBS.put(`${entry?.id}/${hour}/slow`, 'left behind', { customMetadata: { key: 'a2V5' } })
    await sweep({ released: 0, orphans: 3600 })
    expect(await blobsOf(bucket)).toHaveLength(1)
    await sweep(NOW)
    expect(await blobsOf(bucket)).toEqual([])
  })

  test('leaves the parts of an upload alone, and takes those of an aborted or shortened one', async () => {
    const bucket = await freshBucket()
    const begin = async (key: string) =>
      texts(await (await s3('POST', `/${bucket}/${key}`, { query: { uploads: '' } })).text(), 'UploadId')[0] ?? ''
    const part = async (key: string, uploadId: string, partNumber: string) =>
      (
        await s3('PUT', `/${bucket}/${key}`, { query: { uploadId, partNumber }, body: randomBytes(20_000) })
      ).headers.get('etag')
    const kept = await begin('kept')
    await part('kept', kept, '1')
    const aborted = await begin('aborted')
    await part('aborted', aborted, '1')
    await s3('DELETE', `/${bucket}/aborted`, { query: { uploadId: aborted } })
    const done = await begin('done')
    const etag = await part('done', done, '2')
    await part('done', done, '3')
    const body = `<CompleteMultipartUpload><Part><PartNumber>2</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    expect((await s3('POST', `/${bucket}/done`, { query: { uploadId: done }, body })).status).toBe(200)
    expect(await blobsOf(bucket)).toHaveLength(4)
    await sweep(NOW)
    expect(await blobsOf(bucket)).toHaveLength(2)
    expect((await s3('GET', `/${bucket}/done`)).headers.get('content-length')).toBe('20000')
    expect(
      texts(await (await s3('GET', `/${bucket}/kept`, { query: { uploadId: kept } })).text(), 'PartNumber'),
    ).toEqual(['1'])
  })

  test('deletes all blobs of a bucket that was removed', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    const [blob = ''] = await blobsOf(bucket)
    await s3('DELETE', `/${bucket}/key`)
    await s3('DELETE', `/${bucket}`)
    expect(await env.BLOBS.head(blob)).not.toBeNull()
    await sweep(NOW)
    expect(await env.BLOBS.head(blob)).toBeNull()
  })

  test('deletes at once what a refused write had stored', async () => {
    const bucket = await freshBucket()
    const racers = Array.from({ length: 5 }, () =>
      s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000), headers: { 'if-none-match': '*' } }),
    )
    await Promise.all(racers)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(await blobsOf(bucket)).toHaveLength(1)
  })
})

test('a reader in mid-stream survives an overwrite', async () => {
  const bucket = await freshBucket()
  const bytes = randomBytes(3_000_000)
  await s3('PUT', `/${bucket}/key`, { body: bytes })
  const reading = await s3('GET', `/${bucket}/key`)
  await s3('PUT', `/${bucket}/key`, { body: 'new' })
  await sweep(LATER)
  expect(md5(new Uint8Array(await reading.arrayBuffer()))).toBe(md5(bytes))
})

test('two sweeps side by side forget only what they deleted', async () => {
  const bucket = await freshBucket()
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const index = env.BUCKET_INDEX.getByName(entry?.id ?? '')
  const release = async () => {
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    await s3('DELETE', `/${bucket}/key`)
  }
  const released = async () => (await index.sweepState(Date.now() + 1000, 10))?.released ?? []
  await release()
  const seenByBoth = await released()
  await index.forgetReleased(seenByBoth)
  await release()
  await index.forgetReleased(seenByBoth)
  expect(await released()).toHaveLength(1)
})

test('the index counts its objects and bytes', async () => {
  const bucket = await freshBucket()
  const counters = async () => {
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    const answer = await env.BUCKET_INDEX.getByName(entry?.id ?? '').counters({ known: 1 })
    return answer.ok ? answer.value : answer
  }
  await s3('PUT', `/${bucket}/a`, { body: 'x'.repeat(10) })
  await s3('PUT', `/${bucket}/b`, { body: 'x'.repeat(50_000) })
  await s3('PUT', `/${bucket}/a`, { body: 'x'.repeat(30_000) })
  await s3('PUT', `/${bucket}/c`, { headers: { 'x-amz-copy-source': `${bucket}/a` } })
  expect(await counters()).toEqual({ objects: 3, bytes: 110_000 })
  await s3('DELETE', `/${bucket}/a`)
  await s3('PUT', `/${bucket}/b`, { body: '' })
  expect(await counters()).toEqual({ objects: 2, bytes: 30_000 })
})

test('the index counts a removal once, that comes first after it was lost in the middle of a burst', async () => {
  const bucket = await freshBucket()
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const stub = () => env.BUCKET_INDEX.getByName(entry?.id ?? '')
  await s3('PUT', `/${bucket}/a`, { body: 'x'.repeat(10) })
  await s3('PUT', `/${bucket}/b`, { body: 'x'.repeat(20) })
  await evictDurableObject(stub())
  await s3('DELETE', `/${bucket}/a`)
  const answer = await stub().counters({ known: 1 })
  expect(answer.ok && answer.value).toEqual({ objects: 1, bytes: 20 })
})

test('the index counts right after it was lost in the middle of a burst of writes', async () => {
  const bucket = await freshBucket()
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const stub = () => env.BUCKET_INDEX.getByName(entry?.id ?? '')
  for (let i = 0; i < 5; i++) {
    await s3('PUT', `/${bucket}/k${i}`, { body: 'x'.repeat(100) })
    await s3('PUT', `/${bucket}/k0`, { body: 'x'.repeat(10) })
    await evictDurableObject(stub())
    const answer = await stub().counters({ known: 1 })
    expect(answer.ok && answer.value).toEqual({ objects: i + 1, bytes: i * 100 + 10 })
    // Now and then the burst is over before the index goes.
    if (i % 2 === 0) await new Promise(resolve => setTimeout(resolve, 1100))
  }
})
