import type { Bucket } from '../model/bucket'
import type { BlobOrigin } from '../model/index-calls'
import type { Extent } from '../model/object'
import type { BlobPlace } from './blobs'
import { firstRange } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'

/** Buckets of the same account that are asked for a copy, besides the bucket itself. */
const MAX_OTHER_BUCKETS = 100

/**
 * Finds a healthy blob with the very same bytes as a damaged one: of another record of the bucket, or of another bucket of
 * the same account.
 */
export async function findHolder(
  context: StoreContext,
  bucket: Bucket,
  { blob, size, md5 }: Extent,
  spend: (operations: number) => void,
): Promise<BlobPlace | undefined> {
  if (md5 === undefined) return undefined
  const { stubs, blobs } = context
  for (const bucketId of await placesToAsk(context, bucket)) {
    const holders = await read(() => stubs.bucketIndex({ from: '', index: bucketId }).holdersOf(md5, blob))
    for (const holder of holders) {
      spend(1)
      const damage = await read(() => blobs.examine(bucketId, { blob: holder, offset: 0, size, md5 }))
      if (!damage) return { bucketId, blob: holder }
    }
  }
  return undefined
}

/**
 * Puts right a damaged blob, where somebody else holds the same bytes.
 * @returns whether it is whole again
 */
export async function repairBlob(
  context: StoreContext,
  bucket: Bucket,
  extent: Extent,
  origin: Omit<BlobOrigin, 'blob'>,
  spend: (operations: number) => void,
): Promise<boolean> {
  const { blob, md5 } = extent
  const holder = await findHolder(context, bucket, extent, spend)
  if (!holder || md5 === undefined) return false
  spend(2)
  if (!(await context.blobs.restore({ bucketId: bucket.id, blob }, holder, md5, origin))) return false
  await context.stubs.bucketIndex(firstRange(bucket)).forgetDamage([blob])
  return true
}

async function placesToAsk({ stubs }: StoreContext, { id, owner }: Bucket): Promise<string[]> {
  const { buckets } = await read(() => stubs.namespace().list({ owner, limit: MAX_OTHER_BUCKETS }))
  return [id, ...buckets.map(other => other.id).filter(other => other !== id)]
}
