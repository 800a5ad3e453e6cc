import { authorize } from '../auth/authorize'
import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import { readStoredObject } from '../model/index-calls'
import { requireKey } from '../model/names'
import type { FoundObject } from '../model/object'
import { rangeOf, unwrapIndex } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'

/**
 * Looks an object up, for somebody who may read it.
 * @param bytes   whether bytes that rest in the index shall come along
 * @throws Fault  NoSuchObject, AccessDenied
 */
export async function findObject(
  { stubs }: StoreContext,
  caller: Caller,
  bucket: Bucket,
  { key, bytes }: { key: string; bytes: boolean },
): Promise<FoundObject> {
  requireKey(key)
  authorize(caller, 's3:GetObject', bucket)
  const ask = { known: bucket.settingsVersion, key, bytes }
  const answer = await read(() => stubs.bucketIndex(rangeOf(bucket, key)).find(ask))
  // Who may not list must not learn which keys there are.
  if (!answer.ok && answer.code === 'NoSuchObject') authorize(caller, 's3:ListBucket', bucket)
  const found = unwrapIndex(answer)
  return { record: readStoredObject(found.object), bytes: found.bytes && new Uint8Array(found.bytes) }
}
