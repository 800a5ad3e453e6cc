import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { WriteConditions } from '../model/conditions'
import { Fault } from '../model/fault'
import type { Draft } from '../model/index-calls'
import type { Extent } from '../model/object'
import type { VersionLock } from '../model/object-lock'
import { type Stamp, versionIdOf } from '../model/versions'
import { type Buckets, rangeOf, unwrapIndex } from './buckets'
import { write } from './calls'
import type { StoreContext } from './context'
import type { Lease } from './leases'
import { authorizeIn } from './rights'

export interface CommitOf {
  /** The bucket under whose id the bytes were written. */
  written: Bucket
  draft: Draft
  conditions: WriteConditions | undefined
  /** What the write stands under, where it took long. */
  lease: Lease | undefined
}

/**
 * Gives written bytes their key: the one moment at which an object changes.
 * @returns what the new version is told by, and the bucket as it was then
 * @throws Fault PreconditionFailed, Conflict (the lease was taken away), NoSuchObject, NoSuchBucket, AccessDenied, QuotaExceeded; then the bytes are discarded
 */
export async function commitDraft(
  context: StoreContext,
  buckets: Buckets,
  caller: Caller,
  { written, draft, conditions, lease }: CommitOf,
): Promise<{ stamp: Stamp; bucket: Bucket }> {
  const fence = await lease?.fence()
  return buckets.within(caller, written.name, async bucket => {
    authorizeIn(context, caller, 's3:PutObject', bucket, { key: draft.key })
    // The bytes lie under the id of a bucket that was removed meanwhile, and another one took its name.
    if (bucket.id !== written.id) throw new Fault('NoSuchBucket', { bucket: written.name })
    const ask = { id: draft.version, known: bucket.settingsVersion, draft, conditions, fence }
    const answer = await write(() => context.stubs.bucketIndex(rangeOf(bucket, draft.key)).commit(ask))
    return { stamp: unwrapIndex(answer), bucket }
  })
}

/**
 * Does what turns written bytes into something that is read. A fault is a refusal: nobody can ever read these bytes, and
 * they are discarded. Any other failure leaves open whether it was carried out: then they stay, and the sweep asks the index.
 */
export async function orDiscard<T>(
  { blobs, later }: StoreContext,
  written: { bucketId: string; extents: Extent[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const names = written.extents.map(extent => extent.blob)
    const isRefusal = error instanceof Fault && error.code !== 'Interrupted'
    if (isRefusal && names.length > 0) later(blobs.discard(written.bucketId, names))
    throw error
  }
}

/** The version id as clients are shown it; a bucket that never kept versions shows none. */
export function shownVersion({ settings }: Bucket, stamp: Stamp): string | undefined {
  return settings.versioning && versionIdOf(stamp)
}

/**
 * A lock that would not be kept must not be taken. That a bucket keeps locks never changes back.
 * @throws Fault ObjectLockMissing
 */
export function requireLockable({ settings }: Bucket, lock: VersionLock | undefined): void {
  if (lock && !settings.objectLock) throw new Fault('ObjectLockMissing')
}
