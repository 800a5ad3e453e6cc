import { MAX_EXTENTS_TEXT, writeExtents } from '../../src/model/extents'
import type { PlacedPart } from '../../src/model/health-calls'
import type {
  ListedPart,
  ListUploadsAsk,
  PartListing,
  PutPartAsk,
  StoredUpload,
  UploadListing,
} from '../../src/model/index-calls'
import { pastPrefix } from '../../src/model/key-order'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { blobsOf, letGo, share } from './blob-references'
import { bounds, commonPrefix, isAtLeast } from './listing'
import { takeFence } from './locks'

interface UploadRow extends Record<string, SqlStorageValue> {
  key: string
  id: string
  initiated: number
  description: string
}

export interface PartRow extends Record<string, SqlStorageValue> {
  number: number
  size: number
  etag: string
  modified: number
  checksum: string | null
  extents: string | null
}

export function createUpload(sql: SqlStorage, upload: StoredUpload): Outcome<void> {
  sql.exec(
    'insert or ignore into uploads values (?, ?, ?, ?)',
    upload.key,
    upload.id,
    upload.initiatedMillis,
    upload.description,
  )
  return done(undefined)
}

export function findUpload(sql: SqlStorage, key: string, id: string): Outcome<StoredUpload> {
  const [row] = sql.exec<UploadRow>('select * from uploads where key = ? and id = ?', key, id).toArray()
  return row ? done(storedUpload(row)) : refused('NoSuchUpload', { upload: id })
}

/** Keeps a part; one with the same number is replaced. */
export function putPart(sql: SqlStorage, { key, upload, part, sharedFrom, fence }: PutPartAsk): Outcome<void> {
  if (fence !== undefined && !takeFence(sql, fence, part.modifiedMillis)) return refused('Conflict', { key })
  const open = findUpload(sql, key, upload)
  if (!open.ok) return open
  const extents = writeExtents(part.extents)
  if (extents !== null && extents.length > MAX_EXTENTS_TEXT) return refused('TooManyExtents')
  if (sharedFrom) {
    const [source] = sql
      .exec(
        `select 1 from objects where key = ?1 and version = ?2
         union all select 1 from versions where key = ?1 and version = ?2`,
        sharedFrom.key,
        sharedFrom.version,
      )
      .toArray()
    if (!source) return refused('Conflict', { key: sharedFrom.key })
    share(sql, blobsOf(extents))
  }
  const [present] = sql
    .exec<{ extents: string | null }>('select extents from parts where upload = ? and number = ?', upload, part.number)
    .toArray()
  if (present && !sharedFrom && present.extents === extents) return done(undefined)
  sql.exec(
    'insert or replace into parts values (?, ?, ?, ?, ?, ?, ?)',
    upload,
    part.number,
    part.size,
    part.etag,
    part.modifiedMillis,
    part.checksum ?? null,
    extents,
  )
  if (present) letGo(sql, blobsOf(present.extents), part.modifiedMillis)
  return done(undefined)
}

export function abortUpload(sql: SqlStorage, key: string, id: string, nowMillis: number): Outcome<void> {
  const open = findUpload(sql, key, id)
  if (!open.ok) return open
  dropUpload(sql, key, id)
  for (const part of partsOf(sql, id)) letGo(sql, blobsOf(part.extents), nowMillis)
  sql.exec('delete from parts where upload = ?', id)
  return done(undefined)
}

/** Forgets a part, if it is still the one that was seen. @returns whether it was */
export function dropPart(sql: SqlStorage, upload: string, part: PlacedPart, nowMillis: number): boolean {
  const dropped = sql.exec(
    'delete from parts where upload = ? and number = ? and extents is ? returning 1',
    upload,
    part.number,
    part.extents,
  )
  if (dropped.toArray().length === 0) return false
  letGo(sql, blobsOf(part.extents), nowMillis)
  return true
}

export function dropUpload(sql: SqlStorage, key: string, id: string): void {
  sql.exec('delete from uploads where key = ? and id = ?', key, id)
}

export function partsOf(sql: SqlStorage, upload: string): PartRow[] {
  return sql
    .exec<PartRow>(
      'select number, size, etag, modified, checksum, extents from parts where upload = ? order by number',
      upload,
    )
    .toArray()
}

export function listParts(
  sql: SqlStorage,
  { key, upload, after, limit }: { key: string; upload: string; after: number; limit: number },
): Outcome<PartListing> {
  const open = findUpload(sql, key, upload)
  if (!open.ok) return open
  const rows = sql
    .exec<Omit<PartRow, 'extents'>>(
      `select number, size, etag, modified, checksum from parts
       where upload = ? and number > ? order by number limit ?`,
      upload,
      after,
      limit + 1,
    )
    .toArray()
  const parts: ListedPart[] = rows.slice(0, limit).map(row => ({
    number: row.number as number,
    size: row.size as number,
    etag: row.etag as string,
    modifiedMillis: row.modified as number,
    checksum: (row.checksum as string | null) ?? undefined,
  }))
  return done({ upload: open.value, parts, truncated: rows.length > limit })
}

/** Uploads in progress by key and then by age; their ids sort by it. Common prefixes are skipped by seeking. */
export function listUploads(sql: SqlStorage, ask: ListUploadsAsk): Outcome<UploadListing> {
  const afterUpload = ask.afterKey !== undefined && ask.afterUpload !== undefined
  const { low, high } = bounds({ prefix: ask.prefix, after: afterUpload ? undefined : ask.afterKey, past: ask.past })
  const listing: UploadListing = { uploads: [], prefixes: [], truncated: false }
  let from = { key: low, id: '' }
  if (afterUpload && ask.afterKey !== undefined && isAtLeast(sql, ask.afterKey, low)) {
    from = { key: ask.afterKey, id: ask.afterUpload ?? '' }
  }
  for (;;) {
    const [row] = sql
      .exec<UploadRow>(
        'select * from uploads where (key, id) > (?, ?) and key < ? order by key, id limit 1',
        from.key,
        from.id,
        high,
      )
      .toArray()
    if (!row) return done(listing)
    if (listing.uploads.length + listing.prefixes.length === ask.limit) {
      listing.truncated = ask.limit > 0
      return done(listing)
    }
    const prefix = commonPrefix(row.key, ask)
    if (prefix === undefined) {
      listing.uploads.push(storedUpload(row))
      from = { key: row.key, id: row.id }
      listing.nextKey = row.key
      listing.nextUpload = row.id
    } else {
      listing.prefixes.push(prefix)
      from = { key: pastPrefix(prefix), id: '' }
      listing.nextKey = prefix
      listing.nextUpload = undefined
    }
  }
}

function storedUpload(row: UploadRow): StoredUpload {
  return { key: row.key, id: row.id, initiatedMillis: row.initiated, description: row.description }
}
