import { type Append, type AppendAsk, type AppendedObject, MAX_PIECES } from '../../src/model/append-calls'
import { joinedChecksum } from '../../src/model/checksum'
import { MAX_EXTENTS_TEXT, readExtents, writeExtents } from '../../src/model/extents'
import { type Draft, listedMarks, readDescription, writeDescription } from '../../src/model/index-calls'
import type { ObjectDescription } from '../../src/model/object'
import { done, type Outcome, refused } from '../../src/model/outcome'
import type { Stamp } from '../../src/model/versions'
import { appendedEtag, pieceCount } from '../../src/streams/multipart-digests'
import { blobsOf, share } from './blob-references'
import type { Ground } from './ground'
import { takeFence } from './locks'
import { findPresent, judge, type Present, replace } from './objects'
import { readData, stampOf } from './records'
import { isKept } from './versions'

/**
 * Puts bytes behind those of the latest version; where there is none, the draft comes to be. What is there stays where it
 * lies: no byte is moved or read again. Where versions are kept a new one begins that shares the old one's blobs.
 * @see S3 API reference, PutObject with x-amz-write-offset-bytes
 */
export function append(ground: Ground, ask: AppendAsk): Outcome<Append> {
  const { draft, offset } = ask
  const present = findPresent(ground.sql, draft.key)
  if (present?.version === draft.version) return done(appended({ ...draft, ...present }, stampOf(present)))
  const size = offset + draft.size
  if (offset !== (present?.size ?? 0)) return refused('InvalidWriteOffset', { key: draft.key })
  if (size > ask.maxObjectBytes) return refused('BodyTooLarge', { maxBytes: ask.maxObjectBytes, size })
  if (present && pieceCount(present.etag) >= MAX_PIECES) return refused('TooManyPieces', { maxPieces: MAX_PIECES })
  const refusal = judge(ground, present, { key: draft.key, size }, ask.conditions)
  if (refusal) return refusal
  if (present && present.extents !== null && draft.bytes) return done({ ended: 'old in R2' })
  if (present && present.data !== null && draft.extents !== null && ask.moved?.version !== present.version) {
    return done({ ended: 'old in index', version: present.version, bytes: readData(ground.sql, present.data) })
  }
  if (ask.fence !== undefined && !takeFence(ground.sql, ask.fence, draft.modifiedMillis)) {
    return refused('Conflict', { key: draft.key })
  }
  if (!present) return done(appended(draft, replace(ground, present, draft)))
  const whole = lengthened(ground, present, ask)
  if (whole.extents !== null && whole.extents.length > MAX_EXTENTS_TEXT) return refused('TooManyExtents')
  return done(appended(whole, takeOver(ground, present, whole)))
}

/** The record of the present bytes and the new ones behind them. Of what it is described by only the checksum changes. */
function lengthened(ground: Ground, present: Present, { draft, moved }: AppendAsk): Draft {
  const etag = appendedEtag(present.etag, draft.etag)
  const { parts: _, lock, ...described } = readDescription(present.description)
  const description: ObjectDescription = {
    ...described,
    // A new version is kept as its bucket says; the old one stays as it is.
    lock: isKept(present, ground.settings().versioning) ? undefined : lock,
    checksum: joinedChecksum(
      { checksum: described.checksum, size: present.size },
      { checksum: readDescription(draft.description).checksum, size: draft.size },
    ),
  }
  const extents = [
    ...(moved ? readExtents(moved.extents) : readExtents(present.extents, present.etag)),
    ...readExtents(draft.extents, draft.etag),
  ]
  return {
    ...draft,
    size: present.size + draft.size,
    etag,
    description: writeDescription(description),
    extents: writeExtents(extents, etag),
    listed: listedMarks(description),
    bytes: extents.length > 0 ? undefined : joinedBytes(ground.sql, present, draft),
  }
}

/** The blobs of the present version are the new one's as well, or where that takes its place, the new one's instead. */
function takeOver(ground: Ground, present: Present, whole: Draft): Stamp {
  if (!isKept(present, ground.settings().versioning)) return replace(ground, { ...present, extents: null }, whole)
  share(ground.sql, blobsOf(present.extents))
  return replace(ground, present, whole)
}

function joinedBytes(sql: SqlStorage, { data }: Present, { bytes }: Draft): Uint8Array | undefined {
  if (data === null) return bytes
  return Buffer.concat([new Uint8Array(readData(sql, data)), bytes ?? new Uint8Array()])
}

function appended(object: Pick<Draft, 'size' | 'etag' | 'modifiedMillis' | 'description'>, stamp: Stamp): Append {
  const { headers, checksum, tags } = readDescription(object.description)
  const { size, etag, modifiedMillis } = object
  const told: AppendedObject = { size, etag, modifiedMillis, stamp, checksum, tags, encryption: headers.encryption }
  return { ended: 'appended', object: told }
}
