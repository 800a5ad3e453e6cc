import type { BucketSettings } from '../../src/model/bucket'
import { type Draft, readDescription, writeDescription } from '../../src/model/index-calls'
import { type LockAsk, lockOf, mayRemove, type VersionLock } from '../../src/model/object-lock'

/** Whether a version must stay. A description that cannot be read may hold a lock, and counts as one. */
export function isProtected(description: string | null, ask: LockAsk): boolean {
  if (description === null) return false
  let lock: VersionLock | undefined
  try {
    lock = readDescription(description).lock
  } catch {
    return true
  }
  return !mayRemove(lock, ask)
}

/** The draft with the retention that its bucket gives to what brings none. */
export function withDefaultLock(draft: Draft, { objectLock }: BucketSettings): Draft {
  if (!objectLock?.defaultRetention) return draft
  const description = readDescription(draft.description)
  const lock = lockOf(objectLock, description.lock, draft.modifiedMillis)
  return { ...draft, description: writeDescription({ ...description, lock }) }
}
