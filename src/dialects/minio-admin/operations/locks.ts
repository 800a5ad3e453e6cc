import type { AdminCall } from '../call'
import { readDuration, requireBucketName, requirePrefix } from '../parameters'
import { json } from '../render'
import { lockInfos } from '../wire-locks'

/** GET /?lock, list. A bucket that is not there has no locks. */
export async function listLocks({ wharf, caller, query }: AdminCall): Promise<Response> {
  const { bucket, filter } = readAsk(query)
  const locks = await wharf.store.locks.list(caller, bucket, filter)
  return json(lockInfos(bucket, locks, wharf.now()))
}

/** POST /?lock, clear. Answers with what was cleared; whoever held it fails when it commits. */
export async function clearLocks({ wharf, caller, query }: AdminCall): Promise<Response> {
  const { bucket, filter } = readAsk(query)
  const locks = await wharf.store.locks.clear(caller, bucket, filter)
  return json(lockInfos(bucket, locks, wharf.now()))
}

function readAsk(query: AdminCall['query']) {
  const bucket = requireBucketName(query)
  const prefix = requirePrefix(query)
  return { bucket, filter: { prefix, minAgeMillis: readDuration(query) } }
}
