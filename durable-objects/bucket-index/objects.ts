import { judgeRead, judgeWrite, type WriteConditions } from '../../src/model/conditions'
import { describeCopy } from '../../src/model/copy'
import {
  type CommitAsk,
  type CopiedObject,
  type CopyAsk,
  type Draft,
  type FindAsk,
  type FoundRow,
  listedMarks,
  readDescription,
  type StoredObject,
  writeDescription,
} from '../../src/model/index-calls'
import { done, type Outcome, type Refusal, refused } from '../../src/model/outcome'
import { type Stamp, versionIdOf } from '../../src/model/versions'
import { blobsOf, letGo, share } from './blob-references'
import type { Ground } from './ground'
import { takeFence } from './locks'
import { withDefaultLock } from './protection'
import { judgeQuota } from './quota'
import { insertObject, placeData, type RecordRow, readData, stampOf, storedObject } from './records'
import { dropOlderNull, findVersion, isKept, keepPresent, latestMarker } from './versions'

/** Where the bytes of the latest version lie, and what its replacement must be judged by. */
export interface Present extends Record<string, SqlStorageValue> {
  version: string
  seq: number
  stamped: number | null
  etag: string
  size: number
  modified: number
  data: number | null
  description: string | null
  extents: string | null
}

export function find(ground: Ground, ask: FindAsk): Outcome<FoundRow> {
  if (ask.stamp !== undefined) return findOlder(ground.sql, ask, ask.stamp)
  const { key, bytes } = ask
  // One statement, and columns by their place: this is the path of every read.
  const [row] = ground.sql.exec(bytes ? FIND_WITH_BYTES : FIND, key).raw<FoundRowColumns>()
  if (!row) return missing(ground, key)
  const [version, size, etag, modifiedMillis, description, extents, seq, stamped, data] = row
  const stamp = stamped === null ? null : seq
  const object: StoredObject = { key, version, stamp, size, etag, modifiedMillis, description, extents }
  return done(data === null ? { object } : { object, bytes: data })
}

const COLUMNS = 'version, size, etag, modified, description, extents, seq, stamped'
const FIND = `select ${COLUMNS}, null from objects where key = ?`
const FIND_WITH_BYTES = `
  select ${COLUMNS}, bytes from objects left join data on data.id = objects.data where key = ?`

type FoundRowColumns = [
  string,
  number,
  string,
  number,
  string | null,
  string | null,
  number,
  number | null,
  ArrayBuffer | null,
]

/** Makes the draft the latest version of its key, if the conditions hold. Doing it twice does it once. */
export function commit(ground: Ground, { draft, conditions, fence }: CommitAsk): Outcome<Stamp> {
  const present = findPresent(ground.sql, draft.key)
  if (present?.version === draft.version) return done(stampOf(present))
  if (fence !== undefined && !takeFence(ground.sql, fence, draft.modifiedMillis)) {
    return refused('Conflict', { key: draft.key })
  }
  const refusal = judge(ground, present, draft, conditions)
  return refusal ?? done(replace(ground, present, draft))
}

/** Why a write may not go on; to be asked before anything is changed. A delete marker is no object. */
export function judge(
  ground: Ground,
  present: Present | undefined,
  write: { key: string; size: number },
  conditions: WriteConditions | undefined,
): Refusal | undefined {
  return judgeConditions(present, write.key, conditions) ?? judgeQuota(ground, present, write)
}

/** As `judge`, for what makes the bucket no larger. */
export function judgeConditions(
  present: { etag: string } | undefined,
  key: string,
  conditions: WriteConditions | undefined,
): Refusal | undefined {
  const verdict = judgeWrite(present, conditions ?? {})
  if (verdict === 'missing') return refused('NoSuchObject', { key })
  return verdict === 'go' ? undefined : refused('PreconditionFailed', { condition: verdict })
}

/**
 * Makes the draft the latest version; conditions and quota were judged before. Where versions are kept the present one comes behind it,
 * else the draft takes its place, and the blobs that this frees are released.
 */
export function replace(ground: Ground, present: Present | undefined, given: Draft): Stamp {
  const { sql, tally } = ground
  const { versioning } = ground.settings()
  const draft = withDefaultLock(given, ground.settings())
  const stamped = versioning === 'Enabled'
  const keeps = present && isKept(present, versioning)
  if (keeps) keepPresent(sql, draft.key, draft.modifiedMillis)
  if (versioning === 'Suspended') dropOlderNull(ground, draft.key, draft.modifiedMillis)

  const gone = keeps ? undefined : present
  const data = placeData(sql, gone?.data ?? null, draft.bytes)
  if (gone?.extents) letGo(sql, blobsOf(gone.extents), draft.modifiedMillis)
  const seq = tally.countWrite({ objects: present ? 0 : 1, bytes: draft.size - (gone?.size ?? 0) })
  insertObject(sql, draft, { data, seq, stamped })
  return stamped ? seq : null
}

/** Copies inside the bucket. No bytes move: blobs are shared, bytes in the index are doubled. */
export function copy(ground: Ground, ask: CopyAsk): Outcome<CopiedObject> {
  const { sql } = ground
  const found = findSource(ground, ask)
  if (!found.ok) return found
  const source = found.value
  if (ask.unseen && isItsOwn(source)) return refused('CopySourceUnseen')
  if (ask.fromVersion !== undefined && source.version !== ask.fromVersion) return refused('Conflict', { key: ask.from })
  // A copy never answers "not modified": whatever does not hold is a failed precondition.
  const readable =
    judgeRead({ etag: source.etag, modifiedMillis: source.modified }, ask.sourceConditions ?? {}) === 'go'
  if (!readable) return refused('PreconditionFailed')
  if (source.size > ask.maxSourceBytes) return refused('CopyTooLarge', { size: source.size })
  const present = findPresent(sql, ask.to)
  const refusal = judge(ground, present, { key: ask.to, size: source.size }, ask.conditions)
  if (refusal) return refusal

  const description = describeCopy(readDescription(source.description), ask.describe)
  const draft: Draft = {
    ...storedObject(source),
    key: ask.to,
    version: ask.version,
    modifiedMillis: ask.nowMillis,
    description: writeDescription(description),
    listed: listedMarks(description),
    bytes: source.data === null ? undefined : new Uint8Array(readData(sql, source.data)),
  }
  // The new holder is counted before the old one lets go, so a copy onto itself never releases its own blobs.
  share(sql, blobsOf(source.extents))
  const stamp = replace(ground, present, draft)
  return done({
    key: draft.key,
    version: draft.version,
    stamp,
    size: draft.size,
    etag: draft.etag,
    modifiedMillis: draft.modifiedMillis,
    description: draft.description,
    sourceStamp: stampOf(source),
  })
}

export function findPresent(sql: SqlStorage, key: string): Present | undefined {
  return sql
    .exec<Present>(
      'select version, seq, stamped, etag, size, modified, data, description, extents from objects where key = ?',
      key,
    )
    .toArray()[0]
}

/** Whether the rights to a record are not just those to its bucket. */
function isItsOwn({ owner, description }: RecordRow): boolean {
  return owner !== null || readDescription(description).acl !== undefined
}

function findSource(ground: Ground, { from, fromStamp }: CopyAsk): Outcome<RecordRow> {
  if (fromStamp === undefined) {
    const [row] = ground.sql.exec<RecordRow>('select * from objects where key = ?', from).toArray()
    return row ? done(row) : missing(ground, from)
  }
  const row = findVersion(ground.sql, from, fromStamp)
  if (!row) return refused('NoSuchVersion', { key: from, version: versionIdOf(fromStamp) })
  return row.marker === 1 ? refused('IsDeleteMarker', { key: from, version: versionIdOf(fromStamp) }) : done(row)
}

function findOlder(sql: SqlStorage, { key, bytes }: FindAsk, stamp: Stamp): Outcome<FoundRow> {
  const row = findVersion(sql, key, stamp)
  const version = versionIdOf(stamp)
  if (!row) return refused('NoSuchVersion', { key, version })
  if (row.marker === 1) return refused('IsDeleteMarker', { key, version, modifiedMillis: row.modified })
  const object = storedObject(row)
  return done(row.data === null || !bytes ? { object } : { object, bytes: readData(sql, row.data) })
}

/** No such object; where a delete marker hides it, with that one's version. */
export function missing(ground: Ground, key: string): Refusal {
  const marker = ground.settings().versioning && latestMarker(ground.sql, key)
  return refused('NoSuchObject', marker ? { key, marker: versionIdOf(stampOf(marker)) } : { key })
}
