import { expect, test } from 'vitest'
import type { Job, JobWithLog } from '../../src/model/job'
import { freshBucket, randomBytes, s3 } from '../support/s3'

const JOBS = '/_wharf/api/jobs'

async function start(kind: string, params: Record<string, unknown> = {}): Promise<Job> {
  const answer = await s3('POST', JOBS, { body: JSON.stringify({ kind, params }) })
  expect(answer.status).toBe(201)
  return answer.json()
}

async function ended(id: string): Promise<JobWithLog> {
  for (let tries = 0; ; tries++) {
    const job = await (await s3('GET', `${JOBS}/${id}`)).json<JobWithLog>()
    if (job.endedMillis !== undefined || tries === 100) return job
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('a job is started, watched and found in the list', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: randomBytes(50_000) })
  const { id } = await start('audit', { bucket, deep: true })
  expect(await ended(id)).toMatchObject({ kind: 'audit', state: 'done', counters: { objects: 1 }, log: [] })
  const { jobs } = await (await s3('GET', JOBS, { query: { kind: 'audit', limit: '1' } })).json<{ jobs: Job[] }>()
  expect(jobs.map(job => job.id)).toEqual([id])
  const aborted = await s3('DELETE', `${JOBS}/${id}`)
  expect(await aborted.json()).toMatchObject({ id, state: 'done' })
})

test('a job that finds something wrong says so in its log', async () => {
  const bucket = await freshBucket()
  const { id } = await start('heal-object', { bucket, key: 'missing' })
  expect(await ended(id)).toMatchObject({ state: 'failed', error: 'NoSuchObject' })
})

const refusals: [string, Parameters<typeof s3>, number, string][] = [
  ['nobody', ['GET', JOBS, { as: 'nobody' }], 403, 'AccessDenied'],
  ['a stranger', ['GET', JOBS, { as: { accessKey: 'nobody-at-all', secretKey: 'x' } }], 403, 'UnknownAccessKey'],
  ['a wrong secret', ['GET', JOBS, { as: { accessKey: 'root-user', secretKey: 'x' } }], 403, 'SignatureMismatch'],
  [
    'a body other than the signed one',
    ['POST', JOBS, { body: '{}', payloadHash: '0'.repeat(64) }],
    400,
    'PayloadHashMismatch',
  ],
  ['no JSON', ['POST', JOBS, { body: '{' }], 400, 'BadRequest'],
  ['an unknown kind', ['POST', JOBS, { body: '{"kind":"x"}' }], 400, 'BadRequest'],
  ['an unknown parameter', ['POST', JOBS, { body: '{"kind":"audit","params":{"x":1}}' }], 400, 'BadRequest'],
  ['a missing parameter', ['POST', JOBS, { body: '{"kind":"heal-bucket"}' }], 400, 'BadRequest'],
  [
    'a bucket that is not there',
    ['POST', JOBS, { body: '{"kind":"empty-bucket","params":{"bucket":"none"}}' }],
    404,
    'NoSuchBucket',
  ],
  ['a job that is not there', ['GET', `${JOBS}/none`], 404, 'NoSuchJob'],
  ['a long body', ['POST', JOBS, { body: 'x'.repeat(100_000) }], 413, 'BodyTooLarge'],
  ['a list without end', ['GET', JOBS, { query: { limit: '1e9' } }], 400, 'BadRequest'],
]

for (const [what, ask, status, code] of refusals) {
  test(`the API refuses ${what}`, async () => {
    const answer = await s3(...ask)
    expect([answer.status, (await answer.json<{ code: string }>()).code]).toEqual([status, code])
  })
}
