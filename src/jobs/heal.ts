import type { Bucket } from '../model/bucket'
import { readExtents } from '../model/extents'
import { Fault } from '../model/fault'
import type { PlacedObject, PlacedUpload } from '../model/health-calls'
import type { BlobOrigin } from '../model/index-calls'
import type { Extent } from '../model/object'
import { firstRange } from '../store/buckets'
import { type examineExtents, examineObject, noteDamage, partExtents } from '../store/examining'
import { examineUpload } from '../store/health'
import { Lease } from '../store/leases'
import { repairBlob } from '../store/repairing'
import { JOB_CALLER, type Slice, type Step, type Workplace } from './step'
import { sweepBucket } from './sweep'

const PAGE = 100

export interface HealBucketCursor {
  stage: 'objects' | 'uploads' | 'sweep'
  after?: string
  afterUpload?: string
}

/** Heals every object and upload of a bucket, then releases what nothing names. */
export const healBucket: Step<HealBucketCursor> = async (place, slice) => {
  const bucket = await openBucket(place, slice)
  const index = place.context.stubs.bucketIndex(firstRange(bucket))
  const cursor = slice.cursor ?? { stage: 'objects' }
  if (!slice.cursor && !slice.params.dryRun) await index.recount()
  if (cursor.stage === 'objects') {
    const page = await index.placedObjects({ prefix: '', after: cursor.after, limit: PAGE })
    let last = cursor.after
    for (const object of page?.objects ?? []) {
      await healPlaced(place, bucket, object, slice)
      last = object.key
      if (slice.isOver()) return { stage: 'objects', after: last }
    }
    return page?.truncated ? { stage: 'objects', after: last } : { stage: 'uploads' }
  }
  if (cursor.stage === 'uploads') {
    const { after, afterUpload } = cursor
    const page = await index.placedUploads({ prefix: '', afterKey: after, afterUpload, limit: PAGE })
    let last = { after, afterUpload }
    for (const upload of page?.uploads ?? []) {
      await healPlacedUpload(place, bucket, upload, slice)
      last = { after: upload.upload.key, afterUpload: upload.upload.id }
      if (slice.isOver()) return { stage: 'uploads', ...last }
    }
    return page?.truncated ? { stage: 'uploads', ...last } : { stage: 'sweep' }
  }
  if (slice.params.dryRun) return undefined
  const blob = await sweepBucket(place.context, bucket.id, cursor.after, slice)
  return blob === undefined ? undefined : { stage: 'sweep', after: blob }
}

/** Heals one object. */
export const healObject: Step<never> = async (place, slice) => {
  const bucket = await openBucket(place, slice)
  const key = slice.params.key ?? ''
  const placed = await place.context.stubs.bucketIndex(firstRange(bucket)).placedObject(key)
  if (!placed) throw new Fault('NoSuchObject', { key })
  await healPlaced(place, bucket, placed, slice)
  return undefined
}

/** Heals one upload: an abandoned one is released, a part that is lost is forgotten so that it must be sent again. */
export const healUpload: Step<never> = async (place, slice) => {
  const bucket = await openBucket(place, slice)
  const { key = '', upload = '' } = slice.params
  const placed = await place.context.stubs.bucketIndex(firstRange(bucket)).placedUpload(key, upload)
  if (!placed) throw new Fault('NoSuchUpload', { upload })
  await healPlacedUpload(place, bucket, placed, slice)
  return undefined
}

export interface HealFormatCursor {
  after: string
}

/** Sees to it that each name leads to an index: one whose removal broke off is ended. */
export const healFormat: Step<HealFormatCursor> = async ({ context }, slice) => {
  const { stubs, now } = context
  const page = await stubs.namespace().list({ after: slice.cursor?.after, limit: PAGE })
  for (const { id, name } of page.buckets) {
    slice.count('buckets', 1)
    const described = await stubs.bucketIndex({ from: '', index: id }).describe()
    if (described.ok) continue
    slice.note(`bucket ${name} was removed by halves; its name leads nowhere`)
    if (!slice.params.dryRun) await stubs.namespace().retire(name, id, now())
    slice.count('healed', 1)
  }
  const last = page.buckets.at(-1)
  return page.truncated && last ? { after: last.name } : undefined
}

function openBucket({ store }: Workplace, { params }: Slice<unknown>): Promise<Bucket> {
  return store.buckets.describe(JOB_CALLER, params.bucket ?? '', undefined)
}

async function healPlaced(
  place: Workplace,
  bucket: Bucket,
  placed: PlacedObject,
  slice: Slice<never> | Slice<HealBucketCursor>,
): Promise<void> {
  const { context } = place
  const how = thoroughnessOf(slice)
  const { state, damaged } = await examineObject(context, bucket, placed, how)
  slice.count('objects', 1)
  if (state === 'healthy') return
  const extents = readExtents(placed.extents, placed.etag)
  const lost = await repair(place, bucket, extents, { key: placed.key }, damaged, slice)
  await noteDamage(
    context,
    bucket,
    lost.map(damage => ({ key: placed.key, ...damage })),
  )
  if (damaged.length === 0) {
    slice.count('lost', 1)
    slice.note(`${placed.key}: what the index holds of it does not add up to its size`)
  }
}

async function healPlacedUpload(
  place: Workplace,
  bucket: Bucket,
  placed: PlacedUpload,
  slice: Slice<never> | Slice<HealBucketCursor>,
): Promise<void> {
  const { context, store } = place
  const { key, id } = placed.upload
  const { dryRun } = slice.params
  const { abandoned, damaged } = await examineUpload(context, bucket, placed, thoroughnessOf(slice))
  slice.count('uploads', 1)
  if (abandoned) {
    slice.note(`${key}: upload ${id} was abandoned`)
    if (!dryRun) await store.uploads.abort(JOB_CALLER, { bucket: bucket.name, key, upload: id })
    slice.count('healed', 1)
    return
  }
  if (damaged.length === 0) return
  for (const part of placed.parts) {
    const extents = partExtents(part)
    const ofPart = damaged.filter(({ blob }) => extents.some(extent => extent.blob === blob))
    const lost = await repair(place, bucket, extents, { key, upload: id }, ofPart, slice)
    if (lost.length === 0 || dryRun) continue
    slice.note(`${key}: part ${part.number} of upload ${id} is lost and must be sent again`)
    await context.stubs.bucketIndex(firstRange(bucket)).dropPart(id, part, context.now())
  }
}

/**
 * Repairs under a lease, so that it is seen, and ends when that is cleared.
 * @returns what could not be put right
 */
async function repair(
  { context, store }: Workplace,
  bucket: Bucket,
  extents: Extent[],
  origin: Omit<BlobOrigin, 'blob'>,
  damaged: Awaited<ReturnType<typeof examineExtents>>,
  slice: Slice<never> | Slice<HealBucketCursor>,
) {
  const lost: typeof damaged = []
  const isLookedAt = slice.params.dryRun || damaged.every(({ healable }) => !healable)
  const of = { bucket, key: origin.key, operation: 'Heal' }
  const lease = isLookedAt ? undefined : Lease.take(context, store.buckets, JOB_CALLER, of)
  try {
    for (const damage of damaged) {
      const extent = extents.find(({ blob }) => blob === damage.blob)
      await lease?.confirm()
      const repaired =
        extent !== undefined &&
        damage.healable &&
        (slice.params.dryRun || (await repairBlob(context, bucket, extent, origin, slice.spend)))
      slice.count(repaired ? 'healed' : 'lost', 1)
      const verdict = repaired ? 'healed from another holder of the same bytes' : 'lost'
      slice.note(`${origin.key}: blob ${damage.blob} was ${damage.damage}; ${verdict}`)
      if (!repaired) lost.push({ ...damage, healable: false })
    }
  } finally {
    lease?.release()
  }
  return lost
}

function thoroughnessOf({ params, spend }: Slice<never> | Slice<HealBucketCursor>) {
  return { deep: params.deep === true, spend }
}
