import type { Bucket } from '../model/bucket'
import { readExtents } from '../model/extents'
import { Fault } from '../model/fault'
import type { DamagedBlob, HealthState } from '../model/health'
import type { NotedDamage, PlacedObject, PlacedPart } from '../model/health-calls'
import type { Extent } from '../model/object'
import { chunksOf, READ_BYTES } from '../streams/chunks'
import { createDigest } from '../streams/digest'
import { firstRange } from './buckets'
import { read, write } from './calls'
import type { StoreContext } from './context'
import { findHolder } from './repairing'

/** R2 calls that go on at once. */
const AT_ONCE = 6

/** How thoroughly blobs are looked at. */
export interface Thoroughness {
  /** Reads every byte, instead of believing what R2 says of them. */
  deep: boolean
  /** Called before each R2 operation, for whoever counts them. */
  spend(operations: number): void
}

/** What is wrong with the blobs of a record or part; nothing for a healthy one. */
export async function examineExtents(
  context: StoreContext,
  bucket: Bucket,
  extents: Extent[],
  how: Thoroughness,
): Promise<DamagedBlob[]> {
  const damaged: DamagedBlob[] = []
  for (let i = 0; i < extents.length; i += AT_ONCE) {
    const judged = await Promise.all(extents.slice(i, i + AT_ONCE).map(one => examineExtent(context, bucket, one, how)))
    for (const damage of judged) {
      if (damage && !damaged.some(known => known.blob === damage.blob)) damaged.push(damage)
    }
  }
  return damaged
}

/** What is wrong with an object: with its blobs, and with what the index holds of it. */
export async function examineObject(
  context: StoreContext,
  bucket: Bucket,
  placed: PlacedObject,
  how: Thoroughness,
): Promise<{ state: HealthState; damaged: DamagedBlob[] }> {
  const extents = readExtents(placed.extents, placed.etag)
  const damaged = await examineExtents(context, bucket, extents, how)
  if (!isWhole(placed, extents)) return { state: 'lost', damaged }
  return { state: stateOf(damaged), damaged }
}

export function partExtents(part: PlacedPart): Extent[] {
  return readExtents(part.extents)
}

export function stateOf(damaged: DamagedBlob[]): HealthState {
  if (damaged.length === 0) return 'healthy'
  return damaged.every(blob => blob.healable) ? 'healable' : 'lost'
}

/** Keeps in the bucket's index what was seen, so that the bucket is known to be unwell. */
export async function noteDamage(context: StoreContext, bucket: Bucket, damages: NotedDamage[]): Promise<void> {
  if (damages.length === 0) return
  const index = context.stubs.bucketIndex(firstRange(bucket))
  await write(() => index.noteDamage(damages, context.now()))
}

/** As `noteDamage`, for a read that came upon it. */
export function noteDamagedRead(context: StoreContext, bucket: Bucket, key: string, error: unknown): void {
  if (!(error instanceof Fault && error.code === 'ObjectDamaged')) return
  const { blob, damage } = error.detail
  if (blob === undefined) return
  context.log.error('an object is damaged', { bucket: bucket.name, key, blob: String(blob), damage: String(damage) })
  const name = String(blob).slice(bucket.id.length + 1)
  context.later(
    noteDamage(context, bucket, [{ key, blob: name, damage: damage as NotedDamage['damage'], healable: false }]),
  )
}

/** Whether the record's parts add up to its size. */
function isWhole({ size, heldBytes }: PlacedObject, extents: Extent[]): boolean {
  if (heldBytes !== null) return heldBytes === size
  return extents.reduce((sum, extent) => sum + extent.size, 0) === size
}

async function examineExtent(
  context: StoreContext,
  bucket: Bucket,
  extent: Extent,
  { deep, spend }: Thoroughness,
): Promise<DamagedBlob | undefined> {
  spend(1)
  const damage = (await read(() => context.blobs.examine(bucket.id, extent))) ?? (deep && (await reread()))
  if (!damage) return undefined
  const holder = await findHolder(context, bucket, extent, spend)
  return { blob: extent.blob, damage, healable: holder !== undefined }

  async function reread() {
    if (extent.md5 === undefined) return undefined
    spend(1)
    const bytes = await context.blobs.readWhole({ bucketId: bucket.id, blob: extent.blob })
    if (!bytes) return 'missing'
    const digest = createDigest('md5')
    for await (const chunk of chunksOf(bytes, READ_BYTES, 'Internal')) digest.update(chunk)
    return Buffer.from(digest.digest()).toString('hex') === extent.md5 ? undefined : 'altered'
  }
}
