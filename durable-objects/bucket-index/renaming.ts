import { createHash } from 'node:crypto'
import { judgeRead } from '../../src/model/conditions'
import type { RenameAsk } from '../../src/model/index-calls'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { blobsOf, letGo } from './blob-references'
import { ANSWER_KEPT_MILLIS } from './completion'
import type { Ground } from './ground'
import { findPresent, judgeConditions } from './objects'

/**
 * Gives an object another key, in one transaction: nobody sees it under both, or under neither. No byte moves. Where a
 * token is given, the same rename is done once.
 */
export function rename(ground: Ground, ask: RenameAsk): Outcome<void> {
  const { sql, tally } = ground
  const earlier = ask.token === undefined ? undefined : earlierAnswer(sql, ask.token, ask)
  if (earlier) return earlier
  // Which of its versions would go along is nowhere said.
  if (ground.settings().versioning) return refused('RenameOfVersions')
  const source = findPresent(sql, ask.from)
  if (!source) return refused('NoSuchObject', { key: ask.from })
  if (source.version !== ask.fromVersion) return refused('Conflict', { key: ask.from })
  const condition = judgeRead({ etag: source.etag, modifiedMillis: source.modified }, ask.sourceConditions ?? {})
  if (condition !== 'go') return refused('PreconditionFailed', { condition })
  const present = findPresent(sql, ask.to)
  // Nothing grows, so no quota is asked.
  const refusal = judgeConditions(present, ask.to, ask.conditions)
  if (refusal) return refusal

  if (ask.from !== ask.to) {
    keepFound(sql, source.extents)
    if (present) {
      if (present.data !== null) sql.exec('delete from data where id = ?', present.data)
      if (present.extents) letGo(sql, blobsOf(present.extents), ask.nowMillis)
      sql.exec('delete from objects where key = ?', ask.to)
    }
    // A number of its own: it is a write of the new key.
    const seq = tally.countWrite(present ? { objects: -1, bytes: -present.size } : { objects: 0, bytes: 0 })
    sql.exec('update objects set key = ?, version = ?, seq = ? where key = ?', ask.to, ask.id, seq, ask.from)
  }
  if (ask.token !== undefined) remember(sql, ask.token, ask)
  return done(undefined)
}

/**
 * The blobs keep the origin that was written beside them, which names the old key: a row of their own tells the sweep that
 * they are held.
 */
function keepFound(sql: SqlStorage, extents: string | null): void {
  for (const blob of blobsOf(extents)) sql.exec('insert or ignore into shared_blobs values (?, 1)', blob)
}

function remember(sql: SqlStorage, token: string, ask: RenameAsk): void {
  sql.exec('delete from completed where at < ?', ask.nowMillis - ANSWER_KEPT_MILLIS)
  sql.exec(
    'insert or replace into completed values (?, ?, ?, ?, ?)',
    nameOf(token),
    ask.to,
    fingerprint(ask),
    'null',
    ask.nowMillis,
  )
}

function earlierAnswer(sql: SqlStorage, token: string, ask: RenameAsk): Outcome<void> | undefined {
  const [row] = sql.exec<{ parts: string }>('select parts from completed where upload = ?', nameOf(token)).toArray()
  if (!row) return undefined
  return row.parts === fingerprint(ask) ? done(undefined) : refused('TokenReused')
}

/** Beside the answers of uploads, whose ids look otherwise. */
function nameOf(token: string): string {
  return `rename/${token}`
}

function fingerprint({ from, to, conditions, sourceConditions }: RenameAsk): string {
  return createHash('sha256')
    .update(JSON.stringify([from, to, conditions, sourceConditions]))
    .digest('hex')
}
