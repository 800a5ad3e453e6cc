import {
  type DescriptionChange,
  type RedescribeAsk,
  readDescription,
  writeDescription,
} from '../../src/model/index-calls'
import type { ObjectDescription } from '../../src/model/object'
import { type LockAsk, mayChangeRetention } from '../../src/model/object-lock'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { type Stamp, versionIdOf } from '../../src/model/versions'
import type { Ground } from './ground'
import { findPresent, missing } from './objects'
import { stampOf } from './records'
import { findVersion } from './versions'

/** Changes what is said of a version; its bytes, etag and time stay. @returns which version it was */
export function redescribe(ground: Ground, ask: RedescribeAsk): Outcome<Stamp> {
  const { sql } = ground
  const { key } = ask
  const present = findPresent(sql, key)
  if (ask.stamp === undefined && !present) return missing(ground, key)
  const stamp = ask.stamp ?? (present ? stampOf(present) : null)
  const row = findVersion(sql, key, stamp)
  if (!row) return refused('NoSuchVersion', { key, version: versionIdOf(stamp) })
  if (row.marker === 1) return refused('IsDeleteMarker', { key, version: versionIdOf(stamp) })
  const isOfLock = 'retention' in ask.change || 'legalHold' in ask.change
  if (isOfLock && !ground.settings().objectLock) return refused('ObjectLockMissing')

  const changed = changedDescription(readDescription(row.description), ask.change, {
    nowMillis: ask.nowMillis,
    bypassGovernance: ask.bypassGovernance === true,
  })
  if (!changed.ok) return changed
  const table = present && stampOf(present) === stamp ? 'objects' : 'versions'
  sql.exec(
    `update ${table} set description = ? where key = ? and seq = ?`,
    writeDescription(changed.value),
    key,
    row.seq,
  )
  return done(stamp)
}

/**
 * Changes the storage class of a version, which is only a label.
 * @returns whether it was changed: a description that cannot be read stays as it is
 */
export function relabel(
  sql: SqlStorage,
  { key, seq, isLatest }: { key: string; seq: number; isLatest: boolean },
  storageClass: string,
): boolean {
  const table = isLatest ? 'objects' : 'versions'
  const { description: text } = sql
    .exec<{ description: string | null }>(`select description from ${table} where key = ? and seq = ?`, key, seq)
    .one()
  let description: ObjectDescription
  try {
    description = readDescription(text)
  } catch {
    return false
  }
  sql.exec(
    `update ${table} set class = ?, description = ? where key = ? and seq = ?`,
    storageClass,
    writeDescription({ ...description, headers: { ...description.headers, storageClass } }),
    key,
    seq,
  )
  return true
}

function changedDescription(
  description: ObjectDescription,
  change: DescriptionChange,
  ask: LockAsk,
): Outcome<ObjectDescription> {
  if ('tags' in change) return done({ ...description, tags: change.tags })
  if ('acl' in change) return done({ ...description, acl: change.acl ?? undefined })
  const { lock } = description
  if ('legalHold' in change) return done({ ...description, lock: { ...lock, legalHold: change.legalHold } })
  if (!mayChangeRetention(lock?.retention, change.retention, ask)) return refused('ObjectLocked')
  return done({ ...description, lock: { ...lock, retention: change.retention } })
}
