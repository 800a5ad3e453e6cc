import { hourOf } from '../store/blobs'
import type { StoreContext } from '../store/context'
import type { Slice, Step } from './step'

/** Blobs in one R2 listing page, and in one call of the index. */
const PAGE = 1000

/** Where a sweep stands. Buckets are visited by name, then the ids of deleted ones. */
export interface SweepCursor {
  /** The last bucket that was done. */
  after?: string
  /** The last blob that was looked at in the one behind it. */
  blob?: string
}

/**
 * Deletes blobs whose grace is over, and those that no record names, in all buckets. Each step may be done twice without
 * harm; what a crash leaves is found by the next round.
 */
export const sweep: Step<SweepCursor> = async ({ context }, slice) => {
  let { after, blob }: SweepCursor = slice.cursor ?? {}
  do {
    const page = await context.stubs.namespace().list({ after, limit: 1 })
    const [bucket] = page.buckets
    if (!bucket) {
      await sweepRetired(context, slice)
      return undefined
    }
    blob = await sweepBucket(context, bucket.id, blob, slice)
    if (blob === undefined) after = bucket.name
  } while (!slice.isOver())
  return { after, blob }
}

/**
 * @param from  the last blob that this round has looked at
 * @returns     how far it came; undefined when the bucket is done with, for this round
 */
export async function sweepBucket(
  { stubs, blobs, config, now }: StoreContext,
  bucketId: string,
  from: string | undefined,
  slice: Pick<Slice<unknown>, 'count' | 'spend' | 'isOver'>,
): Promise<string | undefined> {
  const index = () => stubs.bucketIndex({ from: '', index: bucketId })
  let through = from ?? ''
  for (;;) {
    const state = await index().sweepState(now() - config.releasedBlobGraceMillis, PAGE)
    if (!state) return undefined
    if (from === undefined) through = state.through
    if (state.released.length === 0) break
    slice.spend(1)
    await blobs.discard(
      bucketId,
      state.released.map(released => released.blob),
    )
    await index().forgetReleased(state.released)
    slice.count('released', state.released.length)
    if (slice.isOver()) return through
  }
  const cutoff = now() - config.orphanGraceMillis
  for (let after: string | undefined = through; after !== undefined; ) {
    slice.spend(1)
    const page = await blobs.list(bucketId, after)
    const old = page.blobs.filter(blob => blob.uploadedMillis < cutoff)
    if (old.length > 0) {
      const orphans = await index().orphansAmong(old.map(blob => blob.origin))
      await blobs.discard(bucketId, orphans)
      slice.count('orphans', orphans.length)
    }
    // A blob may be younger than its name, which tells when its upload began: then this page is for a later round.
    if (old.length < page.blobs.length) break
    // Hours that were over before the cutoff get no more blobs to judge: the next round begins behind them.
    const judged = page.blobs.at(-1)?.origin.blob
    if (judged !== undefined && judged < hourOf(cutoff)) await index().rememberSwept(judged)
    after = page.next
    if (after !== undefined && slice.isOver()) return after
  }
  return undefined
}

/** Deletes all blobs of buckets that are gone, once nobody can be reading them any more. */
async function sweepRetired({ stubs, blobs, config, now }: StoreContext, slice: Slice<SweepCursor>): Promise<void> {
  const ids = await stubs.namespace().retired(now() - config.releasedBlobGraceMillis, PAGE)
  for (const id of ids) {
    for (let after: string | undefined = ''; after !== undefined; ) {
      slice.spend(2)
      const page = await blobs.list(id, after)
      await blobs.discard(
        id,
        page.blobs.map(blob => blob.origin.blob),
      )
      slice.count('released', page.blobs.length)
      after = page.next
    }
    await stubs.namespace().forgetRetired(id)
  }
}
