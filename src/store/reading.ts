import type { Bucket } from '../model/bucket'
import { Fault } from '../model/fault'
import type { FoundObject, ObjectRecord } from '../model/object'
import type { ByteRange } from '../model/range'
import { chunksOf, READ_BYTES } from '../streams/chunks'
import type { StoreContext } from './context'
import { noteDamagedRead } from './examining'

interface Slice {
  extent: ObjectRecord['extents'][number]
  offset: number
  length: number
}

/**
 * The bytes of a found object, or a range of them, as a body of known length.
 * One extent passes natively; several are fetched one after the other, the next while the last still flows.
 */
export async function openBytes(
  context: StoreContext,
  bucket: Bucket,
  { record, bytes }: FoundObject,
  range: ByteRange | undefined,
): Promise<ReadableStream<Uint8Array> | Uint8Array> {
  const { first, last } = range ?? { first: 0, last: record.size - 1 }
  if (bytes) {
    if (bytes.length !== record.size) throw new Fault('ObjectDamaged', { damage: 'short' })
    return bytes.subarray(first, last + 1)
  }
  // An upload's last part may be empty, and so is the range that stands for it.
  if (last < first) return new Uint8Array()
  try {
    const slices = slicesOf(record, first, last)
    const covered = slices.reduce((sum, slice) => sum + slice.length, 0)
    if (covered !== last - first + 1) throw new Fault('ObjectDamaged', { damage: 'short' })
    const [only] = slices
    if (slices.length === 1 && only) return await context.blobs.read(bucket.id, only.extent, only.offset, only.length)
    return await join(context, bucket, record.key, { slices, length: covered })
  } catch (error) {
    noteDamagedRead(context, bucket, record.key, error)
    throw error
  }
}

/** Which bytes of which extents a range covers. */
export function slicesOf({ extents }: Pick<ObjectRecord, 'extents'>, first: number, last: number): Slice[] {
  const slices: Slice[] = []
  let start = 0
  for (const extent of extents) {
    const from = Math.max(first, start)
    const to = Math.min(last, start + extent.size - 1)
    if (from <= to) slices.push({ extent, offset: from - start, length: to - from + 1 })
    start += extent.size
  }
  return slices
}

async function join(
  context: StoreContext,
  bucket: Bucket,
  key: string,
  { slices, length }: { slices: Slice[]; length: number },
): Promise<ReadableStream<Uint8Array>> {
  const { blobs, later, log } = context
  const open = ({ extent, offset, length }: Slice) => blobs.read(bucket.id, extent, offset, length)
  const { readable, writable } = new FixedLengthStream(length)
  const [head, ...rest] = slices
  if (!head) throw new Fault('ObjectDamaged', { damage: 'missing' })
  // The first one is opened before the answer begins, so that a missing blob can still be told as an error.
  let next = await open(head)
  const flow = async () => {
    try {
      for (const slice of [...rest, undefined]) {
        const present = next
        const coming = slice && open(slice)
        // It is awaited below; until then a failure must not count as unhandled.
        coming?.catch(() => undefined)
        await present.pipeTo(writable, { preventClose: true, preventAbort: true })
        if (coming) next = await coming
      }
      await writable.close()
    } catch (error) {
      // The client went away, or a blob is damaged: the connection breaks before the promised length is reached.
      noteDamagedRead(context, bucket, key, error)
      log.debug('a read ended early', { reason: String(error) })
      await writable.abort(error).catch(() => undefined)
    }
  }
  later(flow())
  return readable
}

/** The bytes that `openBytes` gave, in pieces. */
export async function* piecesOf(bytes: ReadableStream<Uint8Array> | Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes instanceof Uint8Array) yield bytes
  else yield* chunksOf(bytes, READ_BYTES, 'Internal')
}
