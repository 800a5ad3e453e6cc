import type { Bucket } from '../model/bucket'
import { Fault } from '../model/fault'
import type { DamagedBlob } from '../model/health'
import type { Stamp } from '../model/versions'
import { firstRange } from '../store/buckets'
import { examineExtents, examineObject, noteDamage, partExtents, type Thoroughness } from '../store/examining'
import { JOB_CALLER, type Slice, type Step, type Workplace } from './step'

const PAGE = 200

type Stage = 'tables' | 'objects' | 'uploads' | 'blobs'

export interface AuditCursor {
  /** The bucket that is being looked at; undefined once all are done. */
  bucket: string | undefined
  stage: Stage
  after?: string
  afterStamp?: Stamp
  afterUpload?: string
}

/**
 * Checks the invariants of the store on live data, in one bucket or all: every extent's blob exists with its size and
 * digest; every blob is referenced, released, or younger than the grace; counters equal a recount; one latest version a
 * key. Each breach is a line of the job's log and counts in `breaches`. Nothing is changed but what is noted of damage.
 */
export const audit: Step<AuditCursor> = async (place, slice) => {
  const only = slice.params.bucket
  let cursor = slice.cursor ?? { bucket: only ?? (await bucketAfter(place)), stage: 'tables' as const }
  do {
    if (cursor.bucket === undefined) {
      if (only === undefined) await auditStrays(place, slice)
      return undefined
    }
    const rest = await auditStage(place, cursor.bucket, cursor, slice)
    if (rest) cursor = rest
    else cursor = { bucket: only === undefined ? await bucketAfter(place, cursor.bucket) : undefined, stage: 'tables' }
  } while (!slice.isOver())
  return cursor
}

/** @returns where this bucket's audit goes on; undefined when it is over */
async function auditStage(
  place: Workplace,
  name: string,
  cursor: AuditCursor,
  slice: Slice<AuditCursor>,
): Promise<AuditCursor | undefined> {
  const bucket = await openBucket(place, name)
  if (!bucket) return undefined
  return STAGES[cursor.stage](place, bucket, cursor, slice)
}

const STAGES: Record<
  Stage,
  (place: Workplace, bucket: Bucket, cursor: AuditCursor, slice: Slice<AuditCursor>) => Promise<AuditCursor | undefined>
> = { tables: auditTables, objects: auditObjects, uploads: auditUploads, blobs: auditBlobs }

async function auditTables(
  { context }: Workplace,
  bucket: Bucket,
  _cursor: AuditCursor,
  slice: Slice<AuditCursor>,
): Promise<AuditCursor> {
  const self = await context.stubs.bucketIndex(firstRange(bucket)).auditSelf()
  slice.count('buckets', 1)
  for (const sentence of self?.breaches ?? []) tellBreach(slice, bucket, sentence)
  return { bucket: bucket.name, stage: 'objects' }
}

async function auditObjects(
  { context }: Workplace,
  bucket: Bucket,
  { after, afterStamp }: AuditCursor,
  slice: Slice<AuditCursor>,
): Promise<AuditCursor> {
  const index = context.stubs.bucketIndex(firstRange(bucket))
  const page = await index.placedObjects({ prefix: '', after, afterStamp, limit: PAGE })
  const at = { bucket: bucket.name, stage: 'objects' as const }
  for (const placed of page?.objects ?? []) {
    const { state, damaged } = await examineObject(context, bucket, placed, thoroughnessOf(slice))
    slice.count('objects', 1)
    tellDamage(slice, bucket, placed.key, damaged)
    if (state === 'lost' && damaged.length === 0) {
      tellBreach(slice, bucket, `${placed.key}: what the index holds of it does not add up to its size`)
    }
    await noteDamage(
      context,
      bucket,
      damaged.map(damage => ({ key: placed.key, ...damage })),
    )
    if (slice.isOver()) return { ...at, after: placed.key, afterStamp: placed.stamp }
  }
  if (!page?.truncated) return { bucket: bucket.name, stage: 'uploads' }
  return { ...at, after: page.last?.key, afterStamp: page.last?.stamp }
}

async function auditUploads(
  { context }: Workplace,
  bucket: Bucket,
  { after, afterUpload }: AuditCursor,
  slice: Slice<AuditCursor>,
): Promise<AuditCursor> {
  const index = context.stubs.bucketIndex(firstRange(bucket))
  const page = await index.placedUploads({ prefix: '', afterKey: after, afterUpload, limit: PAGE })
  let last = { after, afterUpload }
  for (const { upload, parts } of page?.uploads ?? []) {
    const damaged = await examineExtents(context, bucket, parts.flatMap(partExtents), thoroughnessOf(slice))
    slice.count('uploads', 1)
    tellDamage(slice, bucket, `${upload.key}, upload ${upload.id}`, damaged)
    last = { after: upload.key, afterUpload: upload.id }
    if (slice.isOver()) return { bucket: bucket.name, stage: 'uploads', ...last }
  }
  const more = page?.truncated === true
  return more ? { bucket: bucket.name, stage: 'uploads', ...last } : { bucket: bucket.name, stage: 'blobs' }
}

/** Blobs that nothing names, although they are older than any upload takes. */
async function auditBlobs(
  { context }: Workplace,
  bucket: Bucket,
  { after = '' }: AuditCursor,
  slice: Slice<AuditCursor>,
): Promise<AuditCursor | undefined> {
  const { blobs, stubs, config, now } = context
  slice.spend(1)
  const page = await blobs.list(bucket.id, after)
  slice.count('blobs', page.blobs.length)
  const cutoff = now() - config.orphanGraceMillis
  const old = page.blobs.filter(blob => blob.uploadedMillis < cutoff).map(blob => blob.origin)
  const orphans = old.length > 0 ? await stubs.bucketIndex(firstRange(bucket)).orphansAmong(old) : []
  for (const blob of orphans) tellBreach(slice, bucket, `blob ${blob} is named by nothing`)
  return page.next === undefined ? undefined : { bucket: bucket.name, stage: 'blobs', after: page.next }
}

/** Blobs under the id of no bucket that is or was. */
async function auditStrays({ context }: Workplace, slice: Slice<AuditCursor>): Promise<void> {
  const { blobs, stubs } = context
  for (let after: string | undefined = ''; after !== undefined; ) {
    slice.spend(1)
    const page = await blobs.listBucketIds(after)
    for (const id of await stubs.namespace().unknownIds(page.ids)) {
      const { blobs: found } = await blobs.list(id, '')
      const cutoff = context.now() - context.config.orphanGraceMillis
      if (found.every(blob => blob.uploadedMillis >= cutoff)) continue
      slice.count('breaches', 1)
      slice.note(`blobs under ${id}, which is the id of no bucket`)
    }
    after = page.next
  }
}

async function bucketAfter({ context }: Workplace, after?: string): Promise<string | undefined> {
  const page = await context.stubs.namespace().list({ after, limit: 1 })
  return page.buckets[0]?.name
}

/** Undefined for one that went away meanwhile. */
async function openBucket({ store }: Workplace, name: string): Promise<Bucket | undefined> {
  try {
    return await store.buckets.describe(JOB_CALLER, name, undefined)
  } catch (error) {
    if (error instanceof Fault && error.code === 'NoSuchBucket') return undefined
    throw error
  }
}

function tellDamage(slice: Slice<AuditCursor>, bucket: Bucket, what: string, damaged: DamagedBlob[]): void {
  for (const { blob, damage, healable } of damaged) {
    tellBreach(slice, bucket, `${what}: blob ${blob} is ${damage}${healable ? ', and can be healed' : ''}`)
  }
}

function tellBreach(slice: Slice<AuditCursor>, bucket: Bucket, sentence: string): void {
  slice.count('breaches', 1)
  slice.note(`bucket ${bucket.name}: ${sentence}`)
}

function thoroughnessOf({ params, spend }: Slice<AuditCursor>): Thoroughness {
  return { deep: params.deep === true, spend }
}
