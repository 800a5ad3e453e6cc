import type { CorsRule } from './cors'
import type { BucketEncryption } from './encryption'
import type { Ownership, PublicAccessBlock } from './grants'
import type { Lifecycle } from './lifecycle'
import type { ObjectLockConfiguration } from './object-lock'
import type { Quota } from './quota'
import type { Tag } from './tags'
import type { Acceleration, Payer } from './transfer'
import type { VersioningState } from './versions'
import type { Website } from './website'

/** What may be set on a bucket. Changes in the same order as the objects that it governs. */
export interface BucketSettings {
  /** Set by the dialect that made the bucket, where its naming rules are wider than S3's. */
  dialect?: string
  versioning?: VersioningState
  /** Only where versions are kept, and never taken away again. */
  objectLock?: ObjectLockConfiguration
  tags?: Tag[]
  /** JSON text as it was put. */
  policy?: string
  /** What `packGrants` wrote; undefined is private. */
  acl?: string
  lifecycle?: Lifecycle
  cors?: CorsRule[]
  website?: Website
  encryption?: BucketEncryption
  publicAccessBlock?: PublicAccessBlock
  ownership?: Ownership
  payer?: Payer
  acceleration?: Acceleration
  quota?: Quota
}

/** One bucket as its index knows it, and as a Worker caches it. */
export interface Bucket {
  /** Names its index and begins the names of its blobs; never used again, also when the name is. */
  id: string
  name: string
  /** Id of the account that owns it. */
  owner: string
  region: string
  createdMillis: number
  settings: BucketSettings
  /** Grows with each change of the settings; a Worker sends the one that it decided by. */
  settingsVersion: number
  /** Which index holds which keys: in order, each from its key (inclusive) up to the next one's. */
  ranges: KeyRange[]
}

export interface KeyRange {
  /** First key of the range; '' for the first range. */
  from: string
  /** Name of the bucket-index Durable Object. */
  index: string
}

/** The row of a bucket in the namespace. */
export interface BucketEntry {
  id: string
  name: string
  owner: string
  region: string
  createdMillis: number
}

export interface BucketCounters {
  objects: number
  bytes: number
}

export interface BucketListing {
  buckets: BucketEntry[]
  truncated: boolean
}
