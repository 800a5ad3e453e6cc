import type { LifecyclePlace } from '../model/lifecycle-calls'
import { newVersion } from '../store/ids'
import { JOB_CALLER, type Slice, type Step, type Workplace } from './step'

/** Versions or uploads that one call looks at. */
const PAGE = 500

/** Where a round stands. Buckets are visited by name. */
export interface LifecycleCursor {
  /** The last bucket that was done. */
  after?: string
  /** How far the one behind it is done. */
  place?: LifecyclePlace
}

/**
 * Carries out the rules of all buckets, or of one: deletes what has expired, moves what is to change its class, ends uploads
 * that were abandoned. Each bucket's index does it page by page; a page done twice finds nothing more to do.
 */
export const lifecycle: Step<LifecycleCursor> = async (workplace, slice) => {
  let { after, place }: LifecycleCursor = slice.cursor ?? {}
  do {
    const bucket = await bucketAfter(workplace, slice, after)
    if (!bucket) return undefined
    place = await applyPage(workplace, slice, bucket.id, place)
    if (place === undefined) after = bucket.name
  } while (!slice.isOver())
  return { after, place }
}

/** @returns how far it came; undefined when the bucket is done with, for this round */
async function applyPage(
  { context: { stubs, config, now } }: Workplace,
  slice: Slice<LifecycleCursor>,
  bucketId: string,
  from: LifecyclePlace | undefined,
): Promise<LifecyclePlace | undefined> {
  slice.spend(1)
  const page = await stubs.bucketIndex({ from: '', index: bucketId }).applyLifecycle({
    id: newVersion(),
    from,
    limit: PAGE,
    nowMillis: now(),
    dayMillis: config.lifecycleDayMillis,
    dryRun: slice.params.dryRun === true,
  })
  for (const [counter, by] of Object.entries(page?.counters ?? {})) slice.count(counter, by)
  return page?.next
}

async function bucketAfter(
  { context, store }: Workplace,
  { params }: Slice<LifecycleCursor>,
  after: string | undefined,
): Promise<{ id: string; name: string } | undefined> {
  if (params.bucket === undefined) {
    const page = await context.stubs.namespace().list({ after, limit: 1 })
    return page.buckets[0]
  }
  return after === undefined ? store.buckets.describe(JOB_CALLER, params.bucket, undefined) : undefined
}
