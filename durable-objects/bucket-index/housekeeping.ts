import type { BlobOrigin, ReleasedBlob } from '../../src/model/index-calls'
import { blobsOf } from './blob-references'

/** Blobs that were released before `beforeMillis`, oldest first. */
export function releasedBlobs(sql: SqlStorage, beforeMillis: number, limit: number): ReleasedBlob[] {
  return sql
    .exec<{ id: number; blob: string }>(
      'select id, blob from released where at < ? order by id limit ?',
      beforeMillis,
      limit,
    )
    .toArray()
}

/** An id may come again once its row is gone; with the blob it cannot be another's. */
export function forgetReleased(sql: SqlStorage, released: ReleasedBlob[]): void {
  for (const { id, blob } of released) sql.exec('delete from released where id = ? and blob = ?', id, blob)
}

/**
 * Which of these blobs nothing names: neither a version of the key it was written for, nor an upload's part, nor a
 * record that came to share it, nor the list of released ones (which has its own time).
 */
export function orphansAmong(sql: SqlStorage, origins: BlobOrigin[]): string[] {
  const heldByKey = new Map<string, Set<string>>()
  const heldByUpload = new Map<string, Set<string>>()
  const released = new Set<string>()
  for (const row of sql.exec<{ blob: string }>('select blob from released')) released.add(row.blob)

  return origins
    .filter(({ blob, key, upload }) => {
      if (released.has(blob)) return false
      if (upload !== undefined && remember(heldByUpload, upload, () => heldByPartsOf(sql, upload)).has(blob))
        return false
      if (remember(heldByKey, key, () => heldByObject(sql, key)).has(blob)) return false
      return sql.exec('select 1 from shared_blobs where blob = ?', blob).toArray().length === 0
    })
    .map(({ blob }) => blob)
}

/** How far the sweep has looked: blobs of earlier hours were all judged. */
export function sweptThrough(sql: SqlStorage): string {
  return sql.exec<{ through: string }>('select through from swept').toArray()[0]?.through ?? ''
}

export function rememberSwept(sql: SqlStorage, through: string): void {
  sql.exec('insert or replace into swept values (1, ?)', through)
}

function remember(known: Map<string, Set<string>>, name: string, read: () => Set<string>): Set<string> {
  const present = known.get(name)
  if (present) return present
  const fresh = read()
  known.set(name, fresh)
  return fresh
}

function heldByObject(sql: SqlStorage, key: string): Set<string> {
  const held = new Set<string>()
  const rows = sql.exec<{ extents: string }>(
    `select extents from objects where key = ?1 and extents is not null
     union all select extents from versions where key = ?1 and extents is not null`,
    key,
  )
  for (const { extents } of rows) for (const blob of blobsOf(extents)) held.add(blob)
  return held
}

function heldByPartsOf(sql: SqlStorage, upload: string): Set<string> {
  const held = new Set<string>()
  for (const row of sql.exec<{ extents: string | null }>('select extents from parts where upload = ?', upload)) {
    for (const blob of blobsOf(row.extents)) held.add(blob)
  }
  return held
}
