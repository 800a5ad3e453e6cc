import type { BucketCounters } from './bucket'

/** How much a bucket may hold; what is unsaid is unlimited. */
export interface Quota {
  maxObjects?: number
  maxBytes?: number
}

/**
 * The quota in JSON that is not to be trusted. Members of other names are refused: a limit with a slip in its name would
 * limit nothing.
 *
 * @returns undefined for anything that is no quota
 */
export function readQuota(value: unknown): Quota | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { maxObjects, maxBytes, ...others } = value as Record<string, unknown>
  if (Object.keys(others).length > 0 || !isLimit(maxObjects) || !isLimit(maxBytes)) return undefined
  return { maxObjects, maxBytes }
}

/**
 * Which limit a change would break. What makes a bucket no larger is always let through, also where it is over its quota.
 *
 * @param change  by how much the bucket would grow, or shrink
 */
export function limitBroken(
  { maxObjects, maxBytes }: Quota,
  present: BucketCounters,
  change: BucketCounters,
): keyof Quota | undefined {
  if (breaks(maxObjects, present.objects, change.objects)) return 'maxObjects'
  return breaks(maxBytes, present.bytes, change.bytes) ? 'maxBytes' : undefined
}

function breaks(limit: number | undefined, present: number, change: number): boolean {
  return limit !== undefined && change > 0 && present + change > limit
}

function isLimit(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
}
