import type { ListedVersion, ListVersionsAsk, VersionListing } from '../../src/model/index-calls'
import { pastPrefix } from '../../src/model/key-order'
import { bounds, commonPrefix, isAtLeast } from './listing'
import { stampOf } from './records'
import { findVersion, type VersionRow } from './versions'

const COLUMNS = 'key, seq, size, etag, modified, owner, class, checksum, stamped'

/** Both tables hold their rows in this order, so that SQLite merges them without sorting. */
const PAGE = `
  select ${COLUMNS}, 0 as marker from objects where (key > ?1 or (key = ?1 and seq < ?2)) and key < ?3
  union all
  select ${COLUMNS}, marker from versions where (key > ?1 or (key = ?1 and seq < ?2)) and key < ?3
  order by 1, 2 desc limit ?4`

/** Rows that are read at a time; past a common prefix the reading begins anew. */
const STRIDE = 100

/** Every version and delete marker, by key and then the newest first. Common prefixes are skipped by seeking. */
export function listVersions(sql: SqlStorage, ask: ListVersionsAsk): VersionListing {
  const listing: VersionListing = { versions: [], prefixes: [], truncated: false }
  const { high } = bounds({ prefix: ask.prefix })
  let from = startOf(sql, ask)
  /** The key whose latest version was met already. */
  let met = isMet(sql, from) ? from.key : undefined
  for (;;) {
    const rows = sql.exec<VersionRow>(PAGE, from.key, from.seq, high, STRIDE).toArray()
    if (rows.length === 0) return listing
    for (const row of rows) {
      if (listing.versions.length + listing.prefixes.length === ask.limit) {
        return { ...listing, truncated: ask.limit > 0 }
      }
      const prefix = commonPrefix(row.key, ask)
      if (prefix !== undefined) {
        listing.prefixes.push(prefix)
        listing.nextKey = prefix
        listing.nextStamp = undefined
        from = { key: pastPrefix(prefix), seq: FIRST }
        break
      }
      listing.versions.push(listed(row, row.key !== met))
      met = row.key
      listing.nextKey = row.key
      listing.nextStamp = stampOf(row)
      from = { key: row.key, seq: row.seq }
    }
  }
}

/** Above every number: with it the key itself is still to come. */
const FIRST = Number.MAX_SAFE_INTEGER

/** Behind which row the page begins. With `seq` 0 all versions of the key are behind. */
function startOf(
  sql: SqlStorage,
  { prefix, afterKey, afterStamp, past }: ListVersionsAsk,
): { key: string; seq: number } {
  const { low } = bounds({ prefix, past })
  if (afterKey === undefined || !isAtLeast(sql, afterKey, low)) return { key: low, seq: FIRST }
  if (afterStamp === undefined) return { key: afterKey, seq: 0 }
  // A version without a number that is gone tells no place: then the key begins anew.
  const seq = afterStamp ?? findVersion(sql, afterKey, null)?.seq ?? FIRST
  return { key: afterKey, seq }
}

/** Whether a page before has shown a version of this key that is still there: then none of this page is its latest. */
function isMet(sql: SqlStorage, { key, seq }: { key: string; seq: number }): boolean {
  if (seq === FIRST) return false
  const rows = sql.exec(
    'select 1 from objects where key = ?1 and seq >= ?2 union all select 1 from versions where key = ?1 and seq >= ?2',
    key,
    seq,
  )
  return rows.toArray().length > 0
}

function listed(row: VersionRow, isLatest: boolean): ListedVersion {
  return {
    key: row.key,
    stamp: stampOf(row),
    isMarker: row.marker === 1,
    isLatest,
    size: row.size,
    etag: row.etag,
    modifiedMillis: row.modified,
    owner: row.owner ?? undefined,
    storageClass: row.class ?? undefined,
    checksum: row.checksum ?? undefined,
  }
}
