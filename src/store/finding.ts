import { authorize } from '../auth/authorize'
import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import { readStoredObject } from '../model/index-calls'
import { requireKey } from '../model/names'
import type { FoundObject } from '../model/object'
import type { Stamp } from '../model/versions'
import { rangeOf, unwrapIndex } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'

/**
 * Looks an object up, for somebody who may read it.
 * @param bytes   whether bytes that rest in the index shall come along
 * @param stamp   which version; undefined for the latest
 * @throws Fault  NoSuchObject, NoSuchVersion, IsDeleteMarker, AccessDenied
 */
export async function findObject(
  { stubs }: StoreContext,
  caller: Caller,
  bucket: Bucket,
  { key, stamp, bytes }: { key: string; stamp?: Stamp; bytes: boolean },
): Promise<FoundObject> {
  requireKey(key)
  authorize(caller, stamp === undefined ? 's3:GetObject' : 's3:GetObjectVersion', bucket)
  const ask = { known: bucket.settingsVersion, key, stamp, bytes }
  const answer = await read(() => stubs.bucketIndex(rangeOf(bucket, key)).find(ask))
  // Who may not list must not learn which keys there are.
  if (!answer.ok && HIDDEN.includes(answer.code)) authorize(caller, 's3:ListBucket', bucket)
  const found = unwrapIndex(answer)
  return { record: readStoredObject(found.object), bytes: found.bytes && new Uint8Array(found.bytes) }
}

/** What only somebody may learn who may also list. */
const HIDDEN: string[] = ['NoSuchObject', 'NoSuchVersion', 'IsDeleteMarker']
