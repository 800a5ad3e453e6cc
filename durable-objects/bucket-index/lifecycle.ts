import {
  actionFor,
  type Lifecycle,
  type LifecycleAction,
  type LifecycleVersion,
  looksAtTags,
  mustAbort,
  scopesOf,
} from '../../src/model/lifecycle'
import type { LifecycleAsk, LifecycleCounter, LifecyclePage, LifecyclePlace } from '../../src/model/lifecycle-calls'
import type { Tag } from '../../src/model/tags'
import type { Stamp } from '../../src/model/versions'
import type { Ground } from './ground'
import { bounds } from './listing'
import { stampOf } from './records'
import { relabel } from './redescription'
import { removeOne } from './removal'
import { abortUpload } from './uploads'

/**
 * Carries out what the bucket's rules say of one page of its versions or uploads. It is judged and done in one transaction:
 * whatever changed a moment ago (an overwrite, a lock, a tag, the rules themselves) is judged as it is now.
 */
export function applyLifecycle(ground: Ground, ask: LifecycleAsk): LifecyclePage {
  const { lifecycle } = ground.settings()
  if (!lifecycle) return { counters: {} }
  const scopes = scopesOf(lifecycle)
  const from = ask.from ?? { prefix: '', stage: 'versions' }
  const prefix = scopes.find(one => one >= from.prefix)
  if (prefix === undefined) return { counters: {} }
  const place: LifecyclePlace = prefix === from.prefix ? from : { prefix, stage: 'versions' }
  const apply = place.stage === 'versions' ? applyToVersions : applyToUploads
  const { counters, next } = apply(ground, lifecycle, place, ask)
  return { counters, next: next ?? placeBehind(place, scopes) }
}

/** Where it goes on when a stage under a prefix is done with. */
function placeBehind({ prefix, stage }: LifecyclePlace, scopes: string[]): LifecyclePlace | undefined {
  if (stage === 'versions') return { prefix, stage: 'uploads' }
  const next = scopes.find(one => one > prefix)
  return next === undefined ? undefined : { prefix: next, stage: 'versions' }
}

function applyToVersions(
  ground: Ground,
  lifecycle: Lifecycle,
  place: LifecyclePlace,
  ask: LifecycleAsk,
): LifecyclePage {
  const page = readPage(ground.sql, place, { limit: ask.limit, withTags: looksAtTags(lifecycle) })
  const counters: LifecyclePage['counters'] = {}
  // From the oldest on: what is done with a version then changes nothing about those that are still to come.
  for (const [i, version] of [...page.versions.entries()].reverse()) {
    const due = actionFor(lifecycle, version, ask)
    if (due) add(counters, carryOut(ground, version, due, { ...ask, version: `${ask.id}.${i}` }))
  }
  return { counters, next: page.next }
}

/** @returns what was done; undefined for nothing */
function carryOut(
  ground: Ground,
  version: PlacedVersion,
  due: LifecycleAction,
  how: { nowMillis: number; dryRun: boolean; version: string },
): LifecycleCounter | undefined {
  if (due.action === 'transition') {
    return how.dryRun || relabel(ground.sql, version, due.storageClass) ? 'transitioned' : undefined
  }
  const { key, stamp, isDeleteMarker } = version
  const counter = due.action === 'expire' ? 'expired' : isDeleteMarker ? 'markers' : 'removed'
  if (how.dryRun) return counter
  const { ended } = removeOne(ground, due.action === 'expire' ? { key } : { key, stamp }, how.version, how.nowMillis)
  if (ended === 'protected') return 'protected'
  return ended === 'removed' || ended === 'marked' ? counter : undefined
}

interface PlacedVersion extends LifecycleVersion {
  seq: number
  stamp: Stamp
}

interface VersionRow extends Record<string, SqlStorageValue> {
  key: string
  seq: number
  size: number
  modified: number
  class: string | null
  stamped: number | null
  marker: number
  since: number
  tags: string | null
}

const BEHIND = 'key >= ?1 and key < ?3 and (key > ?1 or seq < ?2)'
const COLUMNS = 'key, seq, size, modified, class, stamped'
/** Of a description that cannot be read there are none, so that no rule that asks for tags is for it. */
const TAGS = "case when json_valid(description) then json_extract(description, '$.tags') end"

/** Above every number: with it the key itself is still to come. */
const FIRST = Number.MAX_SAFE_INTEGER

/** Versions and delete markers behind a place, by key and then the newest first, with all that rules look at. */
function readPage(
  sql: SqlStorage,
  place: LifecyclePlace,
  { limit, withTags }: { limit: number; withTags: boolean },
): { versions: PlacedVersion[]; next: LifecyclePlace | undefined } {
  const { low, high } = bounds({ prefix: place.prefix })
  const tags = withTags ? TAGS : 'null'
  const rows = sql
    .exec<VersionRow>(
      `select ${COLUMNS}, 0 as marker, 0 as since, ${tags} as tags from objects where ${BEHIND}
       union all select ${COLUMNS}, marker, since, ${tags} from versions where ${BEHIND}
       order by 1, 2 desc limit ?4`,
      place.key ?? low,
      place.seq ?? FIRST,
      high,
      limit + 1,
    )
    .toArray()
  const versions: PlacedVersion[] = []
  let newer = newerThan(sql, place)
  for (const [i, row] of rows.slice(0, limit).entries()) {
    if (row.key !== newer.key) newer = { key: row.key, modified: undefined, noncurrent: 0 }
    const isOnly = newer.modified === undefined && rows[i + 1]?.key !== row.key
    versions.push(placed(row, newer, isOnly))
    const counts = newer.modified !== undefined && row.marker === 0
    newer = { key: row.key, modified: row.modified, noncurrent: newer.noncurrent + (counts ? 1 : 0) }
  }
  const last = versions.at(-1)
  const more = rows.length > limit && last !== undefined
  return { versions, next: more ? { ...place, key: last.key, seq: last.seq } : undefined }
}

/** What comes before a version: when the next newer one was made, and how many older than the latest there are that hold an object. */
interface Newer {
  key: string | undefined
  modified: number | undefined
  noncurrent: number
}

/** No rule keeps more than this many newer versions: so many are counted, and the latest besides. */
const MAX_COUNTED = 101

/** What comes before the first version of a page, as it is now. */
function newerThan(sql: SqlStorage, { key, seq }: LifecyclePlace): Newer {
  if (key === undefined || seq === undefined) return { key: undefined, modified: undefined, noncurrent: 0 }
  const rows = sql
    .exec<{ seq: number; modified: number; counts: number }>(
      `select seq, modified, 0 as counts from objects where key = ?1 and seq >= ?2
       union all select seq, modified, marker = 0 from versions where key = ?1 and seq >= ?2
       order by 1 limit ?3`,
      key,
      seq,
      MAX_COUNTED,
    )
    .toArray()
  return { key, modified: rows[0]?.modified, noncurrent: rows.filter(row => row.counts === 1).length }
}

function placed(row: VersionRow, newer: Newer, isOnlyVersion: boolean): PlacedVersion {
  const isDeleteMarker = row.marker === 1
  return {
    key: row.key,
    seq: row.seq,
    stamp: stampOf(row),
    size: row.size,
    // Written by the index itself.
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as Tag[]),
    modifiedMillis: row.modified,
    storageClass: row.class ?? undefined,
    isLatest: newer.modified === undefined,
    isDeleteMarker,
    isOnlyVersion,
    noncurrentSinceMillis: sinceWhen(row, newer),
    newerNoncurrent: newer.noncurrent,
  }
}

/** A marker does not note when an object came over it. */
function sinceWhen({ marker, since }: VersionRow, { modified }: Newer): number | undefined {
  if (modified === undefined) return undefined
  return marker === 1 ? modified : since
}

function applyToUploads(
  { sql }: Ground,
  lifecycle: Lifecycle,
  place: LifecyclePlace,
  ask: LifecycleAsk,
): LifecyclePage {
  const { low, high } = bounds({ prefix: place.prefix })
  const rows = sql
    .exec<{ key: string; id: string; initiated: number }>(
      'select key, id, initiated from uploads where (key, id) > (?, ?) and key < ? order by key, id limit ?',
      place.key ?? low,
      place.upload ?? '',
      high,
      ask.limit + 1,
    )
    .toArray()
  const page = rows.slice(0, ask.limit)
  const counters: LifecyclePage['counters'] = {}
  for (const { key, id, initiated } of page) {
    if (!mustAbort(lifecycle, { key, initiatedMillis: initiated }, ask)) continue
    if (!ask.dryRun) abortUpload(sql, key, id, ask.nowMillis)
    add(counters, 'aborted')
  }
  const last = page.at(-1)
  const more = rows.length > ask.limit && last !== undefined
  return { counters, next: more ? { ...place, key: last.key, upload: last.id } : undefined }
}

function add(counters: LifecyclePage['counters'], counter: LifecycleCounter | undefined): void {
  if (counter !== undefined) counters[counter] = (counters[counter] ?? 0) + 1
}
