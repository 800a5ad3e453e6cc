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
import type { ListedVersion, ListUploadsAsk } from '../../src/model/index-calls'
import { unwrap } from '../../src/model/outcome'
import type { Stamp } from '../../src/model/versions'
import { RECORD_COLUMNS, storedObject } from './records'
import { findUpload, listUploads, partsOf } from './uploads'
import { listVersions } from './version-listing'
import { findVersion, type VersionRow } from './versions'

/** Other holders of the same bytes that are worth trying. */
const MAX_HOLDERS = 10

/** A page of all versions with where their bytes lie. It ends between keys, unless one key alone fills it. */
export function placedObjects(sql: SqlStorage, { after, ...ask }: ExamineObjectsAsk): PlacedObjects {
  const listed = listVersions(sql, { ...ask, afterKey: after, known: 0 })
  const versions = listed.truncated ? wholeKeys(sql, listed.versions) : listed.versions
  const last = versions.at(-1)
  const isCut = versions.length < listed.versions.length
  const ends = isCut ? last && { key: last.key, stamp: last.stamp } : { key: listed.nextKey, stamp: listed.nextStamp }
  return {
    objects: versions.flatMap(({ key, stamp, isMarker }) => (isMarker ? [] : (placedObject(sql, key, stamp) ?? []))),
    prefixes: listed.prefixes,
    truncated: listed.truncated,
    last:
      ends?.key === undefined ? undefined : { key: ends.key, isPrefix: ends.stamp === undefined, stamp: ends.stamp },
  }
}

/** Without the versions of the last key, where there are more of it; all of them where there is no other key. */
function wholeKeys(sql: SqlStorage, versions: ListedVersion[]): ListedVersion[] {
  const last = versions.at(-1)
  if (!last || versions[0]?.key === last.key) return versions
  const seq = findVersion(sql, last.key, last.stamp)?.seq ?? 0
  const [more] = sql.exec('select 1 from versions where key = ? and seq < ? limit 1', last.key, seq).toArray()
  return more ? versions.filter(({ key }) => key !== last.key) : versions
}

/** All versions of a key, the latest first. */
export function placedVersions(sql: SqlStorage, key: string): PlacedObject[] {
  const rows = sql.exec<VersionRow>(
    `select ${RECORD_COLUMNS}, 0 as marker, 0 as since from objects where key = ?1
     union all select ${RECORD_COLUMNS}, marker, since from versions where key = ?1 and marker = 0 order by seq desc`,
    key,
  )
  return rows.toArray().map(row => placedRow(sql, row))
}

function placedObject(sql: SqlStorage, key: string, stamp: Stamp): PlacedObject | undefined {
  const row = findVersion(sql, key, stamp)
  return row && placedRow(sql, row)
}

function placedRow(sql: SqlStorage, row: VersionRow): PlacedObject {
  const held = row.data === null ? null : heldBytes(sql, row.data)
  const { description: _, ...stored } = storedObject(row)
  return { ...stored, heldBytes: held }
}

function heldBytes(sql: SqlStorage, data: number): number {
  const [row] = sql.exec<{ held: number }>('select length(bytes) as held from data where id = ?', data).toArray()
  return row?.held ?? -1
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
     union all select extents, etag from versions where extents is not null and (etag = ?1 or instr(extents, ?2) > 0)
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
        `select 1 from objects where key = ?1 and instr(extents, ?2)
         union all select 1 from versions where key = ?1 and instr(extents, ?2)
         union all select 1 from parts where instr(extents, ?2)`,
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
