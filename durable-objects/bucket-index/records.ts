import type { Draft, StoredObject } from '../../src/model/index-calls'
import type { Stamp } from '../../src/model/versions'

/** A version of an object, in either table. */
export interface RecordRow extends Record<string, SqlStorageValue> {
  key: string
  seq: number
  size: number
  etag: string
  modified: number
  owner: string | null
  class: string | null
  checksum: string | null
  version: string
  data: number | null
  description: string | null
  extents: string | null
  stamped: number | null
}

export const RECORD_COLUMNS =
  'key, seq, size, etag, modified, owner, class, checksum, version, data, description, extents, stamped'

export function stampOf({ seq, stamped }: Pick<RecordRow, 'seq' | 'stamped'>): Stamp {
  return stamped === null ? null : seq
}

export function storedObject(row: RecordRow): StoredObject {
  return {
    key: row.key,
    version: row.version,
    stamp: stampOf(row),
    size: row.size,
    etag: row.etag,
    modifiedMillis: row.modified,
    description: row.description,
    extents: row.extents,
  }
}

export function insertObject(
  sql: SqlStorage,
  draft: Draft,
  { data, seq, stamped }: { data: number | null; seq: number; stamped: boolean },
): void {
  sql.exec(
    `insert or replace into objects (${RECORD_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    draft.key,
    seq,
    draft.size,
    draft.etag,
    draft.modifiedMillis,
    draft.listed.owner ?? null,
    draft.listed.storageClass ?? null,
    draft.listed.checksum ?? null,
    draft.version,
    data,
    draft.description,
    draft.extents,
    stamped ? 1 : null,
  )
}

export function readData(sql: SqlStorage, id: number): ArrayBuffer {
  return sql.exec<{ bytes: ArrayBuffer }>('select bytes from data where id = ?', id).one().bytes
}

/** Keeps, replaces or removes the bytes of a record; returns their row. */
export function placeData(sql: SqlStorage, present: number | null, bytes: Uint8Array | undefined): number | null {
  if (!bytes) {
    if (present !== null) sql.exec('delete from data where id = ?', present)
    return null
  }
  if (present !== null) {
    sql.exec('update data set bytes = ? where id = ?', bytes, present)
    return present
  }
  return sql.exec<{ id: number }>('insert into data (bytes) values (?) returning id', bytes).one().id
}
