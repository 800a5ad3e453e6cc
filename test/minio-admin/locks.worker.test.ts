import { describe, expect, test } from 'vitest'
import { freshBucket, s3 } from '../support/s3'
import { admin, errorOf } from './admin'

interface Owner {
  id: string
  source: string
  type: string
  status: string
  since: string
  duration: number
}

interface LockInfo {
  bucket: string
  object: string
  readLocks: number
  writeLocks: number
  lockOwners: Owner[]
}

/** A body that goes on only when it is told to: while it comes, its key is locked. */
function slowUpload(
  bucket: string,
  key: string,
  ask: { query?: Record<string, string>; unsignedHeaders?: Record<string, string> } = {},
) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answer = s3('PUT', `/${bucket}/${key}`, { body: readable, ...ask })
  return {
    answer,
    send: (text: string) => writer.write(new TextEncoder().encode(text)),
    finish: () => writer.close(),
  }
}

async function list(query: Record<string, string>): Promise<LockInfo[]> {
  return (await admin('GET', 'lock', { operation: 'list', query })).json()
}

/** Waits for the locks, which are taken beside the bytes. */
async function listed(query: Record<string, string>, count: number): Promise<LockInfo[]> {
  for (let tries = 0; ; tries++) {
    const found = await list(query)
    const owners = found.reduce((sum, { lockOwners }) => sum + lockOwners.length, 0)
    if (owners === count || tries === 50) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('the locks of a bucket', () => {
  test('are none where there is no such bucket', async () => {
    for (const [method, operation] of [
      ['GET', 'list'],
      ['POST', 'clear'],
    ] as const) {
      const answer = await admin(method, 'lock', { operation, query: { bucket: 'no-such-bucket' } })
      expect([answer.status, await answer.text()]).toEqual([200, '[]'])
    }
  })

  test('show who holds them, since when and for what, as long as they are held', async () => {
    const bucket = await freshBucket()
    const began = Date.now()
    const upload = slowUpload(bucket, 'dir/slow', { unsignedHeaders: { 'cf-connecting-ip': '192.0.2.7' } })
    await upload.send('one')
    const [lock, ...others] = await listed({ bucket }, 1)
    expect(others).toEqual([])
    expect(lock).toEqual({
      bucket,
      object: 'dir/slow',
      readLocks: 0,
      writeLocks: 1,
      lockOwners: [
        {
          id: expect.stringMatching(/^[0-9A-Z]{16}$/),
          source: '[PutObject by root from 192.0.2.7]',
          type: 'WLock',
          status: 'Running',
          since: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
          duration: expect.any(Number),
        },
      ],
    })
    const owner = lock?.lockOwners[0] as Owner
    expect(Date.parse(owner.since)).toBeGreaterThanOrEqual(began)
    expect(Number.isInteger(owner.duration)).toBe(true)
    expect(owner.duration).toBeLessThan(60_000_000_000)
    await upload.finish()
    expect((await upload.answer).status).toBe(200)
    expect(await list({ bucket })).toEqual([])
  })

  test('are found by prefix and least age, under both names of it', async () => {
    const bucket = await freshBucket()
    const upload = slowUpload(bucket, 'dir/slow')
    await upload.send('one')
    await listed({ bucket }, 1)
    expect(await list({ bucket, prefix: 'dir/' })).toHaveLength(1)
    expect(await list({ bucket, prefix: 'other' })).toEqual([])
    expect(await list({ bucket, duration: '1h' })).toEqual([])
    expect(await list({ bucket, 'older-than': '1h' })).toEqual([])
    expect(await list({ bucket, duration: '', prefix: '' })).toHaveLength(1)
    expect(await list({ bucket, duration: '-1h' })).toHaveLength(1)
    await upload.finish()
    await upload.answer
  })

  test('of one key are one entry, its owners by age', async () => {
    const bucket = await freshBucket()
    const begun = await (await s3('POST', `/${bucket}/key`, { query: { uploads: '' } })).text()
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun)?.[1] ?? ''
    const first = slowUpload(bucket, 'key', { query: { uploadId, partNumber: '1' } })
    await first.send('one')
    await listed({ bucket }, 1)
    const second = slowUpload(bucket, 'key', { query: { uploadId, partNumber: '2' } })
    await second.send('two')
    const [lock, ...others] = await listed({ bucket }, 2)
    expect(others).toEqual([])
    const { lockOwners = [], readLocks = 0, writeLocks = 0 } = lock ?? {}
    expect(readLocks + writeLocks).toBe(2)
    expect(lockOwners.map(({ since }) => since)).toEqual(lockOwners.map(({ since }) => since).sort())
    for (const upload of [first, second]) {
      await upload.finish()
      await upload.answer
    }
  })

  test('that are cleared are told, and their holder stores nothing', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'before' })
    const upload = slowUpload(bucket, 'key')
    await upload.send('after')
    await listed({ bucket }, 1)
    const answer = await admin('POST', 'lock', { operation: 'clear', query: { bucket, prefix: 'k', duration: '0s' } })
    expect(await answer.json()).toMatchObject([
      { bucket, object: 'key', writeLocks: 1, lockOwners: [{ type: 'WLock' }] },
    ])
    expect(await list({ bucket })).toEqual([])
    await upload.finish()
    expect((await upload.answer).status).toBe(409)
    expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('before')
  })

  test('that are younger than asked for are not cleared', async () => {
    const bucket = await freshBucket()
    const upload = slowUpload(bucket, 'key')
    await upload.send('one')
    await listed({ bucket }, 1)
    const answer = await admin('POST', 'lock', { operation: 'clear', query: { bucket, duration: '1h30m' } })
    expect(await answer.json()).toEqual([])
    await upload.finish()
    expect((await upload.answer).status).toBe(200)
  })
})

const BAD_BUCKET = [400, 'InvalidBucketName', 'The specified bucket is not valid.']
const BAD_NAME = [
  400,
  'XMinioInvalidObjectName',
  'Object name contains unsupported characters. Unsupported characters are `^*|\\"',
]
const BAD_DURATION = [400, 'InvalidDuration', 'Duration provided in the request is invalid.']

describe('what is asked for', () => {
  const ask = async (query: Record<string, string>) => errorOf(await admin('GET', 'lock', { operation: 'list', query }))

  const badBuckets = [
    '',
    'ab',
    'x'.repeat(64),
    'Capital',
    'a_b',
    '-abc',
    'abc-',
    'a..b',
    '.abc',
    '192.168.1.1',
    'a/b',
    '.minio.sys',
  ]
  for (const bucket of badBuckets) {
    test(`the bucket "${bucket}" is refused`, async () => {
      expect(await ask({ bucket })).toEqual(BAD_BUCKET)
    })
  }

  for (const bucket of ['abc', 'x'.repeat(63), '1.2.3', 'a-b.c-d', '192.168.1.1x']) {
    test(`the bucket "${bucket}" is taken`, async () => {
      expect((await admin('GET', 'lock', { operation: 'list', query: { bucket } })).status).toBe(200)
    })
  }

  test('a prefix with a backslash, of too many bytes, or of no UTF-8 is refused', async () => {
    expect(await ask({ bucket: 'any-bucket', prefix: 'a\\b' })).toEqual(BAD_NAME)
    expect(await ask({ bucket: 'any-bucket', prefix: 'ü'.repeat(513) })).toEqual(BAD_NAME)
    expect(await ask({ bucket: 'any-bucket', prefix: 'a\0' })).toEqual(BAD_NAME)
  })

  for (const prefix of ['', '/', 'a/', '/a', 'a^b*c|d"e`', 'x'.repeat(1024)]) {
    test(`the prefix "${prefix.slice(0, 20)}" is taken`, async () => {
      const answer = await admin('POST', 'lock', { operation: 'clear', query: { bucket: 'any-bucket', prefix } })
      expect(await answer.text()).toBe('[]')
    })
  }

  for (const duration of ['5', '1d', '.s', ' 5s', '1h 5m', 'inf', '9223372036854775808ns']) {
    test(`the duration "${duration}" is refused`, async () => {
      expect(await ask({ bucket: 'any-bucket', duration })).toEqual(BAD_DURATION)
    })
  }

  for (const duration of ['0', '-5s', '1h30m', '1.5h', '.5s', '5.s', '+5s', '9223372036854775807ns']) {
    test(`the duration "${duration}" is taken`, async () => {
      const answer = await admin('GET', 'lock', { operation: 'list', query: { bucket: 'any-bucket', duration } })
      expect(answer.status).toBe(200)
    })
  }

  test('what is wrong is told in the order bucket, prefix, duration', async () => {
    expect(await ask({ bucket: '', prefix: '\\', duration: 'x' })).toEqual(BAD_BUCKET)
    expect(await ask({ bucket: 'any-bucket', prefix: '\\', duration: 'x' })).toEqual(BAD_NAME)
  })
})
