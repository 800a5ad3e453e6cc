import type { DamagedBlob } from './health'
import type { ListAsk, StoredUpload, UploadListing } from './index-calls'
import type { Stamp } from './versions'

/** Which keys to look at, in the order of listings; no settings decide this. */
export interface ExamineObjectsAsk extends Omit<ListAsk, 'known'> {
  /** With `after`: also older versions of that key than this one. */
  afterStamp?: Stamp
}

/** What the index itself tells of a record and where its bytes lie. */
export interface PlacedObject {
  key: string
  version: string
  stamp: Stamp
  size: number
  etag: string
  modifiedMillis: number
  extents: string | null
  /** How many bytes rest in the index; null where the record names none there, -1 where they are missing. */
  heldBytes: number | null
}

export interface PlacedObjects {
  objects: PlacedObject[]
  prefixes: string[]
  truncated: boolean
  last?: { key: string; isPrefix: boolean; stamp?: Stamp }
}

export interface PlacedPart {
  number: number
  size: number
  modifiedMillis: number
  extents: string | null
}

export interface PlacedUpload {
  upload: StoredUpload
  parts: PlacedPart[]
}

export interface PlacedUploads extends Omit<UploadListing, 'uploads'> {
  uploads: PlacedUpload[]
}

/** A blob that was seen to be damaged, and one of the keys that need it. */
export interface NotedDamage extends DamagedBlob {
  key: string
}

/** How the index's own tables fit together. */
export interface SelfAudit {
  /** A sentence for each thing that does not fit. */
  breaches: string[]
  objects: number
  bytes: number
}
