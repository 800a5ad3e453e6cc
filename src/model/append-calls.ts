import type { Checksum } from './checksum'
import type { WriteConditions } from './conditions'
import type { Draft, Fenced } from './index-calls'
import type { Tag } from './tags'
import type { Stamp } from './versions'

/** S3's bound: an object consists of at most so many parts and appended pieces. */
export const MAX_PIECES = 10_000

export interface AppendAsk extends Fenced {
  /** Where the new bytes are to begin, which must be where the object ends. */
  offset: number
  /** The new bytes as an object of their own; where there is none yet, that is what comes to be. */
  draft: Draft
  conditions?: WriteConditions
  maxObjectBytes: number
  /** Where the bytes lie now that rested in the index, and of which version they are. */
  moved?: { version: string; extents: string }
}

/**
 * How an append ended. Bytes of an object all rest in the index, or all in R2: where old and new ones do not lie alike
 * nothing was done, and the asker hears which of them must move to R2 first.
 */
export type Append =
  | { ended: 'appended'; object: AppendedObject }
  | { ended: 'old in index'; version: string; bytes: ArrayBuffer }
  | { ended: 'old in R2' }

/** An object as an append made it. */
export interface AppendedObject {
  size: number
  etag: string
  modifiedMillis: number
  stamp: Stamp
  checksum?: Checksum
  tags?: Tag[]
  /** As the object was told to be encrypted. */
  encryption?: string
}
