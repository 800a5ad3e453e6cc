import { createHash, randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { CopyDestinationOptions, CopySourceOptions, Client as MinioClient } from 'minio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'

const MIB = 1024 * 1024
const ODD_KEYS = [
  'a b+c%20ü.bin',
  'emoji 😀🚢',
  'folder/',
  '/leading//double/',
  'q?&=#;:@\'"<>|',
  'percent % sign',
  'x'.repeat(1024),
]

let server: LocalServer
let sdk: S3Client
let minio: MinioClient
let folder: string

beforeAll(async () => {
  folder = temporaryFolder()
  server = await startLocalServer({ env: { WHARF_DOMAIN: 'localhost' } })
  sdk = connect()
  minio = new MinioClient({
    endPoint: '127.0.0.1',
    port: server.port,
    useSSL: false,
    accessKey: server.rootUser,
    secretKey: server.rootPassword,
  })
})

afterAll(async () => {
  sdk?.destroy()
  await server?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

describe('the AWS SDK for JavaScript', () => {
  test.each([0, 1, 16_384, 16_385, 3 * MIB])('reads the %i bytes that it put, whole and in ranges', async size => {
    const bucket = await freshBucket()
    const body = randomBytes(size)
    const put = await sdk.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body, ContentType: 'x/y' }))
    expect(put.ETag).toBe(`"${md5(body)}"`)
    const got = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }))
    expect(got.ContentType).toBe('x/y')
    expectSame(await bytesOf(got.Body), body)
    if (size < 100) return
    const range = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range: 'bytes=10-99' }))
    expectSame(await bytesOf(range.Body), body.subarray(10, 100))
  })

  test('sends a stream in chunks with a trailer, and reads it back', async () => {
    const bucket = await freshBucket()
    const body = randomBytes(2 * MIB + 17)
    await sdk.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: inPieces(body, 9_999), ContentLength: body.length }),
    )
    expectSame(await readObject(sdk, bucket, 'k'), body)
  })

  test('keeps keys with odd characters apart, lists them in the order of their bytes, and removes them', async () => {
    const bucket = await freshBucket()
    for (const key of ODD_KEYS) {
      await sdk.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: `body of ${key}`, Metadata: { odd: 'yes' } }),
      )
    }
    for (const key of ODD_KEYS) expect(String(await readObject(sdk, bucket, key))).toBe(`body of ${key}`)
    const listed = []
    for await (const page of paginateListObjectsV2({ client: sdk, pageSize: 2 }, { Bucket: bucket })) {
      listed.push(...(page.Contents ?? []).map(({ Key }) => Key))
    }
    expect(listed).toEqual(inOrder(ODD_KEYS))
    const one = await sdk.send(new ListObjectsCommand({ Bucket: bucket, Prefix: 'a b+c', EncodingType: 'url' }))
    expect(one.Contents).toHaveLength(1)
    const removed = await sdk.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: ODD_KEYS.map(Key => ({ Key })) } }),
    )
    expect(removed.Deleted).toHaveLength(ODD_KEYS.length)
  })

  test('uploads a stream of unknown length in parallel parts of 5 MiB', async () => {
    const bucket = await freshBucket()
    const body = randomBytes(23 * MIB + 5)
    const upload = new Upload({
      client: sdk,
      params: { Bucket: bucket, Key: 'a stream ü', Body: inPieces(body, 700_001), Metadata: { colour: 'blue' } },
      partSize: 5 * MIB,
      queueSize: 4,
    })
    const { ETag } = await upload.done()
    expect(ETag).toMatch(/-5"$/)
    expectSame(await readObject(sdk, bucket, 'a stream ü'), body)
    const head = await sdk.send(new HeadObjectCommand({ Bucket: bucket, Key: 'a stream ü' }))
    expect(head.ContentLength).toBe(body.length)
    expect(head.Metadata).toEqual({ colour: 'blue' })
  })

  test('joins parts of unequal sizes, the last one the largest', async () => {
    const bucket = await freshBucket()
    const about = { Bucket: bucket, Key: 'joined' }
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(about))
    const bodies = [5 * MIB, 6 * MIB + 1, 9 * MIB].map(size => randomBytes(size))
    const parts = await Promise.all(
      bodies.map(async (Body, i) => {
        const { ETag, ChecksumCRC32 } = await sdk.send(
          new UploadPartCommand({ ...about, UploadId, PartNumber: i + 1, Body }),
        )
        return { PartNumber: i + 1, ETag, ChecksumCRC32 }
      }),
    )
    await sdk.send(new CompleteMultipartUploadCommand({ ...about, UploadId, MultipartUpload: { Parts: parts } }))
    expectSame(await readObject(sdk, bucket, 'joined'), Buffer.concat(bodies))
  })

  test('copies an object, and the copy outlives its source', async () => {
    const bucket = await freshBucket()
    const body = randomBytes(100_000)
    await sdk.send(new PutObjectCommand({ Bucket: bucket, Key: 'source ü+', Body: body }))
    const source = `${bucket}/${encodeURIComponent('source ü+')}`
    await sdk.send(new CopyObjectCommand({ Bucket: bucket, Key: 'copy', CopySource: source }))
    await sdk.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'source ü+' }))
    expectSame(await readObject(sdk, bucket, 'copy'), body)
  })

  test('presigns a PUT and a GET that need nothing but fetch', async () => {
    const bucket = await freshBucket()
    const about = { Bucket: bucket, Key: 'shared ü +%' }
    const body = randomBytes(50_000)
    const put = await fetch(await getSignedUrl(sdk, new PutObjectCommand(about)), { method: 'PUT', body })
    expect(put.status).toBe(200)
    const url = await getSignedUrl(sdk, new GetObjectCommand({ ...about, ResponseContentType: 'x/shown' }))
    const got = await fetch(url)
    expect(got.status).toBe(200)
    expect(got.headers.get('content-type')).toBe('x/shown')
    expectSame(Buffer.from(await got.arrayBuffer()), body)
    expect((await fetch(url.replace('shared', 'others'))).status).toBe(403)
    const withoutChecksum = connect({ requestChecksumCalculation: 'WHEN_REQUIRED' })
    const plain = await fetch(await getSignedUrl(withoutChecksum, new PutObjectCommand(about)), {
      method: 'PUT',
      body: 'x',
    })
    expect(plain.status).toBe(200)
    withoutChecksum.destroy()
  })

  test('lets exactly one of 20 racers create a key', async () => {
    const bucket = await freshBucket()
    const racers = Array.from({ length: 20 }, (_, i) => `racer ${i}`)
    const outcomes = await Promise.allSettled(
      racers.map(Body => sdk.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body, IfNoneMatch: '*' }))),
    )
    const winners = racers.filter((_, i) => outcomes[i]?.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect([409, 412]).toContain(outcome.reason.$metadata.httpStatusCode)
    }
    expect(String(await readObject(sdk, bucket, 'k'))).toBe(winners[0])
  })

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as ChecksumAlgorithm[])(
    'has %s computed, stored, and given back, of a buffer and of a stream',
    async algorithm => {
      const bucket = await freshBucket()
      const body = randomBytes(150_000)
      const field = `Checksum${algorithm}` as const
      const asked = { Bucket: bucket, ChecksumAlgorithm: algorithm }
      const put = await sdk.send(new PutObjectCommand({ ...asked, Key: 'buffer', Body: body }))
      const stream = { Body: inPieces(body, 50_000), ContentLength: body.length }
      const streamed = await sdk.send(new PutObjectCommand({ ...asked, Key: 'stream', ...stream }))
      expect(put[field]).toBeTruthy()
      expect(streamed[field]).toBe(put[field])
      for (const Key of ['buffer', 'stream']) {
        const got = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' }))
        expect(got[field]).toBe(put[field])
        expectSame(await bytesOf(got.Body), body)
      }
      const other = await sdk.send(new PutObjectCommand({ ...asked, Key: 'other', Body: 'other' }))
      const wrong = { Bucket: bucket, Key: 'buffer', Body: body, [field]: other[field] }
      await expect(sdk.send(new PutObjectCommand(wrong))).rejects.toMatchObject({ name: 'BadDigest' })
      expectSame(await readObject(sdk, bucket, 'buffer'), body)
    },
  )

  test('finds a bucket by its host name', async () => {
    const bucket = await freshBucket()
    const toLoopback = new Agent({
      keepAlive: true,
      lookup: (_name, options, found) =>
        options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
    })
    const byHost = connect({
      endpoint: `http://localhost:${server.port}`,
      forcePathStyle: false,
      requestHandler: { httpAgent: toLoopback },
    })
    const hosts: unknown[] = []
    byHost.middlewareStack.add(
      next => async args => {
        hosts.push((args.request as { hostname?: string }).hostname)
        return next(args)
      },
      { step: 'finalizeRequest' },
    )
    const body = randomBytes(30_000)
    await byHost.send(new PutObjectCommand({ Bucket: bucket, Key: 'folder/ü +', Body: body }))
    expectSame(await readObject(byHost, bucket, 'folder/ü +'), body)
    expectSame(await readObject(sdk, bucket, 'folder/ü +'), body)
    const listed = await byHost.send(new ListObjectsCommand({ Bucket: bucket }))
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['folder/ü +'])
    expect(new Set(hosts)).toEqual(new Set([`${bucket}.localhost`]))
    byHost.destroy()
  })
})

describe('minio for Node.js', () => {
  test('reads what it put from a buffer, a stream and a file', async () => {
    const bucket = await freshMinioBucket()
    const body = randomBytes(7 * MIB + 3)
    const path = join(folder, 'to be put.bin')
    writeFileSync(path, body)
    const { etag } = await minio.putObject(bucket, 'buffer ü', body, body.length, { 'X-Amz-Meta-Colour': 'blue' })
    await minio.putObject(bucket, 'stream', inPieces(body, 60_000), body.length)
    await minio.putObject(bucket, 'unknown', inPieces(body, 60_000))
    await minio.fPutObject(bucket, 'file', path, { 'Content-Type': 'x/file' })
    for (const key of ['buffer ü', 'stream', 'unknown', 'file']) {
      expectSame(await buffer(await minio.getObject(bucket, key)), body)
    }
    expectSame(await buffer(await minio.getPartialObject(bucket, 'stream', 100, 50_000)), body.subarray(100, 50_100))
    expectSame(await buffer(await minio.getPartialObject(bucket, 'stream', 7 * MIB)), body.subarray(7 * MIB))
    const stat = await minio.statObject(bucket, 'buffer ü')
    expect(stat).toMatchObject({ size: body.length, etag, metaData: { colour: 'blue' } })
    expect((await minio.statObject(bucket, 'file')).metaData['content-type']).toBe('x/file')
  })

  test('uploads a large stream of unknown length in parts', async () => {
    const bucket = await freshMinioBucket()
    const body = randomBytes(70 * MIB + 1)
    await minio.putObject(bucket, 'large', inPieces(body, 1_000_003))
    expectSame(await buffer(await minio.getObject(bucket, 'large')), body)
  })

  test('lists in both versions, recursively or by folder, and keeps odd keys apart', async () => {
    const bucket = await freshMinioBucket()
    const keys = [...ODD_KEYS.filter(key => !key.startsWith('/')), 'deep/er/one', 'deep/er/two', 'deep/three']
    for (const key of keys) await minio.putObject(bucket, key, `body of ${key}`)
    for (const key of keys) expect(String(await buffer(await minio.getObject(bucket, key)))).toBe(`body of ${key}`)
    for (const list of [minio.listObjects.bind(minio), minio.listObjectsV2.bind(minio)]) {
      const all = await itemsOf<{ name?: string }>(list(bucket, '', true))
      expect(all.map(({ name }) => name)).toEqual(inOrder(keys))
      const folders = await itemsOf<{ name?: string; prefix?: string }>(list(bucket, 'deep/', false))
      expect(folders.map(item => item.name ?? item.prefix).sort()).toEqual(['deep/er/', 'deep/three'])
    }
  })

  test('finds incomplete uploads and removes them', async () => {
    const bucket = await freshMinioBucket()
    for (const key of ['begun ü', 'folder/begun']) await minio.initiateNewMultipartUpload(bucket, key, {})
    const open = await itemsOf<{ key: string }>(minio.listIncompleteUploads(bucket, '', true))
    expect(open.map(({ key }) => key).sort()).toEqual(['begun ü', 'folder/begun'])
    await minio.removeIncompleteUpload(bucket, 'begun ü')
    const rest = await itemsOf<{ key: string }>(minio.listIncompleteUploads(bucket, '', true))
    expect(rest.map(({ key }) => key)).toEqual(['folder/begun'])
  })

  test('copies an object, and composes one from several', async () => {
    const bucket = await freshMinioBucket()
    const [first, second] = [randomBytes(6 * MIB), randomBytes(1000)]
    await minio.putObject(bucket, 'first +', first)
    await minio.putObject(bucket, 'second', second)
    await minio.copyObject(bucket, 'copy', `/${bucket}/first +`)
    expectSame(await buffer(await minio.getObject(bucket, 'copy')), first)
    await minio.composeObject(new CopyDestinationOptions({ Bucket: bucket, Object: 'composed' }), [
      new CopySourceOptions({ Bucket: bucket, Object: 'first +' }),
      new CopySourceOptions({ Bucket: bucket, Object: 'second' }),
    ])
    expectSame(await buffer(await minio.getObject(bucket, 'composed')), Buffer.concat([first, second]))
  })

  test('presigns a PUT and a GET that need nothing but fetch', async () => {
    const bucket = await freshMinioBucket()
    const body = randomBytes(40_000)
    const put = await fetch(await minio.presignedPutObject(bucket, 'shared ü +%', 60), { method: 'PUT', body })
    expect(put.status).toBe(200)
    const got = await fetch(await minio.presignedGetObject(bucket, 'shared ü +%', 60))
    expectSame(Buffer.from(await got.arrayBuffer()), body)
  })

  test('removes many objects at once, and then the bucket', async () => {
    const bucket = await freshMinioBucket()
    const keys = Array.from({ length: 120 }, (_, i) => `key <${i}> & ü`)
    await Promise.all(keys.map(key => minio.putObject(bucket, key, 'x')))
    await expect(minio.removeBucket(bucket)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
    await minio.removeObjects(bucket, keys)
    await minio.removeBucket(bucket)
    expect(await minio.bucketExists(bucket)).toBe(false)
  })
})

function connect(config: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  return new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
    ...config,
  })
}

let buckets = 0

/** A bucket of its own for each test. */
async function freshBucket(): Promise<string> {
  buckets += 1
  const bucket = `sdk-${buckets}`
  await sdk.send(new CreateBucketCommand({ Bucket: bucket }))
  return bucket
}

async function freshMinioBucket(): Promise<string> {
  buckets += 1
  const bucket = `minio-${buckets}`
  await minio.makeBucket(bucket, 'us-east-1')
  return bucket
}

async function readObject(client: S3Client, bucket: string, key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return bytesOf(Body)
}

async function bytesOf(body: { transformToByteArray(): Promise<Uint8Array> } | undefined): Promise<Buffer> {
  return Buffer.from((await body?.transformToByteArray()) ?? [])
}

/** A stream of unknown length, cut where no part ends. */
function inPieces(body: Buffer, size: number): Readable {
  function* pieces() {
    for (let i = 0; i < body.length; i += size) yield body.subarray(i, i + size)
  }
  return Readable.from(pieces(), { objectMode: false })
}

/** A comparison that does not print megabytes. */
function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length)
  expect(md5(actual)).toBe(md5(expected))
}

async function itemsOf<Item>(listing: AsyncIterable<unknown>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of listing) items.push(item as Item)
  return items
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

/** Keys are listed in the order of their UTF-8 bytes. */
function inOrder(keys: string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
