import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { Checksum } from '../model/checksum'
import { type Draft, listedMarks, storedTexts } from '../model/index-calls'
import type { ObjectDescription } from '../model/object'
import type { IncomingBody } from '../streams/incoming'
import type { StoreContext } from './context'
import { newVersion } from './ids'
import type { TakenIn } from './intake'
import { ownerOf } from './rights'

/** A body that was taken in, as an object to be committed. */
export function draftOf(
  { now }: StoreContext,
  caller: Caller,
  bucket: Bucket,
  { key, taken, description }: { key: string; taken: TakenIn; description: ObjectDescription },
): Draft {
  const owner = ownerOf(caller, bucket)
  const described = owner === undefined ? description : { ...description, owner }
  return {
    key,
    version: newVersion(),
    size: taken.size,
    etag: taken.md5,
    modifiedMillis: now(),
    ...storedTexts(described, taken.extents, taken.md5),
    listed: listedMarks(described),
    bytes: taken.bytes,
  }
}

/** The description with the checksum that the body was found to have. */
export function describeBody(
  description: ObjectDescription,
  body: IncomingBody,
  { checksum }: TakenIn,
): ObjectDescription {
  const algorithm = body.promised.checksum?.algorithm
  if (!algorithm || checksum === undefined) return description
  const kept: Checksum = { algorithm, value: checksum, type: 'FULL_OBJECT' }
  return { ...description, checksum: kept }
}
