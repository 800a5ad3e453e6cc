import { createHash } from 'node:crypto'
import type { Checksum } from '../../src/model/checksum'
import { MAX_EXTENTS_TEXT, readExtents, writeExtents } from '../../src/model/extents'
import {
  type CompleteAsk,
  type Completed,
  listedMarks,
  type UploadDescription,
  writeDescription,
} from '../../src/model/index-calls'
import type { ObjectDescription } from '../../src/model/object'
import { done, type Outcome, refused } from '../../src/model/outcome'
import { completedChecksum, completedEtag } from '../../src/streams/multipart-digests'
import { blobsOf, letGo } from './blob-references'
import type { Ground } from './ground'
import { findPresent, judge, replace } from './objects'
import { dropUpload, findUpload, type PartRow, partsOf } from './uploads'

/** How long a finished upload's answer is kept for clients that lost it. */
export const ANSWER_KEPT_MILLIS = 60 * 60 * 1000

/**
 * Turns the chosen parts into an object; no byte moves. A failed completion leaves the upload as it was. Completing twice
 * with the same list answers the same again for a while.
 * @see S3 API reference, CompleteMultipartUpload
 */
export function completeUpload(ground: Ground, ask: CompleteAsk): Outcome<Completed> {
  const { sql } = ground
  const upload = findUpload(sql, ask.key, ask.upload)
  if (!upload.ok) return earlierAnswer(sql, ask) ?? upload
  // The index wrote this text itself when the upload was created.
  const description = JSON.parse(upload.value.description) as UploadDescription

  const present = partsOf(sql, ask.upload)
  const picked = pickParts(present, ask, description)
  if (!picked.ok) return picked
  const parts = picked.value
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  if (ask.size !== undefined && ask.size !== size) return refused('SizeMismatch', { size })
  if (size > ask.maxObjectBytes) return refused('BodyTooLarge', { maxBytes: ask.maxObjectBytes, size })
  const checksum = assembleChecksum(parts, ask, description)
  if (!checksum.ok) return checksum
  const replaced = findPresent(sql, ask.key)
  const refusal = judge(ground, replaced, { key: ask.key, size }, ask.conditions)
  if (refusal) return refusal

  const object = describeObject(parts, description, checksum.value)
  const etag = completedEtag(parts.map(assembled))
  const extents = writeExtents(
    parts.flatMap(part => readExtents(part.extents)),
    etag,
  )
  if (extents !== null && extents.length > MAX_EXTENTS_TEXT) return refused('TooManyExtents')
  handOver(sql, present, parts, ask.nowMillis)
  const stamp = replace(ground, replaced, {
    key: ask.key,
    version: ask.version,
    size,
    etag,
    modifiedMillis: ask.nowMillis,
    description: writeDescription(object),
    extents,
    listed: listedMarks(object),
  })
  const { version, nowMillis: modifiedMillis } = ask
  const completed: Completed = {
    etag,
    version,
    stamp,
    size,
    modifiedMillis,
    checksum: checksum.value,
    tags: object.tags,
  }
  dropUpload(sql, ask.key, ask.upload)
  sql.exec('delete from parts where upload = ?', ask.upload)
  rememberAnswer(sql, ask, completed)
  return done(completed)
}

function pickParts(present: PartRow[], ask: CompleteAsk, { checksumAlgorithm, checksumType }: UploadDescription) {
  const byNumber = new Map(present.map(part => [part.number, part]))
  const picked: PartRow[] = []
  for (const [i, wanted] of ask.parts.entries()) {
    const part = byNumber.get(wanted.number)
    const known = part && part.etag === wanted.etag
    const checksumFits = wanted.checksum === undefined || !checksumAlgorithm || wanted.checksum === part?.checksum
    if (!known || !checksumFits) return refused('InvalidPart', { partNumber: wanted.number, etag: wanted.etag })
    if (checksumType === 'COMPOSITE' && wanted.checksum === undefined) {
      return refused('ChecksumMissing', { partNumber: wanted.number, algorithm: checksumAlgorithm ?? '' })
    }
    if (i < ask.parts.length - 1 && part.size < ask.minPartBytes) {
      return refused('PartTooSmall', {
        partNumber: part.number,
        etag: part.etag,
        size: part.size,
        minBytes: ask.minPartBytes,
      })
    }
    picked.push(part)
  }
  return done(picked)
}

function assembleChecksum(
  parts: PartRow[],
  ask: CompleteAsk,
  { checksumAlgorithm, checksumType }: UploadDescription,
): Outcome<Checksum | undefined> {
  if (!checksumAlgorithm || !checksumType) return done(undefined)
  if (ask.checksumType && ask.checksumType !== checksumType) {
    return refused('ChecksumAlgorithmMismatch', { expected: checksumType, given: ask.checksumType })
  }
  const checksum = completedChecksum(checksumAlgorithm, checksumType, parts.map(assembled))
  if (ask.checksum !== undefined && checksum && withoutCount(ask.checksum) !== withoutCount(checksum.value)) {
    return refused('DigestMismatch', { expected: ask.checksum, calculated: checksum.value })
  }
  return done(checksum)
}

/** Composite values end in `-N`; clients send them with and without. */
function withoutCount(value: string): string {
  return value.replace(/-\d+$/, '')
}

function describeObject(
  parts: PartRow[],
  { checksumAlgorithm, checksumType, initiator, ...description }: UploadDescription,
  checksum: Checksum | undefined,
): ObjectDescription {
  return {
    ...description,
    checksum,
    parts: parts.map(part => ({
      number: part.number,
      size: part.size,
      ...(checksum && part.checksum !== null ? { checksum: part.checksum } : {}),
    })),
  }
}

/** What parts held, the object holds once; parts that were left out let go. */
function handOver(sql: SqlStorage, present: PartRow[], picked: PartRow[], nowMillis: number): void {
  const chosen = new Set(picked)
  const held = new Set<string>()
  for (const part of present) {
    const blobs = blobsOf(part.extents)
    if (!chosen.has(part)) {
      letGo(sql, blobs, nowMillis)
      continue
    }
    for (const blob of blobs) {
      if (held.has(blob)) letGo(sql, [blob], nowMillis)
      held.add(blob)
    }
  }
}

function rememberAnswer(sql: SqlStorage, ask: CompleteAsk, completed: Completed): void {
  sql.exec('delete from completed where at < ?', ask.nowMillis - ANSWER_KEPT_MILLIS)
  sql.exec(
    'insert or replace into completed values (?, ?, ?, ?, ?)',
    ask.upload,
    ask.key,
    fingerprint(ask),
    JSON.stringify(completed),
    ask.nowMillis,
  )
}

function earlierAnswer(sql: SqlStorage, ask: CompleteAsk): Outcome<Completed> | undefined {
  const [row] = sql
    .exec<{ answer: string }>(
      'select answer from completed where upload = ? and key = ? and parts = ?',
      ask.upload,
      ask.key,
      fingerprint(ask),
    )
    .toArray()
  return row && done(JSON.parse(row.answer) as Completed)
}

/** What tells one list of parts from another. */
function fingerprint(ask: CompleteAsk): string {
  const list = ask.parts.map(part => [part.number, part.etag])
  return createHash('sha256').update(JSON.stringify(list)).digest('hex')
}

function assembled(part: PartRow) {
  return { size: part.size, etag: part.etag, checksum: part.checksum ?? undefined }
}
