import { json } from 'itty-router'
import type { Caller } from '../../model/caller'
import { JOB_KINDS, type JobKind, type JobParams, type JobState } from '../../model/job'
import type { Wharf } from '../../wharf'
import { BadRequest } from './faults'
import { asObject, oneOf, readMembers } from './json-body'

/** One request of the API, authenticated. */
export interface OwnCall {
  wharf: Wharf
  caller: Caller
  query: URLSearchParams
  body: string
}

const STATES: JobState[] = ['waiting', 'running', 'done', 'failed', 'aborted']
const MAX_LISTED = 1000

/** GET /_wharf/api/jobs?kind=&state=&limit= : the latest jobs, newest first. */
export async function listJobs({ wharf, caller, query }: OwnCall): Promise<Response> {
  const kind = oneOf('kind', query.get('kind'), JOB_KINDS)
  const state = oneOf('state', query.get('state'), STATES)
  const limit = Number(query.get('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) {
    throw new BadRequest(`limit must be a whole number from 1 to ${MAX_LISTED}`)
  }
  return json({ jobs: await wharf.jobs.list(caller, { kind, state, limit }) })
}

/** POST /_wharf/api/jobs `{ "kind": "audit", "params": { "bucket": "b" } }` : sets a job going. */
export async function startJob({ wharf, caller, body }: OwnCall): Promise<Response> {
  const { kind, params } = readStart(body)
  return json(await wharf.jobs.start(caller, kind, params), { status: 201 })
}

/** GET /_wharf/api/jobs/{id} : the job, and the latest lines of its log. */
export async function showJob({ wharf, caller }: OwnCall, id: string): Promise<Response> {
  return json(await wharf.jobs.find(caller, id))
}

/** DELETE /_wharf/api/jobs/{id} : ends it before its next slice. */
export async function abortJob({ wharf, caller }: OwnCall, id: string): Promise<Response> {
  return json(await wharf.jobs.abort(caller, id))
}

const TEXT_PARAMS = ['bucket', 'key', 'upload'] as const
const FLAG_PARAMS = ['dryRun', 'deep'] as const

/** What each kind cannot do without. */
const NEEDED: Record<JobKind, readonly (typeof TEXT_PARAMS)[number][]> = {
  sweep: [],
  lifecycle: [],
  audit: [],
  'heal-bucket': ['bucket'],
  'heal-object': ['bucket', 'key'],
  'heal-upload': ['bucket', 'key', 'upload'],
  'heal-format': [],
  'empty-bucket': ['bucket'],
}

function readStart(text: string): { kind: JobKind; params: JobParams } {
  const document = readMembers(text, ['kind', 'params'])
  const kind = oneOf('kind', document.kind, JOB_KINDS)
  if (kind === undefined) throw new BadRequest(`kind must be one of ${JOB_KINDS.join(', ')}`)
  const given = asObject('params', document.params ?? {}, [...TEXT_PARAMS, ...FLAG_PARAMS])
  const params: JobParams = {}
  for (const name of TEXT_PARAMS) {
    const value = given[name]
    if (value === undefined) {
      if (NEEDED[kind].includes(name)) throw new BadRequest(`${kind} needs params.${name}`)
      continue
    }
    if (typeof value !== 'string' || value === '') throw new BadRequest(`params.${name} must be a text`)
    params[name] = value
  }
  for (const name of FLAG_PARAMS) {
    const value = given[name]
    if (value === undefined) continue
    if (typeof value !== 'boolean') throw new BadRequest(`params.${name} must be true or false`)
    params[name] = value
  }
  return { kind, params }
}
