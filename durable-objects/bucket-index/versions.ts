import type { Stamp, VersioningState } from '../../src/model/versions'
import { blobsOf, letGo } from './blob-references'
import type { Ground } from './ground'
import { RECORD_COLUMNS, type RecordRow } from './records'

/** A version that is not the latest, or a delete marker. */
export interface VersionRow extends RecordRow {
  marker: number
  since: number
}

/** A version of a key, wherever it lies; a delete marker too. */
export function findVersion(sql: SqlStorage, key: string, stamp: Stamp): VersionRow | undefined {
  const present = `select ${RECORD_COLUMNS}, 0 as marker, 0 as since from objects where key = ?1 and`
  const older = `select ${RECORD_COLUMNS}, marker, since from versions where key = ?1 and`
  const rows =
    stamp === null
      ? sql.exec<VersionRow>(`${present} stamped is null union all ${older} stamped is null`, key)
      : sql.exec<VersionRow>(
          `${present} seq = ?2 and stamped is not null union all ${older} seq = ?2 and stamped is not null`,
          key,
          stamp,
        )
  return rows.toArray()[0]
}

/** The delete marker that hides a key; undefined where it has none as its latest version. */
export function latestMarker(sql: SqlStorage, key: string): VersionRow | undefined {
  const [newest] = sql.exec<VersionRow>('select * from versions where key = ? order by seq desc limit 1', key).toArray()
  return newest?.marker === 1 ? newest : undefined
}

/** Whether a new version comes over the present one, instead of taking its place. */
export function isKept({ stamped }: { stamped: number | null }, versioning: VersioningState | undefined): boolean {
  return versioning === 'Enabled' || (versioning === 'Suspended' && stamped !== null)
}

/** Makes room for a new latest version: the present one is kept, and comes behind it. */
export function keepPresent(sql: SqlStorage, key: string, nowMillis: number): void {
  sql.exec(
    `insert into versions (${RECORD_COLUMNS}, marker, since) select ${RECORD_COLUMNS}, 0, ?2 from objects where key = ?1`,
    key,
    nowMillis,
  )
  sql.exec('delete from objects where key = ?', key)
}

/** Removes the version without a number where it is not the latest: there is only ever one. */
export function dropOlderNull(ground: Ground, key: string, nowMillis: number): void {
  const [row] = ground.sql.exec<VersionRow>('select * from versions where key = ? and stamped is null', key).toArray()
  if (row) dropOlder(ground, row, nowMillis)
}

/** Removes a version that is not the latest, or a marker, for good. */
export function dropOlder({ sql, tally }: Ground, row: VersionRow, nowMillis: number): void {
  if (row.data !== null) sql.exec('delete from data where id = ?', row.data)
  if (row.extents) letGo(sql, blobsOf(row.extents), nowMillis)
  sql.exec('delete from versions where key = ? and seq = ?', row.key, row.seq)
  tally.count({ objects: 0, bytes: -row.size })
}

/** After the latest version went away: the next one takes its place, unless that is a delete marker. */
export function promote({ sql, tally }: Ground, key: string): void {
  const [next] = sql.exec<VersionRow>('select * from versions where key = ? order by seq desc limit 1', key).toArray()
  if (!next || next.marker === 1) return
  sql.exec(
    `insert into objects (${RECORD_COLUMNS}) select ${RECORD_COLUMNS} from versions where key = ? and seq = ?`,
    key,
    next.seq,
  )
  sql.exec('delete from versions where key = ? and seq = ?', key, next.seq)
  tally.count({ objects: 1, bytes: 0 })
}

/** Puts a delete marker over a key. */
export function mark(
  { sql }: Ground,
  {
    key,
    seq,
    stamped,
    version,
    nowMillis,
  }: { key: string; seq: number; stamped: boolean; version: string; nowMillis: number },
): void {
  sql.exec(
    `insert into versions (${RECORD_COLUMNS}, marker, since)
     values (?, ?, 0, '', ?, null, null, null, ?, null, null, null, ?, 1, ?)`,
    key,
    seq,
    nowMillis,
    version,
    stamped ? 1 : null,
    nowMillis,
  )
}
