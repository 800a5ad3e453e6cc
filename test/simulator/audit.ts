import { runInDurableObject } from 'cloudflare:test'
import { audit } from '../../src/jobs/audit'
import { emptyBucket } from '../../src/jobs/empty-bucket'
import { JOB_CALLER } from '../../src/jobs/step'
import { readExtents } from '../../src/model/extents'
import type { Env } from '../../src/stubs'
import { openWharfForJobs } from '../../src/wharf'
import { allSlices, sweepAll } from './sweeping'

/** Graces are over at once. */
const NOW = { WHARF_RELEASED_BLOB_GRACE_SECONDS: '0', WHARF_ORPHAN_GRACE_SECONDS: '0' }

/**
 * AUDIT. Whether the store is in order, while nothing goes on: a whole sweep with graces of nothing, then Wharf's own audit of
 * every byte, then a look past all of its code. A blob in R2 is named by a record or a part, and what is named is there; blobs
 * are shared as often as was counted, and bytes in the index belong to one record each.
 *
 * @throws Error that lists all that is wrong
 */
export async function auditAfter(env: Env, bucketName: string): Promise<void> {
  const bucketId = await idOf(env, bucketName)
  // Graces of nothing are over a moment later.
  await new Promise(resolve => setTimeout(resolve, 5))
  await sweepAll({ ...env, ...NOW }, () => undefined)
  const breaches = [...(await auditByWharf(env, bucketName)), ...(await auditByHand(env, bucketId))]
  if (breaches.length > 0) throw new Error(`the audit of ${bucketName} found:\n  ${breaches.join('\n  ')}`)
}

/** Removes everything from a bucket, and the bucket; then nothing of it may be left in R2. */
export async function emptyAndAudit(env: Env, bucketName: string): Promise<void> {
  const bucketId = await idOf(env, bucketName)
  const place = openWharfForJobs(env, { waitUntil: () => undefined })
  await allSlices(emptyBucket, place, { params: { bucket: bucketName } })
  await auditAfter(env, bucketName)
  const left = await sizesUnder(env, bucketId)
  if (left.size > 0) throw new Error(`left of an empty bucket: ${[...left.keys()].join(', ')}`)
  await place.store.buckets.remove(JOB_CALLER, bucketName)
}

async function auditByWharf(env: Env, bucket: string): Promise<string[]> {
  const breaches: string[] = []
  const place = openWharfForJobs({ ...env, ...NOW }, { waitUntil: () => undefined })
  const note = (text: string) => breaches.push(text)
  await allSlices(audit, place, { params: { bucket, deep: true }, note })
  return breaches
}

interface Held {
  holder: string
  blob: string
  /** How many bytes of the blob are needed. */
  end: number
}

async function auditByHand(env: Env, bucketId: string): Promise<string[]> {
  const stored = await sizesUnder(env, bucketId)
  const { held, shared, released, strays } = await tablesOf(env, bucketId)
  const breaches = strays.map(row => `bytes in the index (row ${row}) belong to no record, or to several`)
  const holders = new Map<string, Set<string>>()
  for (const { holder, blob, end } of held) {
    const size = stored.get(blob)
    if (size === undefined) breaches.push(`${holder} names ${blob}, which is missing`)
    else if (size < end) breaches.push(`${holder} needs ${end} bytes of ${blob}, which has ${size}`)
    holders.set(blob, (holders.get(blob) ?? new Set()).add(holder))
  }
  for (const blob of stored.keys()) {
    if (!holders.has(blob) && !released.has(blob)) breaches.push(`${blob} is named by nothing`)
  }
  for (const blob of released) if (holders.has(blob)) breaches.push(`${blob} is released, and needed`)
  for (const blob of new Set([...holders.keys(), ...shared.keys()])) {
    const [counted, true_] = [shared.get(blob) ?? 1, holders.get(blob)?.size ?? 0]
    if (counted !== true_) breaches.push(`${blob} has ${true_} holders, and ${counted} were counted`)
  }
  return breaches
}

/** What the tables say, read past all code that writes them. */
function tablesOf(
  env: Env,
  bucketId: string,
): Promise<{ held: Held[]; shared: Map<string, number>; released: Set<string>; strays: number[] }> {
  return runInDurableObject(env.BUCKET_INDEX.getByName(bucketId), (_, { storage: { sql } }) => {
    const holding = `select 'object ' || key as holder, extents from objects
      union all select 'part ' || upload || ' ' || number, extents from parts`
    const held = sql
      .exec<{ holder: string; extents: string | null }>(holding)
      .toArray()
      .flatMap(({ holder, extents }) =>
        readExtents(extents).map(({ blob, offset, size }) => ({ holder, blob, end: offset + size })),
      )
    const shared = sql.exec<{ blob: string; refs: number }>('select blob, refs from shared_blobs').toArray()
    const released = sql.exec<{ blob: string }>('select blob from released').toArray()
    const strays = sql.exec<{ id: number }>(
      'select id from data where (select count(*) from objects where objects.data = data.id) <> 1',
    )
    return {
      held,
      shared: new Map(shared.map(({ blob, refs }) => [blob, refs])),
      released: new Set(released.map(({ blob }) => blob)),
      strays: strays.toArray().map(({ id }) => id),
    }
  })
}

/** The blobs of a bucket in R2, without its id, with their sizes. */
async function sizesUnder(env: Env, bucketId: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const prefix = `${bucketId}/`
  for (let cursor: string | undefined, more = true; more; ) {
    const page: R2Objects = await env.BLOBS.list({ prefix, cursor })
    for (const { key, size } of page.objects) sizes.set(key.slice(prefix.length), size)
    more = page.truncated
    cursor = page.truncated ? page.cursor : undefined
  }
  return sizes
}

async function idOf(env: Env, bucketName: string): Promise<string> {
  const entry = await env.NAMESPACE.getByName('namespace').find(bucketName)
  if (!entry) throw new Error(`there is no bucket ${bucketName}`)
  return entry.id
}
