import type { Checksum } from './checksum'

import type { VersionLock } from './object-lock'
import type { Tag } from './tags'
import type { Stamp } from './versions'

/** Headers that are stored with an object and given back as they came. */
export interface ObjectHeaders {
  contentType?: string
  cacheControl?: string
  contentDisposition?: string
  contentEncoding?: string
  contentLanguage?: string
  expires?: string
  websiteRedirect?: string
  storageClass?: string
  /** 'AES256' when the client asked for it; R2 encrypts everything at rest. */
  encryption?: string
}

/** A run of bytes inside one blob. */
export interface Extent {
  /** Name of the blob without its bucket's id: `{hour}/{random}`. */
  blob: string
  /** Where in the blob the run begins. */
  offset: number
  size: number
  /** Hex; of the whole blob, as R2 keeps it. Unknown for what was written before it was noted. */
  md5?: string
}

/** One part of a completed upload, as part-number reads and attribute listings need it. */
export interface PartSummary {
  number: number
  size: number
  /** Base64, of the object's checksum algorithm. */
  checksum?: string
}

/** What is stored of an object besides its bytes. */
export interface ObjectDescription {
  headers: ObjectHeaders
  /** User metadata; names in lower case. */
  metadata: Record<string, string>
  checksum?: Checksum
  parts?: PartSummary[]
  tags?: Tag[]
  /** What `packGrants` wrote; undefined is private. */
  acl?: string
  /** What keeps this version from being removed. */
  lock?: VersionLock
  /** Account that wrote it, where that is not the bucket's owner. */
  owner?: string
}

/** One version of an object, as its index keeps it. */
export interface ObjectRecord extends ObjectDescription {
  key: string
  /** Made before the bytes were sent; committing it twice does it once. */
  version: string
  /** What clients name this version by; null for the one written while no versions were kept. */
  stamp: Stamp
  size: number
  /** Hex without quotes. */
  etag: string
  modifiedMillis: number
  /** Empty when the bytes rest in the index or there are none. */
  extents: Extent[]
}

/** A record, and its bytes where they rest in the index. */
export interface FoundObject {
  record: ObjectRecord
  bytes?: Uint8Array
}
