import { json } from 'itty-router'
import { type Quota, readQuota } from '../../model/quota'
import { BadRequest } from './faults'
import type { OwnCall } from './jobs'

/** GET /_wharf/api/buckets/{name}/quota : what the bucket may hold; `{}` where it has no quota. */
export async function showQuota({ wharf, caller }: OwnCall, bucket: string): Promise<Response> {
  const { settings } = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketQuota')
  return json(settings.quota ?? {})
}

/** PUT /_wharf/api/buckets/{name}/quota `{ "maxObjects": 1000, "maxBytes": 1073741824 }`, or one of the two. */
export async function setQuota({ wharf, caller, body }: OwnCall, bucket: string): Promise<Response> {
  const quota = readBody(body)
  await wharf.store.buckets.configure(caller, bucket, 's3:PutBucketQuota', settings => ({ ...settings, quota }))
  return json(quota)
}

/** DELETE /_wharf/api/buckets/{name}/quota : from now on the bucket may grow without limit. */
export async function removeQuota({ wharf, caller }: OwnCall, bucket: string): Promise<Response> {
  await wharf.store.buckets.configure(caller, bucket, 's3:PutBucketQuota', ({ quota: _, ...rest }) => rest)
  return new Response(null, { status: 204 })
}

/** @throws BadRequest */
function readBody(text: string): Quota {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new BadRequest('the body is not JSON')
  }
  const quota = readQuota(document)
  const isLimit = quota?.maxObjects !== undefined || quota?.maxBytes !== undefined
  if (!quota || !isLimit)
    throw new BadRequest('the body must hold maxObjects, maxBytes or both, as whole numbers from 0')
  return quota
}
