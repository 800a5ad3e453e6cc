import type { LifecycleClock } from './lifecycle'

/** How far a round has come in one bucket: prefix by prefix, and under each the versions first, then the uploads. */
export interface LifecyclePlace {
  prefix: string
  stage: 'versions' | 'uploads'
  /** The last key that was looked at, and of it the version's number or the upload's id. */
  key?: string
  seq?: number
  upload?: string
}

export interface LifecycleAsk extends LifecycleClock {
  /** Names the delete markers that this call makes. */
  id: string
  /** Undefined for the beginning. */
  from?: LifecyclePlace
  /** How many versions or uploads to look at. */
  limit: number
  /** Only count what would be done; locks are not looked at. */
  dryRun: boolean
}

/**
 * - expired       keys that were deleted; where versions are kept, a marker hides them
 * - removed       versions that were removed for good
 * - markers       delete markers that were removed
 * - transitioned  versions whose storage class was changed
 * - aborted       uploads that were ended
 * - protected     versions that were due, and are locked
 */
export type LifecycleCounter = 'expired' | 'removed' | 'markers' | 'transitioned' | 'aborted' | 'protected'

export interface LifecyclePage {
  counters: Partial<Record<LifecycleCounter, number>>
  /** Undefined when the bucket is done with, for this round. */
  next?: LifecyclePlace
}
