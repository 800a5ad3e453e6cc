/**
 * - healthy   every byte is where the record says, as far as sizes and digests tell
 * - healable  something is wrong that a heal puts right: bytes that another holder has, waste that is to be released
 * - lost      bytes are gone or altered, and nobody has them any more
 */
export type HealthState = 'healthy' | 'healable' | 'lost'

/** What is wrong with one blob. */
export type BlobDamage = 'missing' | 'short' | 'altered'

export interface DamagedBlob {
  blob: string
  damage: BlobDamage
  /** Whether another holder of the same bytes was found. */
  healable: boolean
}

export interface ExaminedObject {
  key: string
  size: number
  etag: string
  modifiedMillis: number
  state: HealthState
  damaged: DamagedBlob[]
}

export interface ExaminedUpload {
  key: string
  id: string
  initiatedMillis: number
  state: HealthState
  /** So old that nobody will finish it; a heal releases it. */
  abandoned: boolean
  damaged: DamagedBlob[]
}

export interface ExaminedBucket {
  name: string
  owner: string
  createdMillis: number
  state: HealthState
}

/** One page of examined entries. The page's limit counts what was looked at, not what was found wrong. */
export interface ExaminedPage<T> {
  entries: T[]
  /** All common prefixes, healthy or not. */
  prefixes: string[]
  truncated: boolean
  /** The last key or prefix that was looked at. */
  last?: { key: string; isPrefix: boolean; upload?: string }
}

/** How a heal of one thing ended. */
export interface HealReport {
  /** Blobs, or uploads, that were put right. */
  healed: number
  /** Blobs that nobody has any more. */
  lost: number
}
