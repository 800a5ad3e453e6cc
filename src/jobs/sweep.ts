import { hourOf } from '../store/blobs'
import type { StoreContext } from '../store/context'

/** Blobs in one R2 listing page, and in one call of the index. */
const PAGE = 1000

/** Where a sweep stands. Buckets are visited by name, then the ids of deleted ones. */
export interface SweepCursor {
  /** The last bucket that was done. */
  after?: string
}

export interface SweepReport {
  /** Undefined when the round is over. */
  cursor: SweepCursor | undefined
  deletedBlobs: number
}

/**
 * One slice of a sweep: deletes blobs whose grace is over, and those that no record names. Each step may be done twice
 * without harm; what a crash leaves is found by the next round.
 */
export async function sweepSlice(
  context: StoreContext,
  cursor: SweepCursor,
  isTimeOver: () => boolean,
): Promise<SweepReport> {
  let deletedBlobs = 0
  let after = cursor.after
  while (!isTimeOver()) {
    const page = await context.stubs.namespace().list({ after, limit: 1 })
    const [bucket] = page.buckets
    if (!bucket) {
      deletedBlobs += await sweepRetired(context)
      return { cursor: undefined, deletedBlobs }
    }
    const { finished, deleted } = await sweepBucket(context, bucket.id, isTimeOver)
    deletedBlobs += deleted
    if (!finished) break
    after = bucket.name
  }
  return { cursor: { after }, deletedBlobs }
}

/** @returns whether the bucket is done with, for this round */
async function sweepBucket(
  context: StoreContext,
  bucketId: string,
  isTimeOver: () => boolean,
): Promise<{ finished: boolean; deleted: number }> {
  const { stubs, blobs, config, now } = context
  const index = () => stubs.bucketIndex({ from: '', index: bucketId })
  let deleted = 0
  let through = ''
  for (;;) {
    const state = await index().sweepState(now() - config.releasedBlobGraceMillis, PAGE)
    if (!state) return { finished: true, deleted }
    through = state.through
    if (state.released.length === 0) break
    await blobs.discard(
      bucketId,
      state.released.map(released => released.blob),
    )
    await index().forgetReleased(state.released.map(released => released.id))
    deleted += state.released.length
    if (isTimeOver()) return { finished: false, deleted }
  }
  const cutoff = now() - config.orphanGraceMillis
  for (let after: string | undefined = through; after !== undefined; ) {
    const page = await blobs.list(bucketId, after)
    const old = page.blobs.filter(blob => blob.uploadedMillis < cutoff)
    if (old.length > 0) {
      const orphans = await index().orphansAmong(old.map(blob => blob.origin))
      await blobs.discard(bucketId, orphans)
      deleted += orphans.length
    }
    // A blob may be younger than its name, which tells when its upload began: then this page is for a later round.
    if (old.length < page.blobs.length) break
    // Hours that were over before the cutoff get no more blobs to judge: the next round begins behind them.
    const judged = page.blobs.at(-1)?.origin.blob
    if (judged !== undefined && judged < hourOf(cutoff)) await index().rememberSwept(judged)
    after = page.next
    if (after !== undefined && isTimeOver()) return { finished: false, deleted }
  }
  return { finished: true, deleted }
}

/** Deletes all blobs of buckets that are gone, once nobody can be reading them any more. */
async function sweepRetired({ stubs, blobs, config, now }: StoreContext): Promise<number> {
  let deleted = 0
  const ids = await stubs.namespace().retired(now() - config.releasedBlobGraceMillis, PAGE)
  for (const id of ids) {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await blobs.list(id, after)
      await blobs.discard(
        id,
        page.blobs.map(blob => blob.origin.blob),
      )
      deleted += page.blobs.length
      after = page.next
    }
    await stubs.namespace().forgetRetired(id)
  }
  return deleted
}
