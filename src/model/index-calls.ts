import type { Checksum, ChecksumAlgorithm, ChecksumType } from './checksum'
import type { ReadConditions, WriteConditions } from './conditions'
import type { CopyDescription } from './copy'
import { readExtents, writeExtents } from './extents'
import type { Extent, ObjectDescription, ObjectRecord } from './object'
import type { Retention } from './object-lock'
import type { Tag } from './tags'
import type { Stamp } from './versions'

/** What every call to a bucket-index begins with: the version of the settings that the caller decided by. */
export interface Known {
  known: number
}

/** What every write begins with besides: the name of this one call, by which it is done once though it come twice. */
export interface Once extends Known {
  id: string
}

/** A write that stands under a lease: it is refused once that is gone, and ends it. */
export interface Fenced extends Once {
  fence?: number
}

/**
 * A record as it crosses the call and as it lies in its row. Description and extents travel as JSON text, so that the
 * index neither parses nor copies what it does not need.
 */
export interface StoredObject {
  key: string
  version: string
  /** Given by the index; a draft has none yet. */
  stamp: Stamp
  size: number
  etag: string
  modifiedMillis: number
  /** What `writeDescription` wrote; null for a plain object, of which there is nothing to say. */
  description: string | null
  /** What `writeExtents` wrote; null when the bytes rest in the index or there are none. */
  extents: string | null
}

export interface FindAsk extends Known {
  key: string
  /** Whether bytes that rest in the index shall come along. */
  bytes: boolean
  /** Which version; undefined for the latest. */
  stamp?: Stamp
}

export interface FoundRow {
  object: StoredObject
  bytes?: ArrayBuffer
}

/** An object to be committed. Times come from the Worker, version order from the index. */
export interface Draft extends Omit<StoredObject, 'stamp'> {
  listed: ListedMarks
  /** The bytes, when they shall rest in the index. */
  bytes?: Uint8Array
}

/** What a listing shows of a record besides the columns that all have; undefined stands for the common case. */
export interface ListedMarks {
  owner?: string
  storageClass?: string
  /** `algorithm/type`. */
  checksum?: string
}

export interface CommitAsk extends Fenced {
  draft: Draft
  conditions?: WriteConditions
}

export interface RemoveEntry {
  key: string
  /** Only this version, for good; undefined removes the key, of which a bucket that keeps versions keeps them all. */
  stamp?: Stamp
  ifMatch?: string[]
  ifModifiedSeconds?: number
  ifSize?: number
  /** The caller may remove what governance protects, and says so. */
  bypassGovernance?: boolean
}

export interface RemoveAsk extends Once {
  entries: RemoveEntry[]
  nowMillis: number
}

/**
 * How the removal of one key or version ended. Removing what is not there succeeds; the store says which it was.
 * `marked` put a delete marker over the key, whose stamp is told; `removed` took a version away, which may have been one.
 */
export type Removal =
  | { ended: 'missing' | 'refused' | 'protected' }
  | { ended: 'marked'; stamp: Stamp }
  | { ended: 'removed'; stamp: Stamp; wasMarker: boolean }

/** What of a version may be changed without making a new one. */
export type DescriptionChange =
  /** None takes them away. */
  | { tags: Tag[] }
  /** Undefined takes it away. */
  | { retention: Retention | undefined }
  | { legalHold: boolean }
  /** Null makes it private. */
  | { acl: string | null }

export interface RedescribeAsk extends Once {
  key: string
  /** Which version; undefined for the latest. */
  stamp?: Stamp
  change: DescriptionChange
  bypassGovernance?: boolean
  nowMillis: number
}

export interface CopyAsk extends Once {
  from: string
  /** Which version of the source; undefined for the latest. */
  fromStamp?: Stamp
  to: string
  version: string
  nowMillis: number
  /** The caller decided without having seen the source: one with an ACL or an owner of its own must be looked at first. */
  unseen: boolean
  /** The version of the source that the caller saw, where it decided anything by that. */
  fromVersion?: string
  sourceConditions?: ReadConditions
  maxSourceBytes: number
  describe: CopyDescription
  conditions?: WriteConditions
}

export interface RenameAsk extends Once {
  from: string
  to: string
  /** The version of it that the rights were judged by. */
  fromVersion: string | undefined
  /** By which the client names this rename, to be done once however often it is asked for. */
  token?: string
  conditions?: WriteConditions
  sourceConditions?: ReadConditions
  nowMillis: number
}

export interface ListAsk extends Known {
  prefix: string
  delimiter?: string
  /** Only keys after this one. */
  after?: string
  /** Only keys after all that begin with this: a common prefix that was listed already. */
  past?: string
  limit: number
}

/** [key, size, etag, modifiedMillis, owner, storage class, checksum mark], or [common prefix]. */
export type ListedRow = [string, number, string, number, string | null, string | null, string | null] | [string]

export interface ListVersionsAsk extends Known {
  prefix: string
  delimiter?: string
  /** Only keys after this one, or with `afterStamp`, older versions of this one too. */
  afterKey?: string
  afterStamp?: Stamp
  past?: string
  limit: number
}

export interface ListedVersion {
  key: string
  stamp: Stamp
  isMarker: boolean
  isLatest: boolean
  size: number
  etag: string
  modifiedMillis: number
  owner?: string
  storageClass?: string
  checksum?: string
}

export interface VersionListing {
  /** Versions and delete markers, by key and then the newest first. */
  versions: ListedVersion[]
  prefixes: string[]
  truncated: boolean
  /** Where the next page begins: behind this version, or behind this prefix where there is no stamp. */
  nextKey?: string
  nextStamp?: Stamp
}

export interface UploadDescription extends ObjectDescription {
  /** Which checksum the parts carry, where one was asked for. */
  checksumAlgorithm?: ChecksumAlgorithm
  checksumType?: ChecksumType
  /** Who began it. */
  initiator: string
}

export interface StoredUpload {
  key: string
  id: string
  initiatedMillis: number
  /** JSON of an UploadDescription. */
  description: string
}

export interface PartDraft {
  number: number
  size: number
  /** MD5 in hex. */
  etag: string
  modifiedMillis: number
  /** Base64, of the upload's algorithm. */
  checksum?: string
  extents: Extent[]
}

export interface PutPartAsk extends Fenced {
  key: string
  upload: string
  part: PartDraft
  /** Where the extents are another object's, shared: its key, and the version that was read. */
  sharedFrom?: { key: string; version: string }
}

export interface ListedPart {
  number: number
  size: number
  etag: string
  modifiedMillis: number
  checksum?: string
}

export interface CompleteAsk extends Once {
  key: string
  upload: string
  version: string
  nowMillis: number
  parts: { number: number; etag: string; checksum?: string }[]
  /** The least size of every part but the last; the dialect's rule. */
  minPartBytes: number
  maxObjectBytes: number
  /** The size that the client expects. */
  size?: number
  /** What the client expects the whole object's checksum to be (base64), and of which type. */
  checksum?: string
  checksumType?: ChecksumType
  conditions?: WriteConditions
}

export interface Completed {
  etag: string
  version: string
  stamp: Stamp
  size: number
  modifiedMillis: number
  checksum?: Checksum
  tags?: Tag[]
}

export interface ListUploadsAsk extends Known {
  prefix: string
  delimiter?: string
  afterKey?: string
  /** With `afterKey`: only uploads of that key after this one, and those of later keys. */
  afterUpload?: string
  past?: string
  limit: number
}

export interface UploadListing {
  uploads: StoredUpload[]
  prefixes: string[]
  truncated: boolean
  nextKey?: string
  nextUpload?: string
}

export interface PartListing {
  upload: StoredUpload
  parts: ListedPart[]
  truncated: boolean
}

/** What a copy is told of itself; where its bytes lie it need not know. */
export type CopiedObject = Omit<StoredObject, 'extents'> & {
  /** Which version of the source it was. */
  sourceStamp: Stamp
}

/** A blob that the sweep found in R2, with the origin that was written beside it. */
export interface BlobOrigin {
  blob: string
  /** Key of the object or upload it was written for. */
  key: string
  /** The upload, when it is a part's. */
  upload?: string
}

export interface ReleasedBlob {
  id: number
  blob: string
}

/** @returns the record that a row holds */
export function readStoredObject(stored: StoredObject): ObjectRecord {
  return { ...readCopiedObject(stored), extents: readExtents(stored.extents, stored.etag) }
}

export function readCopiedObject(stored: Omit<StoredObject, 'extents'>): Omit<ObjectRecord, 'extents'> {
  return {
    key: stored.key,
    version: stored.version,
    stamp: stored.stamp,
    size: stored.size,
    etag: stored.etag,
    modifiedMillis: stored.modifiedMillis,
    ...readDescription(stored.description),
  }
}

/** A description as it lies in a row: what there is nothing of is left out, and parts are as short as can be. */
interface StoredDescription extends Partial<Omit<ObjectDescription, 'parts'>> {
  parts?: [number: number, size: number, checksum?: string][]
}

export function readDescription(text: string | null): ObjectDescription {
  if (text === null) return { headers: {}, metadata: {} }
  // Written by `writeDescription` alone.
  const { headers = {}, metadata = {}, parts, ...rest } = JSON.parse(text) as StoredDescription
  const description: ObjectDescription = { headers, metadata, ...rest }
  if (parts) description.parts = parts.map(([number, size, checksum]) => ({ number, size, checksum }))
  return description
}

export function writeDescription({ headers, metadata, parts, ...rest }: ObjectDescription): string | null {
  const stored: StoredDescription = { ...rest }
  if (Object.values(headers).some(value => value !== undefined)) stored.headers = headers
  if (Object.keys(metadata).length > 0) stored.metadata = metadata
  if (rest.tags?.length === 0) delete stored.tags
  if (parts)
    stored.parts = parts.map(({ number, size, checksum }) => (checksum ? [number, size, checksum] : [number, size]))
  const text = JSON.stringify(stored)
  return text === '{}' ? null : text
}

/** The two columns of a record that are JSON text. */
export function storedTexts(
  description: ObjectDescription,
  extents: Extent[],
  etag: string,
): Pick<StoredObject, 'description' | 'extents'> {
  return {
    description: writeDescription(description),
    extents: writeExtents(extents, etag),
  }
}

/** What a listing shall show of an object with this description. */
export function listedMarks(description: ObjectDescription): ListedMarks {
  const { owner, checksum } = description
  return {
    owner,
    storageClass: description.headers.storageClass,
    checksum: checksum && `${checksum.algorithm}/${checksum.type}`,
  }
}
