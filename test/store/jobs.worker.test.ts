import { createExecutionContext, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { type Caller, ROOT_ACCOUNT } from '../../src/model/caller'
import type { Job } from '../../src/model/job'
import { openWharf } from '../../src/wharf'
import { freshBucket, randomBytes, s3, texts } from '../support/s3'

const root: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', admin: true, policies: [] }
const runner = () => env.JOB_RUNNER.getByName('jobs')

async function jobs() {
  return (await openWharf(env, createExecutionContext())).jobs
}

async function ended(id: string): Promise<Job> {
  for (let tries = 0; ; tries++) {
    const job = await (await jobs()).find(root, id)
    if (job.endedMillis !== undefined || tries === 200) return job
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe('a job', () => {
  test('is done by its runner, and tells what it did', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/large`, { body: randomBytes(50_000) })
    await s3('PUT', `/${bucket}/small`, { body: 'x' })
    const job = await (await jobs()).run(root, 'audit', { bucket })
    expect(job).toMatchObject({ kind: 'audit', state: 'done', caller: 'root', params: { bucket }, failures: 0 })
    expect(job.counters).toEqual({ buckets: 1, objects: 2, blobs: 1 })
    expect(job.endedMillis).toBeGreaterThanOrEqual(job.startedMillis ?? Number.POSITIVE_INFINITY)
    expect(await (await jobs()).list(root, { kind: 'audit', limit: 1 })).toEqual([job])
  })

  test('empties a bucket of any size, uploads too', async () => {
    const bucket = await freshBucket()
    await Promise.all(Array.from({ length: 40 }, (_, i) => s3('PUT', `/${bucket}/key-${i}`, { body: 'x' })))
    await s3('POST', `/${bucket}/upload`, { query: { uploads: '' } })
    const job = await (await jobs()).run(root, 'empty-bucket', { bucket })
    expect(job).toMatchObject({ state: 'done', counters: { removed: 40, uploads: 1 } })
    expect(texts(await (await s3('GET', `/${bucket}`)).text(), 'Key')).toEqual([])
    expect((await s3('DELETE', `/${bucket}`)).status).toBe(204)
  })

  test('that cannot succeed fails at once, and says why', async () => {
    const bucket = await freshBucket()
    const job = await (await jobs()).run(root, 'heal-object', { bucket, key: 'missing' })
    expect(job).toMatchObject({ state: 'failed', failures: 0, error: 'NoSuchObject' })
    const { log } = await (await jobs()).find(root, job.id)
    expect(log.map(line => line.text)).toEqual(['a slice failed: NoSuchObject'])
  })

  test('is tried again after a failure that may pass, from where it was', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
    const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
    const index = () => env.BUCKET_INDEX.getByName(entry?.id ?? '')
    await runInDurableObject(index(), (_, state) => {
      state.storage.sql.exec('alter table parts rename to parts_away')
    })
    const { id } = await (await jobs()).start(root, 'audit', { bucket })
    for (let tries = 0; tries < 100; tries++) {
      const job = await (await jobs()).find(root, id)
      if (job.failures > 0) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    expect(await (await jobs()).find(root, id)).toMatchObject({ state: 'waiting', failures: 1 })
    await runInDurableObject(index(), (_, state) => {
      state.storage.sql.exec('alter table parts_away rename to parts')
    })
    expect(await ended(id)).toMatchObject({ state: 'done', failures: 0, counters: { objects: 1 } })
  })

  test('goes on after its runner was lost in the middle of a slice', async () => {
    const bucket = await freshBucket()
    const { id } = await (await jobs()).start(root, 'audit', { bucket })
    await ended(id)
    await runInDurableObject(runner(), (_, state) => {
      state.storage.sql.exec("update jobs set state = 'running', ended = null where id = ?", id)
    })
    await evictDurableObject(runner())
    expect(await ended(id)).toMatchObject({ state: 'done' })
  })

  test('that is aborted is over, and stays so', async () => {
    const bucket = await freshBucket()
    const stub = runner()
    const job = { id: 'to-abort', kind: 'audit' as const, params: { bucket }, caller: 'root', account: 'wharf' }
    const later = Date.now() + 60_000
    await stub.start(job, later)
    expect(await (await jobs()).abort(root, 'to-abort')).toMatchObject({ state: 'aborted' })
    expect(await (await jobs()).abort(root, 'to-abort')).toMatchObject({ state: 'aborted' })
    expect(await stub.wait('to-abort', 1000)).toMatchObject({ state: 'aborted' })
  })

  test('is seen by root and by its own account alone, and started by who has the right', async () => {
    const bucket = await freshBucket()
    const { id } = await (await jobs()).run(root, 'audit', { bucket })
    const account = { id: 'other', name: 'other', displayName: 'Other' }
    const stranger: Caller = { kind: 'user', account, user: 'eve', admin: true, policies: [] }
    const service = await jobs()
    await expect(service.find(stranger, id)).rejects.toMatchObject({ code: 'NoSuchJob' })
    await expect(service.abort(stranger, id)).rejects.toMatchObject({ code: 'NoSuchJob' })
    expect(await service.list(stranger, { limit: 10 })).toEqual([])
    await expect(service.start(stranger, 'audit', { bucket })).rejects.toMatchObject({ code: 'AccessDenied' })
    await expect(service.start(stranger, 'empty-bucket', { bucket })).rejects.toMatchObject({ code: 'AccessDenied' })
    await expect(service.start(root, 'empty-bucket', { bucket: 'none' })).rejects.toMatchObject({
      code: 'NoSuchBucket',
    })
  })
})

test('the sweep comes round again and again, also after a failure', async () => {
  await openWharf({ ...env, WHARF_SWEEP_INTERVAL_SECONDS: '1' }, createExecutionContext())
  await new Promise(resolve => setTimeout(resolve, 200))
  const service = await jobs()
  for (let tries = 0; tries < 100; tries++) {
    const present = await service.list(root, { kind: 'sweep', limit: 1 })
    if (present[0]?.startedMillis !== undefined) break
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const [sweep] = await service.list(root, { kind: 'sweep', limit: 1 })
  expect(sweep).toMatchObject({ id: 'sweep', state: 'waiting', caller: 'wharf' })
  expect(sweep?.startedMillis).toBeGreaterThan(0)
})

test('a job that is started and waited for while its runner is restarted is done all the same', async () => {
  const bucket = await freshBucket()
  for (let round = 0; round < 5; round++) {
    const service = await jobs()
    const running = service.run(root, 'audit', { bucket })
    await runner()
      .restart()
      .catch(() => undefined)
    expect(await running).toMatchObject({ state: 'done' })
  }
})
