import { Fault } from '../../../model/fault'
import type { HealReport } from '../../../model/health'
import type { JobKind, JobParams } from '../../../model/job'
import { AdminError } from '../admin-error'
import type { AdminCall } from '../call'
import { isDryRun, requireBucketName, requireObjectName } from '../parameters'
import { json, nothing } from '../render'
import { healResult } from '../wire-heal'

const MAX_PATH_BYTES = 1024

/** POST /?heal, bucket. */
export async function healBucket(call: AdminCall): Promise<Response> {
  const { wharf, caller, query } = call
  const bucket = requireBucketName(query)
  await wharf.store.buckets.head(caller, bucket)
  if (isDryRun(query)) return nothing()
  await heal(call, 'heal-bucket', { bucket })
  return nothing()
}

/** POST /?heal, object. */
export async function healObject(call: AdminCall): Promise<Response> {
  const { wharf, caller, query } = call
  const bucket = requireBucketName(query)
  const key = requireObjectName(query)
  await wharf.store.objects.head(caller, { bucket, key })
  if (isDryRun(query)) return nothing()
  return json(healResult(await heal(call, 'heal-object', { bucket, key })))
}

/** POST /?heal, upload. Whatever is missing, the original says that it is the key. */
export async function healUpload(call: AdminCall): Promise<Response> {
  const { query } = call
  const bucket = requireBucketName(query)
  const key = requireObjectName(query)
  const upload = query.get('upload-id') ?? ''
  const path = new TextEncoder().encode(`${bucket}/${key}/${upload}`)
  if (path.length > MAX_PATH_BYTES || /[\\\0]/.test(upload)) throw new AdminError('InvalidObjectName')
  await requireUpload(call, { bucket, key, upload })
  if (isDryRun(query)) return nothing()
  return json(healResult(await heal(call, 'heal-upload', { bucket, key, upload })))
}

/** POST /?heal, format: what belongs to no bucket is looked through. */
export async function healFormat(call: AdminCall): Promise<Response> {
  if (isDryRun(call.query)) return nothing()
  await heal(call, 'heal-format', {})
  return nothing()
}

/**
 * Runs a heal as a job, and waits for it. One that takes longer goes on after the answer, which then tells what was done so
 * far.
 */
async function heal({ wharf, caller }: AdminCall, kind: JobKind, params: JobParams): Promise<HealReport> {
  const { id, state, counters, error } = await wharf.jobs.run(caller, kind, params)
  if (state === 'failed' || state === 'aborted')
    throw new Fault('Internal', {}, `${kind} ${id} ${state}: ${error ?? ''}`)
  return { healed: counters.healed ?? 0, lost: counters.lost ?? 0 }
}

async function requireUpload(
  { wharf, caller }: AdminCall,
  place: { bucket: string; key: string; upload: string },
): Promise<void> {
  try {
    await wharf.store.uploads.find(caller, place)
  } catch (error) {
    const isMissing = error instanceof Fault && (error.code === 'NoSuchUpload' || error.code === 'NoSuchBucket')
    throw isMissing ? new AdminError('NoSuchKey') : error
  }
}
