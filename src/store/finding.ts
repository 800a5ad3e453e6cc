import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import { readStoredObject } from '../model/index-calls'
import { requireKey } from '../model/names'
import type { FoundObject } from '../model/object'
import type { Stamp } from '../model/versions'
import { rangeOf, unwrapIndex } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'
import { authorizeIn } from './rights'

/**
 * Looks an object up, for somebody who may read it.
 * @param action  the right that this needs; by default that to read it
 * @param bytes   whether bytes that rest in the index shall come along
 * @param stamp   which version; undefined for the latest
 * @throws Fault  NoSuchObject, NoSuchVersion, IsDeleteMarker, AccessDenied
 */
export async function findObject(
  context: StoreContext,
  caller: Caller,
  bucket: Bucket,
  { key, stamp, bytes, action }: { key: string; stamp?: Stamp; bytes: boolean; action?: string },
): Promise<FoundObject> {
  requireKey(key)
  const { stubs } = context
  const reading = action ?? (stamp === undefined ? 's3:GetObject' : 's3:GetObjectVersion')
  const ask = { known: bucket.settingsVersion, key, stamp, bytes }
  const answer = await read(() => stubs.bucketIndex(rangeOf(bucket, key)).find(ask))
  if (!answer.ok && HIDDEN.includes(answer.code)) requireMayMiss(context, caller, reading, bucket, key)
  const found = unwrapIndex(answer)
  const record = readStoredObject(found.object)
  // Not before: its ACL and tags have a say.
  authorizeIn(context, caller, reading, bucket, { key, object: record })
  return { record, bytes: found.bytes && new Uint8Array(found.bytes) }
}

/**
 * Who may not list must not learn which keys there are.
 * @throws Fault AccessDenied
 */
export function requireMayMiss(
  context: StoreContext,
  caller: Caller,
  action: string,
  bucket: Bucket,
  key: string,
): void {
  authorizeIn(context, caller, action, bucket, { key })
  authorizeIn(context, caller, 's3:ListBucket', bucket, { prefix: key })
}

/** What only somebody may learn who may also list. */
const HIDDEN: string[] = ['NoSuchObject', 'NoSuchVersion', 'IsDeleteMarker']
