import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  NotFound,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, describe, expect, test } from 'vitest'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'
import { readBlobs } from '../support/state-blobs'
import { makeBody, type Write, WriteHistory } from './write-history'

/** How often the server is killed; WHARF_KILL_ROUNDS=20 for the long run. */
const ROUNDS = Number(process.env.WHARF_KILL_ROUNDS ?? 4)
const WRITERS = 200
const MIN_PART_BYTES = 5 * 1024 * 1024
const BUCKET = 'durable'

const stateDir = temporaryFolder()
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

describe(`kill -9 of everything in the middle of ${WRITERS} concurrent writes, ${ROUNDS} times over`, () => {
  test('keeps what was acknowledged, shows nothing half-written, and goes on with uploads', {
    timeout: 60_000 + ROUNDS * 30_000,
  }, async () => {
    const history = new WriteHistory()
    const buckets = new Set<string>()
    let upload: StartedUpload | undefined
    for (let round = 0; round <= ROUNDS; round++) {
      const server = await startLocalServer({ stateDir })
      const client = clientOf(server)
      if (round === 0) await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
      await requireBuckets(client, buckets)
      if (upload) await finishUpload(client, history, upload)
      await requireObjects(client, history)
      if (round < ROUNDS) {
        upload = await beginUpload(client, round)
        const storm = writeUntilKilled({ client, history, buckets, round })
        await someAcknowledged(history, random(1, 500))
        await server.kill()
        await storm
      } else {
        expect(await server.stop()).toBe(0)
      }
      client.destroy()
    }
    console.log(`${history.acknowledged} writes were acknowledged before ${ROUNDS} kills, and none was lost`)
  })

  test('leaves no blob that nobody references, once the sweep came round', { timeout: 60_000 }, async () => {
    const env = {
      WHARF_RELEASED_BLOB_GRACE_SECONDS: '0',
      WHARF_ORPHAN_GRACE_SECONDS: '0',
      WHARF_SWEEP_INTERVAL_SECONDS: '1',
    }
    const server = await startLocalServer({ stateDir, env })
    await pause(4000)
    expect(await server.stop()).toBe(0)
    const { stored, referenced, files } = readBlobs(stateDir)
    expect(stored.filter(blob => !referenced.has(blob))).toEqual([])
    expect([...referenced].filter(blob => !stored.includes(blob))).toEqual([])
    expect(files).toBe(stored.length)
  })
})

function clientOf(server: LocalServer): S3Client {
  return new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
    // A second attempt would be a second write, which the history knows nothing of.
    maxAttempts: 1,
    requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: WRITERS + 10 }) },
  })
}

interface Storm {
  client: S3Client
  history: WriteHistory
  buckets: Set<string>
  round: number
}

/** Each writer writes until the first of its requests fails, which is when the server has died. */
async function writeUntilKilled(storm: Storm): Promise<void> {
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let turn = 0; ; turn++) {
      try {
        await writeOnce(storm, writer, turn)
      } catch (error) {
        if (isAnswer(error)) throw error
        return
      }
    }
  })
  await Promise.all(writers)
}

/** The kill comes early in one round, and in full swing in another. */
async function someAcknowledged(history: WriteHistory, count: number) {
  const enough = history.acknowledged + count
  const deadline = Date.now() + 20_000
  while (history.acknowledged < enough) {
    if (Date.now() > deadline) throw new Error(`only ${history.acknowledged} writes were acknowledged in 20 s`)
    await pause(1)
  }
}

/** Whether the server itself refused; a broken connection has no status. */
function isAnswer(error: unknown): boolean {
  return typeof (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 'number'
}

/** Several writers share each key. Small bodies rest in the index, larger ones in R2, and a few are uploaded in parts. */
async function writeOnce({ client, history, buckets, round }: Storm, writer: number, turn: number): Promise<void> {
  const tag = `${round}-${writer}-${turn}`
  const chance = Math.random()
  if (writer === 0) {
    const Bucket = `made-${tag}`
    await client.send(new CreateBucketCommand({ Bucket }))
    buckets.add(Bucket)
  } else if (writer <= 4) {
    const key = `parts/${writer % 2}`
    const body = { tag, size: MIN_PART_BYTES + random(1, 50_000) }
    await upload(client, key, body, () => history.begin(key, body))
  } else if (chance < 0.1) {
    const key = `small/${random(0, 40)}`
    const acknowledge = history.begin(key, undefined)
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }))
    acknowledge()
  } else {
    const isSmall = chance < 0.7
    const key = isSmall ? `small/${random(0, 40)}` : `large/${random(0, 30)}`
    const body = { tag, size: isSmall ? random(20, 16_384) : random(16_385, 300_000) }
    if (chance > 0.65 && isSmall) Object.assign(body, { tag: '', size: 0 })
    const acknowledge = history.begin(key, body)
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: makeBody(body) }))
    acknowledge()
  }
}

async function upload(client: S3Client, Key: string, body: { tag: string; size: number }, begin: () => () => void) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }))
  const bytes = makeBody(body)
  const first = bytes.subarray(0, MIN_PART_BYTES)
  const second = bytes.subarray(MIN_PART_BYTES)
  const target = { Bucket: BUCKET, Key, UploadId }
  const parts = []
  for (const [index, Body] of [first, second].entries()) {
    const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber: index + 1, Body }))
    parts.push({ ETag, PartNumber: index + 1 })
  }
  const acknowledge = begin()
  await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: parts } }))
  acknowledge()
}

interface StartedUpload {
  key: string
  id: string | undefined
  etag: string | undefined
  body: { tag: string; size: number }
}

/** An upload whose first part is acknowledged before the kill. */
async function beginUpload(client: S3Client, round: number): Promise<StartedUpload> {
  const key = `resumed/${round}`
  const body = { tag: `resumed-${round}`, size: MIN_PART_BYTES + 1000 }
  const { UploadId: id } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: key }))
  const Body = makeBody(body).subarray(0, MIN_PART_BYTES)
  const part = { Bucket: BUCKET, Key: key, UploadId: id, PartNumber: 1, Body }
  const { ETag: etag } = await client.send(new UploadPartCommand(part))
  return { key, id, etag, body }
}

async function finishUpload(client: S3Client, history: WriteHistory, { key, id, etag, body }: StartedUpload) {
  const target = { Bucket: BUCKET, Key: key, UploadId: id }
  const Body = makeBody(body).subarray(MIN_PART_BYTES)
  const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber: 2, Body }))
  const Parts = [
    { PartNumber: 1, ETag: etag },
    { PartNumber: 2, ETag },
  ]
  const acknowledge = history.begin(key, body)
  await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }))
  acknowledge()
}

async function requireBuckets(client: S3Client, acknowledged: Set<string>) {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}))
  const listed = Buckets.map(bucket => bucket.Name)
  for (const bucket of acknowledged) expect(listed).toContain(bucket)
  // Also one that was made without an answer has to work.
  for (const Bucket of listed.slice(-3)) await client.send(new ListObjectsV2Command({ Bucket }))
}

/** Compares all that can be seen with all that was written. */
async function requireObjects(client: S3Client, history: WriteHistory) {
  const listed = await listAll(client)
  expect([...listed.keys()].filter(key => !history.keys.includes(key))).toEqual([])
  for (const key of history.keys) {
    const entry = listed.get(key)
    const body = await readObject(client, key)
    expect(history.possible(key), key).toContainEqual(body)
    expect(entry?.Size, `${key} in the listing`).toBe(body?.size)
    history.settle(key, body)
  }
}

type Entry = NonNullable<ListObjectsV2CommandOutput['Contents']>[number]

/** In pages that are short enough to need several. */
async function listAll(client: S3Client): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  let ContinuationToken: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys: 17, ContinuationToken }),
    )
    for (const entry of page.Contents ?? []) if (entry.Key) entries.set(entry.Key, entry)
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken)
  return entries
}

/** Which write's body an object holds. Fails unless HEAD agrees with it, and every byte is that write's. */
async function readObject(client: S3Client, Key: string): Promise<Write['body']> {
  const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key })).catch(error => {
    if (error instanceof NotFound) return undefined
    throw error
  })
  if (!head) return undefined
  const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
  expect(head.ContentLength, Key).toBe(bytes.length)
  expect(head.ETag, Key).toBe(ETag)
  if (!ETag?.includes('-')) expect(ETag, Key).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`)
  const tag =
    bytes
      .subarray(0, 100)
      .toString()
      .match(/^<(.*?)>/)?.[1] ?? ''
  const body = { tag, size: bytes.length }
  if (bytes.length > 0) expect(bytes.equals(makeBody(body)), `${Key} is of one piece`).toBe(true)
  return body
}

function random(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from))
}
