import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { type Caller, ROOT_ACCOUNT } from '../../src/model/caller'
import { openWharf } from '../../src/wharf'
import { codeOf, freshBucket, s3 } from '../support/s3'

const root: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', admin: true, policies: [] }
const ALL = { prefix: '', minAgeMillis: 0 }

async function locks() {
  return (await openWharf(env, createExecutionContext())).store.locks
}

/** An upload of unknown length that goes on only when it is told to. */
function slowUpload(bucket: string, key: string, query: Record<string, string> = {}) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answer = s3('PUT', `/${bucket}/${key}`, { body: readable, query })
  return {
    answer,
    send: (text: string) => writer.write(new TextEncoder().encode(text)),
    finish: () => writer.close(),
  }
}

/** Waits for the lease, which is taken beside the bytes. */
async function heldLocks(bucket: string, count: number) {
  for (let tries = 0; ; tries++) {
    const held = await (await locks()).list(root, bucket, ALL)
    if (held.length === count || tries === 50) return held
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('a slow upload is listed with its owner and age while it runs, and no longer', async () => {
  const bucket = await freshBucket()
  const began = Date.now()
  const upload = slowUpload(bucket, 'dir/slow')
  await upload.send('one')
  const [held, ...others] = await heldLocks(bucket, 1)
  expect(others).toEqual([])
  expect(held).toMatchObject({ key: 'dir/slow', kind: 'write', operation: 'PutObject', caller: 'root' })
  expect(held?.id).toMatch(/^[0-9A-Z]{16}$/)
  expect(held?.sinceMillis).toBeGreaterThanOrEqual(began)
  await upload.finish()
  expect((await upload.answer).status).toBe(200)
  expect(await (await locks()).list(root, bucket, ALL)).toEqual([])
})

test('once its lock is cleared an upload ends in a conflict, and the previous object stands', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'before' })
  const upload = slowUpload(bucket, 'key')
  await upload.send('after')
  await heldLocks(bucket, 1)
  expect(await (await locks()).clear(root, bucket, ALL)).toHaveLength(1)
  await upload.finish()
  const answer = await upload.answer
  expect([answer.status, await codeOf(answer)]).toEqual([409, 'OperationAborted'])
  expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('before')
})

test('once its lock is cleared an upload of a part stores nothing', async () => {
  const bucket = await freshBucket()
  const begun = await (await s3('POST', `/${bucket}/key`, { query: { uploads: '' } })).text()
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun)?.[1] ?? ''
  const part = slowUpload(bucket, 'key', { uploadId, partNumber: '1' })
  await part.send('bytes')
  const [held] = await heldLocks(bucket, 1)
  expect(held?.operation).toBe('UploadPart')
  await (await locks()).clear(root, bucket, ALL)
  await part.finish()
  expect((await part.answer).status).toBe(409)
  const listed = await (await s3('GET', `/${bucket}/key`, { query: { uploadId } })).text()
  expect(listed).not.toContain('<Part>')
})

test('locks are found by prefix and least age; clearing one of a key clears the key', async () => {
  const bucket = await freshBucket()
  const old = slowUpload(bucket, 'a/1')
  await heldLocks(bucket, 1)
  await new Promise(resolve => setTimeout(resolve, 300))
  const uploads = [old, slowUpload(bucket, 'a/1'), slowUpload(bucket, 'b')]
  for (const upload of uploads) await upload.send('x')
  expect(await heldLocks(bucket, 3)).toHaveLength(3)
  const store = await locks()
  const keys = async (prefix: string, minAgeMillis: number) =>
    (await store.list(root, bucket, { prefix, minAgeMillis })).map(lock => lock.key)
  expect(await keys('a/', 0)).toEqual(['a/1', 'a/1'])
  expect(await keys('', 250)).toEqual(['a/1'])
  expect(await keys('', 60_000)).toEqual([])
  expect(await store.clear(root, bucket, { prefix: '', minAgeMillis: 250 })).toHaveLength(1)
  expect(await keys('', 0)).toEqual(['b'])
  for (const upload of uploads) await upload.finish()
  const ended = await Promise.all(uploads.map(async upload => (await upload.answer).status))
  expect(ended).toEqual([409, 409, 200])
})

test('an upload that fails leaves no lock behind', async () => {
  const bucket = await freshBucket()
  const upload = slowUpload(bucket, 'key', {})
  await upload.send('x')
  await heldLocks(bucket, 1)
  const again = await s3('PUT', `/${bucket}/key`, { body: 'y', headers: { 'if-none-match': '*' } })
  expect(again.status).toBe(200)
  const refused = slowUpload(bucket, 'key', { partNumber: '1', uploadId: 'none' })
  expect((await refused.answer).status).toBe(404)
  await upload.finish()
  await upload.answer
  expect(await heldLocks(bucket, 0)).toEqual([])
})

test('a lease that nobody renews ends by itself, and its fence counts no more', async () => {
  const bucket = await freshBucket()
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  const index = env.BUCKET_INDEX.getByName(entry?.id ?? '')
  const holder = { id: '0123456789ABCDEF', operation: 'PutObject', caller: 'root', address: '', requestId: '' }
  const ask = { known: 1, key: 'key', kind: 'write' as const, holder, nowMillis: 1000, untilMillis: 2000 }
  const first = await index.takeLock(ask)
  const second = await index.takeLock({ ...ask, nowMillis: 3000, untilMillis: 4000 })
  const fences = [first, second].map(taken => (taken.ok ? taken.value : 0))
  expect(fences[1]).toBeGreaterThan(fences[0] ?? 0)
  expect(await index.renewLock(fences[0] ?? 0, 3000, 9000)).toBe(false)
  expect(await index.renewLock(fences[1] ?? 0, 3500, 5000)).toBe(true)
  expect((await index.locks(ALL, 4500)).map(lock => lock.fence)).toEqual([fences[1]])
  expect(await index.locks(ALL, 5000)).toEqual([])
})

test('nobody but root lists or clears locks', async () => {
  const bucket = await freshBucket()
  const stranger: Caller = { ...root, kind: 'user', account: { id: 'other', name: 'other', displayName: 'Other' } }
  const store = await locks()
  await expect(async () => store.list(stranger, bucket, ALL)).rejects.toMatchObject({ code: 'AccessDenied' })
  await expect(async () => store.clear(stranger, bucket, ALL)).rejects.toMatchObject({ code: 'AccessDenied' })
  expect(await store.list(root, 'no-such-bucket', ALL)).toEqual([])
})
