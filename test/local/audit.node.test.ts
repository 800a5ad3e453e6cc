import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findLayout } from '../../scripts/audit/state-layout.mjs'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'

const ROOT = join(import.meta.dirname, '../..')
const MIN_PART_BYTES = 5 * 1024 * 1024
/** Counters are put down a second after a write. */
const COUNTERS_SETTLED_MILLIS = 1500
const LARGE = Buffer.alloc(20_000, 'large')

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function freshFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder
}

describe('what Wharf wrote is sound', () => {
  const stateDir = freshFolder()
  /** Replaced blobs are deleted at once, so that as much as can be changes under the auditor. */
  const env = { WHARF_RELEASED_BLOB_GRACE_SECONDS: '0', WHARF_SWEEP_INTERVAL_SECONDS: '1' }
  let server: LocalServer
  let client: S3Client
  beforeAll(async () => {
    server = await startLocalServer({ stateDir, env })
    client = clientOf(server)
    for (const bucket of ['first', 'second', 'removed']) {
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      await writeAllKinds(client, bucket)
    }
    await client.send(new CopyObjectCommand({ Bucket: 'second', Key: 'from-first', CopySource: 'first/large' }))
    await putOfUnknownLength(client, 'first', 'unknown-length', Buffer.alloc(9 * 1024 * 1024, 'unknown'))
    await removeBucket(client, 'removed')
  })
  afterAll(() => client.destroy())

  test('beside a server under load, bytes included', async () => {
    const load = startLoad(client, 'first')
    for (const flags of [[], ['--deep'], [], ['--deep'], [], []]) {
      await load.goesOn()
      expect(await audit(stateDir, flags)).toEqual({
        code: 0,
        breaches: [],
        notices: [],
        summary: expect.stringMatching(/^sound: 2 buckets, \d+ objects of \d+ bytes, \d+ parts of uploads, \d+ blobs$/),
      })
    }
    await load.stop()
  })

  test('after kill -9 in the middle of writes, and nothing in the folder changes by the audit', async () => {
    const load = startLoad(client, 'first')
    await load.goesOn()
    await server.kill()
    await load.stop()
    const before = fingerprints(stateDir)
    expect(Object.keys(before).filter(name => name.endsWith('-wal'))).not.toEqual([])
    expect(await audit(stateDir, ['--deep'])).toMatchObject({ code: 0, breaches: [] })
    expect(fingerprints(stateDir)).toEqual(before)
  })

  test('in a copy of that, which has the logs but not their indexes', async () => {
    const copy = join(freshFolder(), 'copy')
    cpSync(stateDir, copy, { recursive: true, filter: name => !name.endsWith('-shm') })
    const before = fingerprints(copy)
    expect(await audit(copy, ['--deep'])).toMatchObject({ code: 0, breaches: [] })
    expect(fingerprints(copy)).toEqual(before)
  })

  test('after the next start and stop, when nobody holds the folder', async () => {
    server = await startLocalServer({ stateDir, env })
    await clientOf(server).send(new PutObjectCommand({ Bucket: 'second', Key: 'again', Body: LARGE }))
    expect(await server.stop()).toBe(0)
    const before = fingerprints(stateDir)
    expect(await audit(stateDir, ['--deep'])).toMatchObject({ code: 0, breaches: [], notices: [] })
    expect(fingerprints(stateDir)).toEqual(before)
  })
})

/** Something that is done to a bucket behind the back of a stopped server. */
interface Harm {
  what: string
  harm(bucket: HarmedBucket): void
  /** What the audit says of it, without the word in front. */
  says(bucket: HarmedBucket): string[]
  notes?(bucket: HarmedBucket): string[]
  /** Whether only --deep finds it. */
  isDeep?: boolean
}

/** A bucket with the objects `small`, `large`, `copy` (of `large`), and a part of the upload of `uploading`. */
interface HarmedBucket {
  state: string
  name: string
  id: string
  indexId: string
  indexFile: string
  upload: string
  /** Blobs, without the id of the bucket. */
  large: string
  partBlob: string
  /** The row of the bytes of `small`. */
  smallRow: number
  /** The file where R2 keeps a blob. */
  fileOf(blob: string): string
  index(sql: string): void
  namespace(sql: string): void
  /** As if its blobs had been there for ever. */
  makeOld(): void
}

const HARMS: Harm[] = [
  {
    what: 'a blob that wrangler deleted',
    harm: ({ id, large, state }) => wrangler(state, 'delete', `${id}/${large}`),
    says: ({ name, large }) => [
      `bucket ${name}, key "copy", blob ${large}: R2 does not have it`,
      `bucket ${name}, key "large", blob ${large}: R2 does not have it`,
    ],
  },
  {
    what: 'a blob that wrangler replaced by one of the same size',
    harm: ({ id, large, state }) => wrangler(state, 'put', `${id}/${large}`, Buffer.alloc(LARGE.length, 'other')),
    says: ({ name, large }) => {
      const md5s = `${md5(Buffer.alloc(LARGE.length, 'other'))}, and they should have ${md5(LARGE)}`
      return ['copy', 'large'].map(
        key => `bucket ${name}, key "${key}", blob ${large}: R2 has bytes with the MD5 ${md5s}`,
      )
    },
  },
  {
    what: 'a blob that wrangler replaced by a shorter one',
    harm: ({ id, partBlob, state }) => wrangler(state, 'put', `${id}/${partBlob}`, Buffer.alloc(7)),
    says: ({ name, upload, partBlob }) => [
      `bucket ${name}, key "uploading", upload ${upload}, part 1, blob ${partBlob}: R2 has 7 bytes of it, and ${LARGE.length} are needed`,
    ],
  },
  {
    what: 'a blob whose MD5 is not the one that its extent names',
    harm: ({ index, partBlob }) =>
      index(`update parts set extents = '[["${partBlob}",${LARGE.length},0,"AAAAAAAAAAAAAAAAAAAAAA"]]'`),
    says: ({ name, upload, partBlob }) => [
      `bucket ${name}, key "uploading", upload ${upload}, part 1, blob ${partBlob}: R2 has bytes with the MD5 ${md5(LARGE)}, and they should have ${'0'.repeat(32)}`,
    ],
  },
  {
    what: 'a file of R2 that was cut off',
    harm: ({ fileOf, large }) => truncateSync(fileOf(large), 100),
    says: ({ name, large, fileOf }) =>
      ['copy', 'large'].map(
        key =>
          `bucket ${name}, key "${key}", blob ${large}: its file ${fileOf(large)} has 100 bytes instead of ${LARGE.length}`,
      ),
  },
  {
    what: 'a file of R2 that is gone',
    harm: ({ fileOf, partBlob }) => rmSync(fileOf(partBlob)),
    says: ({ name, upload, partBlob, fileOf }) => [
      `bucket ${name}, key "uploading", upload ${upload}, part 1, blob ${partBlob}: its file ${fileOf(partBlob)} is missing`,
    ],
  },
  {
    what: 'a size that its blobs have not got',
    harm: ({ index }) =>
      index("update objects set size = 19999 where key = 'large'; update tally set bytes = bytes - 1"),
    says: ({ name }) => [`bucket ${name}, key "large": its size is 19999, and its extents are ${LARGE.length} bytes`],
  },
  {
    what: 'a size that its bytes in the index have not got',
    harm: ({ index }) => index("update objects set size = 6 where key = 'small'; update tally set bytes = bytes + 1"),
    says: ({ name }) => [`bucket ${name}, key "small": its size is 6, and its bytes in the index are 5 bytes`],
  },
  {
    what: 'extents that are not to be read',
    harm: ({ index }) => index("update parts set extents = '[[1]]'"),
    says: ({ name, upload }) => [
      `bucket ${name}, key "uploading", upload ${upload}, part 1: its extents cannot be read: [[1]]`,
    ],
  },
  {
    what: 'bytes in the index that are missing, and others that no object has',
    harm: ({ index }) => index('update data set id = 77'),
    says: ({ name, smallRow }) => [
      `bucket ${name}, key "small": its bytes should be in row ${smallRow} of table data, which there is not`,
      `bucket ${name}: no object has row 77 of table data, of 5 bytes`,
    ],
  },
  {
    what: 'bytes in the index that two objects have',
    harm: ({ index }) =>
      index(`
        insert into objects (key, size, etag, modified, version, seq, data)
          select 'twin', size, etag, modified, 'v', 900, data from objects where key = 'small';
        update tally set objects = objects + 1, bytes = bytes + 5`),
    says: ({ name, smallRow }) => [
      `bucket ${name}, key "small": row ${smallRow} of table data, where its bytes are, belongs to 2 objects, "twin" too`,
    ],
  },
  {
    what: 'a blob that is held, and released all the same',
    harm: ({ index, large }) => index(`insert into released (blob, at) values ('${large}', 0)`),
    says: ({ name, large }) => [
      `bucket ${name}, key "copy", blob ${large}: it is released, so the sweep will delete it`,
    ],
  },
  {
    what: 'sharers that are counted wrongly',
    harm: ({ index }) => index('update shared_blobs set refs = 3'),
    says: ({ name, large }) => [`bucket ${name}, key "copy", blob ${large}: it is counted as held by 3, and 2 hold it`],
  },
  {
    what: 'sharers that are not counted',
    harm: ({ index }) => index('delete from shared_blobs'),
    says: ({ name, large }) => [
      `bucket ${name}, key "copy", blob ${large}: 2 hold it, which table shared_blobs does not say: the first to let go releases it`,
    ],
  },
  {
    what: 'no breach: a blob that was shared, and has one holder left',
    harm: ({ index }) =>
      index(`
        delete from objects where key = 'copy'; update shared_blobs set refs = 1;
        update tally set objects = objects - 1, bytes = bytes - ${LARGE.length}`),
    says: () => [],
  },
  {
    what: 'counters that are off',
    harm: ({ index }) => index('update tally set objects = objects + 1'),
    says: ({ name }) => [`bucket ${name}: its counters say 4 objects of 40005 bytes, and there are 3 of 40005`],
  },
  {
    what: 'no breach: counters that do not claim to be exact',
    harm: ({ index }) => index('update tally set objects = objects + 1, exact = 0'),
    says: () => [],
  },
  {
    what: 'a version with a number that is still to be given',
    harm: ({ index }) => index('update tally set seq = 2'),
    says: ({ name }) => [
      `bucket ${name}, key "copy": its version has the number 3, and the counter that gives them stands at 2`,
    ],
  },
  {
    what: 'two versions with one number',
    harm: ({ index }) => index('update objects set seq = 1'),
    says: ({ name }) => [`bucket ${name}, key "copy": its version has the number 1, and that of "small" too`],
  },
  {
    what: 'a part whose upload is gone',
    harm: ({ index }) => index('delete from uploads'),
    says: ({ name, upload }) => [`bucket ${name}, upload ${upload}, part 1: its upload does not exist`],
  },
  {
    what: 'a blob that nothing names, once its grace is over',
    harm({ index, makeOld }) {
      index('delete from parts')
      makeOld()
    },
    says: ({ name, partBlob }) => [
      `bucket ${name}, blob ${partBlob}: nothing names it, ${LARGE.length} bytes of 1970-01-01T00:00:00.000Z; the sweep has not come to it`,
    ],
  },
  {
    what: 'no breach: a blob that nothing names, while it is young',
    harm: ({ index }) => index('delete from parts'),
    says: () => [],
  },
  {
    what: 'no breach: an old blob that is released',
    harm({ index, partBlob, makeOld }) {
      index(`delete from parts; insert into released (blob, at) values ('${partBlob}', 0)`)
      makeOld()
    },
    says: () => [],
  },
  {
    what: 'a name that leads to the index of another one',
    harm: ({ index }) => index("update bucket set record = json_set(record, '$.name', 'other')"),
    says: ({ name, id }) => [
      `bucket ${name}: the namespace leads to its index by the id ${id}, and by its own record it is that of bucket other with the id ${id}`,
    ],
  },
  {
    what: 'an index that is no database any more',
    harm: ({ indexFile }) => writeFileSync(indexFile, Buffer.alloc(8192, 'x')),
    says: ({ name }) => [`bucket ${name}: its index cannot be read: file is not a database`],
  },
  {
    what: 'an index whose file is gone',
    harm: ({ indexFile }) => rmSync(indexFile),
    says: ({ name, indexFile }) => [`bucket ${name}: its index is missing: ${indexFile}`],
  },
  {
    what: 'an index with objects that no name leads to, and its blobs',
    harm({ namespace, name, makeOld }) {
      namespace(`delete from buckets where name = '${name}'`)
      makeOld()
    },
    says: ({ name, id, indexId, large, partBlob }) => [
      `index ${indexId}: no name leads to it, and it holds 3 objects and 1 uploads of the bucket ${name}`,
      ...[large, partBlob]
        .sort()
        .map(blob => `blob ${id}/${blob}: its id is no bucket's, ${LARGE.length} bytes of 1970-01-01T00:00:00.000Z`),
    ],
  },
  {
    what: 'an index with objects whose bucket is removed',
    harm: ({ namespace, name, id }) =>
      namespace(`delete from buckets where name = '${name}'; insert into retired values ('${id}', 0)`),
    says: ({ name, indexId }) => [
      `index ${indexId}: the bucket is removed, and it still holds 3 objects and 1 uploads of the bucket ${name}`,
    ],
  },
  {
    what: 'a notice, no breach: an empty index that no name leads to',
    harm({ namespace, index, name }) {
      index('delete from objects; delete from uploads')
      namespace(`delete from buckets where name = '${name}'`)
    },
    says: () => [],
    notes: ({ name, indexId }) => [
      `index ${indexId}: no name leads to it: left empty by a lost race for the name ${name}`,
    ],
  },
  {
    what: 'a notice, no breach: a removal that broke off',
    harm: ({ indexFile }) => writeFileSync(indexFile, ''),
    says: () => [],
    notes: ({ name }) => [
      `bucket ${name}: its index is empty: a removal broke off, and the next request for the name ends it`,
    ],
  },
  {
    what: 'a file of R2 with other bytes, when they are read',
    isDeep: true,
    harm: ({ fileOf, large }) => writeFileSync(fileOf(large), Buffer.alloc(LARGE.length, 'other')),
    says: ({ name, large, fileOf }) => [
      `bucket ${name}, key "copy", blob ${large}: its file ${fileOf(large)} has the MD5 ${md5(Buffer.alloc(LARGE.length, 'other'))}, and R2 keeps ${md5(LARGE)} for it`,
    ],
  },
  {
    what: 'other bytes in the index, when they are read',
    isDeep: true,
    harm: ({ index }) => index("update data set bytes = cast('HELLO' as blob)"),
    says: ({ name }) => [
      `bucket ${name}, key "small": its bytes in the index have the MD5 ${md5('HELLO')}, and its etag is ${md5('hello')}`,
    ],
  },
  {
    what: 'the etag of a part that its bytes have not got, when they are read',
    isDeep: true,
    harm: ({ index }) => index(`update parts set etag = '${'0'.repeat(32)}'`),
    says: ({ name, upload }) => [
      `bucket ${name}, key "uploading", upload ${upload}, part 1: its etag is ${'0'.repeat(32)}, and its bytes have the MD5 ${md5(LARGE)}`,
    ],
  },
]

describe('what was harmed is found', () => {
  const state = freshFolder()
  const harmed = new Map<Harm, HarmedBucket>()
  let shallow: Audit
  let deep: Audit
  beforeAll(async () => {
    const server = await startLocalServer({ stateDir: state })
    const client = clientOf(server)
    for (const i of HARMS.keys()) await writeToBeHarmed(client, `harmed-${i}`)
    client.destroy()
    await pause(COUNTERS_SETTLED_MILLIS)
    expect(await server.stop()).toBe(0)
    expect(await audit(state, ['--deep', '--grace', '100000'])).toMatchObject({ code: 0, breaches: [], notices: [] })
    // All are looked at before the first one is harmed.
    for (const [i, harm] of HARMS.entries()) harmed.set(harm, lookAt(state, `harmed-${i}`))
    for (const [harm, bucket] of harmed) harm.harm(bucket)
    shallow = await audit(state, [])
    deep = await audit(state, ['--deep'])
  })

  for (const harm of HARMS) {
    test(`${harm.what}`, () => {
      const bucket = harmed.get(harm) as HarmedBucket
      const { breaches, notices } = harm.isDeep ? deep : shallow
      expect(breaches).toEqual(expect.arrayContaining(harm.says(bucket)))
      expect(notices).toEqual(expect.arrayContaining(harm.notes?.(bucket) ?? []))
    })
  }

  test('and nothing else', () => {
    const expected = [...harmed].flatMap(([harm, bucket]) => harm.says(bucket))
    const onlyDeep = [...harmed].flatMap(([harm, bucket]) => (harm.isDeep ? harm.says(bucket) : []))
    const notes = [...harmed].flatMap(([harm, bucket]) => harm.notes?.(bucket) ?? [])
    expect(deep.breaches.toSorted()).toEqual(expected.toSorted())
    expect(shallow.breaches.toSorted()).toEqual(expected.filter(line => !onlyDeep.includes(line)).toSorted())
    for (const { code, notices } of [shallow, deep]) {
      expect(code).toBe(1)
      expect(notices.toSorted()).toEqual(notes.toSorted())
    }
    expect(shallow.summary).toMatch(new RegExp(`^${shallow.breaches.length} breaches: `))
  })

  test('as JSON too, with each place in a field of its own', async () => {
    const { code, stdout } = await run(['--state', state, '--json'])
    const report = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(report).toMatchObject({ sound: false, counts: { buckets: expect.any(Number) } })
    expect(report.breaches.map((breach: { line: string }) => breach.line)).toEqual(shallow.breaches)
    const bucket = [...harmed.values()][0]
    expect(report.breaches[0]).toEqual({
      kind: 'blob-missing',
      bucket: 'harmed-0',
      id: bucket?.id,
      key: 'copy',
      blob: bucket?.large,
      text: 'R2 does not have it',
      line: expect.any(String),
    })
  })

  test('an age of blobs that the grace decides', async () => {
    const { breaches } = await audit(state, ['--grace', '0'])
    const young = harmed.get(HARMS.find(({ what }) => what.endsWith('while it is young')) as Harm)
    expect(breaches).toContainEqual(
      expect.stringContaining(`bucket ${young?.name}, blob ${young?.partBlob}: nothing names it`),
    )
    expect((await audit(state, [], { WHARF_ORPHAN_GRACE_SECONDS: '0' })).breaches).toEqual(breaches)
  })
})

describe('what cannot be done is said in a sentence', () => {
  const empty = freshFolder()
  for (const [what, flags, sentence] of [
    [
      'a folder that is not there',
      ['--state', join(empty, 'none')],
      /none is no state folder .*: give its WHARF_STATE_DIR/,
    ],
    ['a folder of something else', ['--state', empty], /is no state folder of a local server \(it has no folder v3\)/],
    [
      'a flag that there is not',
      ['--stat', empty],
      /^Unknown option '--stat': npm run audit -- --help lists the flags.$/,
    ],
    [
      'a grace that is no number',
      ['--grace', '1d'],
      /^The grace must be a whole number of seconds, not "1d": mend --grace/,
    ],
  ] as const) {
    test(what, async () => {
      const { code, stdout, stderr } = await run(flags)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr.trimEnd()).toMatch(sentence)
    })
  }

  for (const [what, file, sentence] of [
    ['a namespace', 'namespace', /^The namespace of the state folder is damaged \(.*\): restore the folder\.$/],
    ['a table of R2', 'r2', /^The table of the simulated R2 is damaged \(.*\): restore the state folder\.$/],
  ] as const) {
    test(`${what} that is no database any more`, async () => {
      const state = freshFolder()
      mkdirSync(join(state, 'v3'))
      const path: string = findLayout(state)[file]
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, Buffer.alloc(8192, 'x'))
      const { code, stderr } = await run(['--state', state])
      expect(code).toBe(2)
      expect(stderr.trimEnd()).toMatch(sentence)
    })
  }

  test('the state of a Worker with another name', async () => {
    const state = freshFolder()
    mkdirSync(join(state, 'v3', 'do', 'pier-Namespace'), { recursive: true })
    const { code, stderr } = await run(['--state', state])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^The state is that of a Worker named pier, and wrangler.toml names wharf: /)
  })

  test('no breach: a folder on which a server was never asked for anything', async () => {
    const state = freshFolder()
    const server = await startLocalServer({ stateDir: state })
    expect(await audit(state, [])).toMatchObject({ code: 0, breaches: [], notices: [] })
    await server.stop()
    expect(await audit(state, [])).toMatchObject({ code: 0, breaches: [], notices: [] })
  })
})

interface Audit {
  code: number | null
  breaches: string[]
  notices: string[]
  summary: string
}

/** What `npm run audit` says of a folder, line by line. */
async function audit(state: string, flags: string[], env: Record<string, string> = {}): Promise<Audit> {
  const { code, stdout, stderr } = await run(['--state', state, ...flags], env)
  const lines = stdout.trimEnd().split('\n')
  const after = (word: string) => lines.filter(line => line.startsWith(word)).map(line => line.slice(word.length))
  if (code !== 0 && code !== 1) throw new Error(`the audit ended with ${code}: ${stderr}`)
  return { code, breaches: after('BREACH  '), notices: after('notice  '), summary: lines.at(-1) ?? '' }
}

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/audit.mjs'), ...args], {
    env: { ...process.env, WHARF_ORPHAN_GRACE_SECONDS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  return new Promise<{ code: number | null; stdout: string; stderr: string }>(resolve => {
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}

function clientOf(server: LocalServer): S3Client {
  return new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
    maxAttempts: 1,
    requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: 50 }) },
  })
}

/** Objects whose bytes rest in every way that there is. */
async function writeAllKinds(client: S3Client, Bucket: string) {
  const put = (Key: string, Body: string | Buffer) => client.send(new PutObjectCommand({ Bucket, Key, Body }))
  await put('empty', Buffer.alloc(0))
  await put('small', 'hello')
  await put('strange/\u0001 ü\n\u2028"\\', 'x')
  await put('large', LARGE)
  await put('replaced', LARGE)
  await put('replaced', 'small now')
  for (const Key of ['copy', 'copy-of-copy', 'large']) {
    const metadata = { MetadataDirective: 'REPLACE', Metadata: { of: Key } } as const
    await client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/large`, ...metadata }))
  }
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy-of-small', CopySource: `${Bucket}/small` }))
  await uploadParts(client, Bucket, 'parts')
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy-of-parts', CopySource: `${Bucket}/parts` }))
  await uploadParts(client, Bucket, 'in-progress', { isCompleted: false })
}

/** Two parts of the client's own, and two that are the same run of another object. */
async function uploadParts(client: S3Client, Bucket: string, Key: string, { isCompleted = true } = {}) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const target = { Bucket, Key, UploadId }
  const parts = []
  for (const [i, size] of [MIN_PART_BYTES, MIN_PART_BYTES + 1, 100].entries()) {
    const Body = Buffer.alloc(size, `part ${i}`)
    const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber: i + 1, Body }))
    parts.push({ ETag, PartNumber: i + 1 })
  }
  const copied = { ...target, PartNumber: 3, CopySource: `${Bucket}/large`, CopySourceRange: 'bytes=10-999' }
  const { CopyPartResult } = await client.send(new UploadPartCopyCommand(copied))
  parts.splice(2, 1, { ETag: CopyPartResult?.ETag, PartNumber: 3 })
  if (!isCompleted) return
  await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: parts } }))
}

/** What comes without saying how long it is rests in several blobs, under the MD5 of the whole. */
async function putOfUnknownLength(client: S3Client, Bucket: string, Key: string, bytes: Buffer) {
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key }), { expiresIn: 600 })
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
  const answer = await fetch(url, { method: 'PUT', body, duplex: 'half' } as RequestInit)
  expect(answer.status).toBe(200)
}

/** An upload in progress does not hold a removal back. */
async function removeBucket(client: S3Client, Bucket: string) {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
  for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }))
  await client.send(new DeleteBucketCommand({ Bucket }))
}

/** Writers that go over the same few keys, until they are stopped or the server dies. */
function startLoad(client: S3Client, Bucket: string) {
  let isOver = false
  let writes = 0
  const write = async (writer: number) => {
    const Key = `load/${Math.floor(Math.random() * 6)}`
    const kind = Math.random()
    if (writer === 0) await uploadParts(client, Bucket, Key)
    else if (kind < 0.4) await client.send(new PutObjectCommand({ Bucket, Key, Body: LARGE.subarray(writer) }))
    else if (kind < 0.6) await client.send(new PutObjectCommand({ Bucket, Key, Body: `small of ${writer}` }))
    else if (kind < 0.8) await client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/large` }))
    else await client.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  const done = Array.from({ length: 6 }, async (_, writer) => {
    while (!isOver) {
      try {
        await write(writer)
        writes += 1
      } catch (error) {
        if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode) throw error
        return
      }
    }
  })
  return {
    /** Until some more were carried out. */
    async goesOn() {
      const enough = writes + 30
      const deadline = Date.now() + 20_000
      while (writes < enough) {
        if (Date.now() > deadline) throw new Error('fewer than 30 writes were carried out in 20 s')
        await pause(10)
      }
    },
    async stop() {
      isOver = true
      await Promise.all(done)
    },
  }
}

async function writeToBeHarmed(client: S3Client, Bucket: string) {
  await client.send(new CreateBucketCommand({ Bucket }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'hello' }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'large', Body: LARGE }))
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/large` }))
  const target = { Bucket, Key: 'uploading' }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target))
  await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: LARGE }))
}

function lookAt(state: string, name: string): HarmedBucket {
  const layout = findLayout(state)
  const text = (file: string, sql: string) => query(file, sql) as string
  const id = text(layout.namespace, `select id from buckets where name = '${name}'`)
  const indexFile: string = layout.indexFile(id)
  const blobIn = (extents: string) => JSON.parse(extents)[0][0] as string
  return {
    state,
    name,
    id,
    indexFile,
    indexId: basename(indexFile, '.sqlite'),
    upload: text(indexFile, 'select id from uploads'),
    large: blobIn(text(indexFile, "select extents from objects where key = 'large'")),
    partBlob: blobIn(text(indexFile, 'select extents from parts')),
    smallRow: query(indexFile, 'select id from data') as number,
    fileOf: blob =>
      join(layout.blobFolder, text(layout.r2, `select blob_id from _mf_objects where key = '${id}/${blob}'`)),
    index: sql => change(indexFile, sql),
    namespace: sql => change(layout.namespace, sql),
    makeOld: () => change(layout.r2, `update _mf_objects set uploaded = 0 where key like '${id}/%'`),
  }
}

function query(file: string, sql: string): SQLOutputValue | undefined {
  const database = new DatabaseSync(file)
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0]
  } finally {
    database.close()
  }
}

function change(file: string, sql: string) {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

/** As docs/operations.md and the comment in state-folder.mjs allow it while no server runs. */
function wrangler(state: string, verb: 'delete' | 'put', blob: string, bytes?: Buffer) {
  const file = join(state, 'bytes')
  if (bytes) writeFileSync(file, bytes)
  const args = ['r2', 'object', verb, `wharf-blobs/${blob}`, '--local', '--persist-to', state]
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', CI: 'true' }
  const script = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  execFileSync(process.execPath, [script, ...args, ...(bytes ? ['--file', file] : [])], {
    cwd: ROOT,
    env,
    stdio: 'pipe',
  })
  rmSync(file, { force: true })
}

/** The SHA-256 of all files below a folder. */
function fingerprints(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => statSync(join(folder, name)).isFile())
  const sha256 = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(files.map(name => [name, sha256(name)]))
}

function md5(bytes: string | Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
