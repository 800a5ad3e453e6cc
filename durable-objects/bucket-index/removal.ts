import { judgeWrite } from '../../src/model/conditions'
import type { Removal, RemoveAsk, RemoveEntry } from '../../src/model/index-calls'
import type { LockAsk } from '../../src/model/object-lock'
import { done, type Outcome } from '../../src/model/outcome'
import type { Stamp } from '../../src/model/versions'
import { blobsOf, letGo } from './blob-references'
import type { Ground } from './ground'
import { findPresent, type Present } from './objects'
import { isProtected } from './protection'
import { stampOf } from './records'
import { dropOlder, dropOlderNull, findVersion, keepPresent, latestMarker, mark, promote } from './versions'

export function remove(ground: Ground, { id, entries, nowMillis }: RemoveAsk): Outcome<Removal[]> {
  return done(entries.map((entry, i) => removeOne(ground, entry, `${id}.${i}`, nowMillis)))
}

/** @param version  of the delete marker, where it takes one */
export function removeOne(ground: Ground, entry: RemoveEntry, version: string, nowMillis: number): Removal {
  if (entry.stamp !== undefined) return removeVersion(ground, entry, entry.stamp, nowMillis)
  const present = findPresent(ground.sql, entry.key)
  if (present && !mayRemove(present, entry)) return { ended: 'refused' }
  const isConditional = [entry.ifMatch, entry.ifModifiedSeconds, entry.ifSize].some(one => one !== undefined)
  if (!present && isConditional) return { ended: 'missing' }
  if (ground.settings().versioning) return hide(ground, entry.key, present, version, nowMillis)
  if (!present) return { ended: 'missing' }
  dropPresent(ground, entry.key, present, nowMillis)
  return { ended: 'removed', stamp: null, wasMarker: false }
}

/** Puts a delete marker over a key. While versioning is suspended it takes the place of the version without a number. */
function hide(ground: Ground, key: string, present: Present | undefined, version: string, nowMillis: number): Removal {
  const { sql, tally } = ground
  const stamped = ground.settings().versioning === 'Enabled'
  if (present && (stamped || present.stamped !== null)) {
    keepPresent(sql, key, nowMillis)
    tally.count({ objects: -1, bytes: 0 })
  } else if (present) {
    dropPresent(ground, key, present, nowMillis)
  }
  if (!stamped) dropOlderNull(ground, key, nowMillis)
  const seq = tally.countWrite({ objects: 0, bytes: 0 })
  mark(ground, { key, seq, stamped, version, nowMillis })
  return { ended: 'marked', stamp: stamped ? seq : null }
}

function removeVersion(ground: Ground, entry: RemoveEntry, stamp: Stamp, nowMillis: number): Removal {
  const { sql } = ground
  const present = findPresent(sql, entry.key)
  if (present && stampOf(present) === stamp) {
    if (!mayRemove(present, entry)) return { ended: 'refused' }
    if (isProtected(present.description, askOf(entry, nowMillis))) return { ended: 'protected' }
    dropPresent(ground, entry.key, present, nowMillis)
    promote(ground, entry.key)
    return { ended: 'removed', stamp, wasMarker: false }
  }
  const row = findVersion(sql, entry.key, stamp)
  if (!row) return { ended: 'missing' }
  if (!mayRemove(row, entry)) return { ended: 'refused' }
  if (isProtected(row.description, askOf(entry, nowMillis))) return { ended: 'protected' }
  const wasLatest = !present && latestMarker(sql, entry.key)?.seq === row.seq
  dropOlder(ground, row, nowMillis)
  if (wasLatest) promote(ground, entry.key)
  return { ended: 'removed', stamp, wasMarker: row.marker === 1 }
}

function askOf({ bypassGovernance = false }: RemoveEntry, nowMillis: number): LockAsk {
  return { nowMillis, bypassGovernance }
}

function dropPresent({ sql, tally }: Ground, key: string, present: Present, nowMillis: number): void {
  if (present.data !== null) sql.exec('delete from data where id = ?', present.data)
  if (present.extents) letGo(sql, blobsOf(present.extents), nowMillis)
  sql.exec('delete from objects where key = ?', key)
  tally.count({ objects: -1, bytes: -present.size })
}

function mayRemove(
  present: { etag: string; size: number; modified: number },
  { ifMatch, ifModifiedSeconds, ifSize }: RemoveEntry,
): boolean {
  if (ifMatch && judgeWrite(present, { ifMatch }) !== 'go') return false
  if (ifModifiedSeconds !== undefined && Math.floor(present.modified / 1000) !== ifModifiedSeconds) return false
  return ifSize === undefined || present.size === ifSize
}
