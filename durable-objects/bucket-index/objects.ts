import { judgeRead, judgeWrite } from '../../src/model/conditions'
import { describeCopy } from '../../src/model/copy'
import {
  type CommitAsk,
  type CopiedObject,
  type CopyAsk,
  type Draft,
  type FindAsk,
  type FoundRow,
  listedMarks,
  type Removal,
  type RemoveAsk,
  type RemoveEntry,
  readDescription,
  type StoredObject,
  writeDescription,
} from '../../src/model/index-calls'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { blobsOf, letGo, share } from './blob-references'
import type { Ground } from './ground'
import { takeFence } from './locks'

interface ObjectRow extends Record<string, SqlStorageValue> {
  key: string
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
}

/** Where the bytes of a record lie, and what its replacement must be judged by. */
interface Present extends Record<string, SqlStorageValue> {
  version: string
  etag: string
  size: number
  modified: number
  data: number | null
  extents: string | null
}

export function find(sql: SqlStorage, { key, bytes }: FindAsk): Outcome<FoundRow> {
  // One statement, and columns by their place: this is the path of every read.
  const [row] = sql.exec(bytes ? FIND_WITH_BYTES : FIND, key).raw<FoundRowColumns>()
  if (!row) return refused('NoSuchObject', { key })
  const [version, size, etag, modifiedMillis, description, extents, data] = row
  const object: StoredObject = { key, version, size, etag, modifiedMillis, description, extents }
  return done(data === null ? { object } : { object, bytes: data })
}

const FIND = 'select version, size, etag, modified, description, extents, null from objects where key = ?'
const FIND_WITH_BYTES = `
  select version, size, etag, modified, description, extents, bytes
  from objects left join data on data.id = objects.data where key = ?`

type FoundRowColumns = [string, number, string, number, string | null, string | null, ArrayBuffer | null]

/** Makes the draft the present version of its key, if the conditions hold. Doing it twice does it once. */
export function commit(ground: Ground, { draft, conditions, fence }: CommitAsk): Outcome<void> {
  const present = findPresent(ground.sql, draft.key)
  if (present?.version === draft.version) return done(undefined)
  if (fence !== undefined && !takeFence(ground.sql, fence, draft.modifiedMillis)) {
    return refused('Conflict', { key: draft.key })
  }
  if (conditions) {
    const verdict = judgeWrite(present, conditions)
    if (verdict === 'missing') return refused('NoSuchObject', { key: draft.key })
    if (verdict !== 'go') return refused('PreconditionFailed', { condition: verdict })
  }
  replace(ground, present, draft)
  return done(undefined)
}

/** Puts the draft in the place of what is there, and releases the blobs that this frees. Conditions were judged before. */
export function replace({ sql, tally }: Ground, present: Present | undefined, draft: Draft): void {
  const data = placeData(sql, present?.data ?? null, draft.bytes)
  if (present?.extents) letGo(sql, blobsOf(present.extents), draft.modifiedMillis)
  const seq = tally.countWrite({ objects: present ? 0 : 1, bytes: draft.size - (present?.size ?? 0) })
  insertObject(sql, draft, { data, seq })
}

export function remove(ground: Ground, { entries, nowMillis }: RemoveAsk): Outcome<Removal[]> {
  return done(entries.map(entry => removeOne(ground, entry, nowMillis)))
}

/** Copies inside the bucket. No bytes move: blobs are shared, bytes in the index are doubled. */
export function copy(ground: Ground, ask: CopyAsk): Outcome<CopiedObject> {
  const { sql } = ground
  const [source] = sql.exec<ObjectRow>('select * from objects where key = ?', ask.from).toArray()
  if (!source) return refused('NoSuchObject', { key: ask.from })
  if (ask.fromVersion !== undefined && source.version !== ask.fromVersion) return refused('Conflict', { key: ask.from })
  // A copy never answers "not modified": whatever does not hold is a failed precondition.
  const readable =
    judgeRead({ etag: source.etag, modifiedMillis: source.modified }, ask.sourceConditions ?? {}) === 'go'
  if (!readable) return refused('PreconditionFailed')
  if (source.size > ask.maxSourceBytes) return refused('CopyTooLarge', { size: source.size })
  const present = findPresent(sql, ask.to)
  const verdict = judgeWrite(present, ask.conditions ?? {})
  if (verdict === 'missing') return refused('NoSuchObject', { key: ask.to })
  if (verdict !== 'go') return refused('PreconditionFailed', { condition: verdict })

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
  replace(ground, present, draft)
  return done({
    key: draft.key,
    version: draft.version,
    size: draft.size,
    etag: draft.etag,
    modifiedMillis: draft.modifiedMillis,
    description: draft.description,
  })
}

export function findPresent(sql: SqlStorage, key: string): Present | undefined {
  return sql
    .exec<Present>('select version, etag, size, modified, data, extents from objects where key = ?', key)
    .toArray()[0]
}

function removeOne({ sql, tally }: Ground, entry: RemoveEntry, nowMillis: number): Removal {
  const present = findPresent(sql, entry.key)
  if (!present) return 'missing'
  if (!mayRemove(present, entry)) return 'refused'
  if (present.data !== null) sql.exec('delete from data where id = ?', present.data)
  if (present.extents) letGo(sql, blobsOf(present.extents), nowMillis)
  sql.exec('delete from objects where key = ?', entry.key)
  tally.countRemoval(present.size)
  return 'removed'
}

function mayRemove(present: Present, { ifMatch, ifModifiedSeconds, ifSize }: RemoveEntry): boolean {
  if (ifMatch && judgeWrite(present, { ifMatch }) !== 'go') return false
  if (ifModifiedSeconds !== undefined && Math.floor(present.modified / 1000) !== ifModifiedSeconds) return false
  return ifSize === undefined || present.size === ifSize
}

function storedObject(row: ObjectRow): StoredObject {
  return {
    key: row.key,
    version: row.version,
    size: row.size,
    etag: row.etag,
    modifiedMillis: row.modified,
    description: row.description,
    extents: row.extents,
  }
}

function readData(sql: SqlStorage, id: number): ArrayBuffer {
  return sql.exec<{ bytes: ArrayBuffer }>('select bytes from data where id = ?', id).one().bytes
}

/** Keeps, replaces or removes the bytes of a record; returns their row. */
function placeData(sql: SqlStorage, present: number | null, bytes: Uint8Array | undefined): number | null {
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

function insertObject(sql: SqlStorage, draft: Draft, { data, seq }: { data: number | null; seq: number }): void {
  sql.exec(
    `insert or replace into objects
       (key, size, etag, modified, owner, class, checksum, version, seq, data, description, extents)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    draft.key,
    draft.size,
    draft.etag,
    draft.modifiedMillis,
    draft.listed.owner ?? null,
    draft.listed.storageClass ?? null,
    draft.listed.checksum ?? null,
    draft.version,
    seq,
    data,
    draft.description,
    draft.extents,
  )
}
