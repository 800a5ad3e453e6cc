/** GOVERNANCE yields to whoever may bypass it, COMPLIANCE to nobody. */
export type LockMode = 'GOVERNANCE' | 'COMPLIANCE'

export const LOCK_MODES: readonly LockMode[] = ['GOVERNANCE', 'COMPLIANCE']

/** Until when a version must be kept. */
export interface Retention {
  mode: LockMode
  untilMillis: number
}

/** What keeps one version from being removed. A hold that was taken away is known to have been there: it is false. */
export interface VersionLock {
  retention?: Retention
  legalHold?: boolean
}

/** The retention that new versions of a bucket get when they bring none: so many days, or years. */
export interface DefaultRetention {
  mode: LockMode
  days?: number
  years?: number
}

/** A bucket that has this keeps locks; without it there are none. */
export interface ObjectLockConfiguration {
  defaultRetention?: DefaultRetention
}

/** When something is asked for, and whether the caller may bypass governance and says so. */
export interface LockAsk {
  nowMillis: number
  bypassGovernance: boolean
}

const DAY_MILLIS = 86_400_000

/** The lock that a new version gets. A legal hold of its own does not keep the default retention away. */
export function lockOf(
  { defaultRetention }: ObjectLockConfiguration,
  given: VersionLock | undefined,
  nowMillis: number,
): VersionLock | undefined {
  const retention = given?.retention ?? retentionOf(defaultRetention, nowMillis)
  return retention ? { ...given, retention } : given
}

/** A year is one of the calendar. */
export function retentionOf(wanted: DefaultRetention | undefined, nowMillis: number): Retention | undefined {
  if (!wanted) return undefined
  const { mode, days, years = 0 } = wanted
  if (days !== undefined) return { mode, untilMillis: nowMillis + days * DAY_MILLIS }
  const until = new Date(nowMillis)
  until.setUTCFullYear(until.getUTCFullYear() + years)
  return { mode, untilMillis: until.getTime() }
}

/** Whether a version may be removed for good. A lock that cannot be read counts as one that holds for ever. */
export function mayRemove(lock: VersionLock | undefined, ask: LockAsk): boolean {
  if (lock === undefined) return true
  if (typeof lock !== 'object' || lock === null) return false
  if (lock.legalHold !== undefined && lock.legalHold !== false) return false
  if (lock.retention === undefined) return true
  return yields(lock.retention, ask)
}

/**
 * Whether the retention of a version may be replaced: made longer in the same mode always, anything else only where it
 * could be removed. So COMPLIANCE is never weakened, and GOVERNANCE becomes COMPLIANCE only by a bypass.
 *
 * @param wanted  undefined takes the retention away
 */
export function mayChangeRetention(
  present: Retention | undefined,
  wanted: Retention | undefined,
  ask: LockAsk,
): boolean {
  if (present === undefined || yields(present, ask)) return true
  return isReadable(present) && wanted?.mode === present.mode && wanted.untilMillis >= present.untilMillis
}

function yields(retention: Retention, { nowMillis, bypassGovernance }: LockAsk): boolean {
  if (!isReadable(retention)) return false
  return retention.untilMillis <= nowMillis || (retention.mode === 'GOVERNANCE' && bypassGovernance)
}

/** What was stored may be damaged, or of a later version of this code. */
function isReadable(retention: Retention): boolean {
  return retention !== null && LOCK_MODES.includes(retention.mode) && Number.isFinite(retention.untilMillis)
}
