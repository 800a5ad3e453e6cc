import { readExtents } from '../../src/model/extents'
import type {
  ExamineObjectsAsk,
  NotedDamage,
  PlacedObject,
  PlacedObjects,
  PlacedPart,
  PlacedUpload,
  PlacedUploads,
} from '../../src/model/health-calls'
import type { ListedRow, ListUploadsAsk } from '../../src/model/index-calls'
import { unwrap } from '../../src/model/outcome'
import { list } from './listing'
import { findUpload, listUploads, partsOf } from './uploads'

/** Other holders of the same bytes that are worth trying. */
const MAX_HOLDERS = 10

interface PlacedRow extends Record<string, SqlStorageValue> {
  version: string
  size: number
  etag: string
  modified: number
  extents: string | null
  data: number | null
  held: number | null
}

/** A page of records with where their bytes lie. */
export function placedObjects(sql: SqlStorage, ask: ExamineObjectsAsk): PlacedObjects {
  // `list` builds this text itself, in exactly this shape.
  const rows = JSON.parse(list(sql, { ...ask, known: 0 })) as ListedRow[]
  const page: PlacedObjects = { objects: [], prefixes: [], truncated: rows.length > ask.limit }
  for (const row of rows.slice(0, ask.limit)) {
    page.last = { key: row[0], isPrefix: row.length === 1 }
    const object = row.length === 1 ? undefined : placedObject(sql, row[0])
    if (object) page.objects.push(object)
    else page.prefixes.push(row[0])
  }
  return page
}

export function placedObject(sql: SqlStorage, key: string): PlacedObject | undefined {
  const [row] = sql
    .exec<PlacedRow>(
      `select version, size, etag, modified, extents, objects.data, length(bytes) as held
       from objects left join data on data.id = objects.data where key = ?`,
      key,
    )
    .toArray()
  if (!row) return undefined
  return {
    key,
    version: row.version,
    size: row.size,
    etag: row.etag,
    modifiedMillis: row.modified,
    extents: row.extents,
    heldBytes: row.data === null ? null : (row.held ?? -1),
  }
}

/** A page of uploads with where the bytes of their parts lie. */
export function placedUploads(sql: SqlStorage, ask: Omit<ListUploadsAsk, 'known'>): PlacedUploads {
  const { uploads, ...page } = unwrap(listUploads(sql, { ...ask, known: 0 }))
  return { ...page, uploads: uploads.map(upload => ({ upload, parts: placedParts(sql, upload.id) })) }
}

export function placedUpload(sql: SqlStorage, key: string, id: string): PlacedUpload | undefined {
  const found = findUpload(sql, key, id)
  return found.ok ? { upload: found.value, parts: placedParts(sql, id) } : undefined
}

function placedParts(sql: SqlStorage, upload: string): PlacedPart[] {
  return partsOf(sql, upload).map(({ number, size, modified, extents }) => ({
    number,
    size,
    modifiedMillis: modified,
    extents,
  }))
}

/** Other blobs of this bucket that hold the very same bytes, by the digest that R2 computed of them. */
export function holdersOf(sql: SqlStorage, md5: string, except: string): string[] {
  const short = Buffer.from(md5, 'hex').toString('base64url')
  const rows = sql.exec<{ extents: string; etag: string }>(
    `select extents, etag from objects where extents is not null and (etag = ?1 or instr(extents, ?2) > 0)
     union all select extents, '' from parts where instr(extents, ?2) > 0 limit 100`,
    md5,
    short,
  )
  const blobs = new Set<string>()
  for (const { extents, etag } of rows.toArray()) {
    for (const extent of readExtents(extents, etag)) {
      if (extent.md5 === md5 && extent.blob !== except) blobs.add(extent.blob)
    }
  }
  return [...blobs].slice(0, MAX_HOLDERS)
}

export function noteDamage(sql: SqlStorage, damages: NotedDamage[], nowMillis: number): void {
  for (const { blob, key, damage, healable } of damages) {
    sql.exec('insert or replace into damaged values (?, ?, ?, ?, ?)', blob, key, damage, healable ? 1 : 0, nowMillis)
  }
}

export function forgetDamage(sql: SqlStorage, blobs: string[]): void {
  for (const blob of blobs) sql.exec('delete from damaged where blob = ?', blob)
}

/** What was seen to be damaged, where its key still needs it; the rest is forgotten. */
export function notedDamage(sql: SqlStorage, limit: number): NotedDamage[] {
  const rows = sql
    .exec<{ blob: string; key: string; damage: NotedDamage['damage']; healable: number }>(
      'select blob, key, damage, healable from damaged order by blob limit ?',
      limit,
    )
    .toArray()
  const needed = rows.filter(({ blob, key }) => {
    const isNeeded = sql
      .exec(
        'select 1 from objects where key = ?1 and instr(extents, ?2) union all select 1 from parts where instr(extents, ?2)',
        key,
        blob,
      )
      .toArray()
    return isNeeded.length > 0
  })
  forgetDamage(
    sql,
    rows.filter(row => !needed.includes(row)).map(row => row.blob),
  )
  return needed.map(({ healable, ...noted }) => ({ ...noted, healable: healable === 1 }))
}
