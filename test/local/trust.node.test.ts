import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'
import { type SignedAsk, signedFetch } from '../support/signed-fetch'
import { listStoredBlobs } from '../support/state-blobs'

const MiB = 1024 * 1024
const BUCKET = 'trusted'
const ROOT = join(import.meta.dirname, '../..')

const stateDir = temporaryFolder()
let server: LocalServer
let client: S3Client

beforeAll(async () => {
  server = await startLocalServer({ stateDir })
  client = clientOf(server)
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
})

afterAll(async () => {
  await server.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

describe('over a real port', () => {
  test('the lock of a slow 50 MiB upload is listed with owner and age; cleared, the upload ends in a conflict', {
    timeout: 60_000,
  }, async () => {
    const before = randomBytes(1000)
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'slow/upload', Body: before }))
    const gate = new Gate()
    const Body = Readable.from(slowly(50, gate))
    const upload = client
      .send(new PutObjectCommand({ Bucket: BUCKET, Key: 'slow/upload', Body, ContentLength: 50 * MiB }))
      .then(
        () => 200,
        error => error.$metadata?.httpStatusCode as number,
      )
    await gate.reached
    await pause(1200)
    const locks = { lock: '', bucket: BUCKET, prefix: 'slow/', duration: '1s' }
    const listed = (await (await admin('GET', 'list', { query: locks })).json()) as ListedLock[]
    expect(listed).toMatchObject([
      { bucket: BUCKET, object: 'slow/upload', writeLocks: 1, lockOwners: [{ type: 'WLock', status: 'Running' }] },
    ])
    expect(listed[0]?.lockOwners[0]?.source).toContain('PutObject')
    expect(listed[0]?.lockOwners[0]?.duration).toBeGreaterThan(1e9)
    expect(await (await admin('GET', 'list', { query: { ...locks, duration: '1h' } })).json()).toEqual([])
    const cleared = await (await admin('POST', 'clear', { query: locks })).json()
    expect(cleared).toMatchObject([{ object: 'slow/upload' }])
    gate.open()
    expect(await upload).toBe(409)
    expect(await read('slow/upload')).toEqual(before)
    expect(await (await admin('GET', 'list', { query: { lock: '', bucket: BUCKET } })).json()).toEqual([])
  })

  test('a restart in the middle of 100 uploads and downloads loses nothing; what fails can be tried again', {
    timeout: 120_000,
  }, async () => {
    const bodies = Array.from({ length: 50 }, (_, i) =>
      randomBytes(i % 3 === 0 ? 1_200_000 : i % 3 === 1 ? 100_000 : 900),
    )
    for (const [i, Body] of bodies.entries()) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `down/${i}`, Body }))
    }
    const ROUNDS = 2
    let failures = 0
    let isOver = false
    const again = async (work: () => Promise<unknown>) => {
      for (let tries = 1; ; tries++) {
        try {
          return await work()
        } catch (error) {
          const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
          // Not an answer at all, or one that says to try again.
          expect([undefined, 200, 500, 503]).toContain(status)
          failures += 1
          if (tries === 30) throw error
          await pause(20)
        }
      }
    }
    const uploads = bodies.map(async (Body, i) => {
      for (let round = 0; round < ROUNDS; round++) {
        await again(() => client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `up/${i}/${round}`, Body })))
      }
    })
    const downloads = bodies.map(async (body, i) => {
      for (let round = 0; round < ROUNDS; round++)
        await again(async () => expect(await read(`down/${i}`)).toEqual(body))
    })
    const restarts = (async () => {
      for (let count = 0; !isOver || count === 0; count++) {
        await pause(150)
        const answer = await admin('POST', 'restart', { query: { service: '' } })
        expect([200, 500, 503]).toContain(answer.status)
      }
    })()
    await Promise.all([...uploads, ...downloads])
    isOver = true
    await restarts
    for (const [i, body] of bodies.entries()) {
      expect(await read(`down/${i}`)).toEqual(body)
      for (let round = 0; round < ROUNDS; round++) expect(md5(await read(`up/${i}/${round}`))).toBe(md5(body))
    }
    console.log(
      `${failures} of ${2 * ROUNDS * bodies.length} uploads and downloads were interrupted by restarts and tried again`,
    )
  })

  test("what wrangler's own R2 command removes or alters is found by a read, by heal and by the audit", {
    timeout: 120_000,
  }, async () => {
    for (const Key of ['removed', 'altered', 'good']) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: randomBytes(100_000) }))
    }
    await server.stop()
    const blobs = new Map(listStoredBlobs(stateDir).map(({ name, key }) => [key, name]))
    await wrangler('delete', `wharf-blobs/${blobs.get('removed')}`)
    const rubbish = join(stateDir, 'rubbish')
    writeFileSync(rubbish, randomBytes(100_000))
    await wrangler('put', `wharf-blobs/${blobs.get('altered')}`, '--file', rubbish)
    server = await startLocalServer({ stateDir })
    client = clientOf(server)

    for (const Key of ['removed', 'altered']) {
      await expect(client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).rejects.toMatchObject({
        name: 'ObjectDamaged',
      })
    }
    expect(await read('good')).toHaveLength(100_000)
    const query = { heal: '', bucket: BUCKET, 'max-key': '1000' }
    const listed = await (await admin('GET', 'list-objects', { query })).text()
    expect(Array.from(listed.matchAll(/<Key>([^<]*)<\/Key>/g), match => match[1])).toEqual(['altered', 'removed'])
    expect(listed).toContain('<Status>2</Status>')
    const audited = await run('npm', ['run', '--silent', 'audit', '--', '--state', stateDir])
    expect(audited.code).toBe(1)
    for (const Key of ['removed', 'altered']) expect(audited.output).toContain(Key)
    expect(audited.output).not.toContain('good')
  })
})

interface ListedLock {
  lockOwners: { source: string; duration: number }[]
}

function clientOf({ url, rootUser, rootPassword }: LocalServer): S3Client {
  return new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: rootUser, secretAccessKey: rootPassword },
    maxAttempts: 1,
    requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: 110 }) },
  })
}

function admin(method: string, operation: string, ask: SignedAsk): Promise<Response> {
  return signedFetch(server, method, { ...ask, headers: { 'x-minio-operation': operation } })
}

async function read(Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

/** Stands in the middle of a slow upload until it is opened. */
class Gate {
  open = () => {}
  readonly #opened = new Promise<void>(resolve => {
    this.open = resolve
  })
  #reach = () => {}
  readonly reached = new Promise<void>(resolve => {
    this.#reach = resolve
  })

  pass(): Promise<void> {
    this.#reach()
    return this.#opened
  }
}

async function* slowly(mebibytes: number, gate: Gate) {
  const piece = randomBytes(MiB)
  for (let i = 0; i < mebibytes; i++) {
    if (i === mebibytes - 10) await gate.pass()
    yield piece
  }
}

function wrangler(verb: string, ...args: string[]) {
  return run('npx', ['wrangler', 'r2', 'object', verb, ...args, '--local', '--persist-to', stateDir]).then(done =>
    expect(done).toMatchObject({ code: 0 }),
  )
}

function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, output }))
  })
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
