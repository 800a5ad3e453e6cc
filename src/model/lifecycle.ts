import { type Filtered, looksInside, passes, type RuleFilter } from './rule-filter'

/** Storage classes in the order in which objects move through them, never back. */
export const TRANSITION_CLASSES = [
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const
export type TransitionClass = (typeof TRANSITION_CLASSES)[number]

/** Which objects are too small for a transition, unless the rule itself asks for sizes. */
export const TRANSITION_MINIMUMS = ['all_storage_classes_128K', 'varies_by_storage_class'] as const
export type TransitionMinimum = (typeof TRANSITION_MINIMUMS)[number]

export interface Lifecycle {
  rules: LifecycleRule[]
  transitionMinimum?: TransitionMinimum
}

export interface LifecycleRule {
  id: string
  enabled: boolean
  /** As older documents have it, in place of a filter. */
  prefix?: string
  filter?: RuleFilter
  /** One of the three. */
  expiration?: { days?: number; dateMillis?: number; expiredMarker?: boolean }
  noncurrentExpiration?: { days: number; newerVersions?: number }
  transitions?: Transition[]
  noncurrentTransitions?: NoncurrentTransition[]
  abortUploadDays?: number
}

/** After so many days, or on a date. */
export interface Transition {
  storageClass: TransitionClass
  days?: number
  dateMillis?: number
}

export interface NoncurrentTransition {
  storageClass: TransitionClass
  days: number
  newerVersions?: number
}

/** One version of an object as its rules see it; of a bucket without versions each object is its only one. */
export interface LifecycleVersion extends Filtered {
  modifiedMillis: number
  storageClass?: string
  isLatest: boolean
  isDeleteMarker: boolean
  isOnlyVersion: boolean
  /** When a newer version took its place; the latest has none. */
  noncurrentSinceMillis?: number
  /** How many versions that are not the latest either are newer than this one. */
  newerNoncurrent: number
}

/**
 * What is to be done, and by which rule. `expire` is an ordinary delete of the key, which leaves a marker where versions
 * are kept. `remove-version` and `remove-marker` are for good; a lock may still forbid the former.
 */
export type LifecycleAction =
  | { action: 'expire' | 'remove-version' | 'remove-marker'; rule: string }
  | { action: 'transition'; rule: string; storageClass: TransitionClass }

export interface LifecycleClock {
  nowMillis: number
  /** How long one day lasts: DAY_MILLIS, or less to try the rules out. */
  dayMillis: number
}

export const DAY_MILLIS = 86_400_000
const CLASS_ORDER: readonly string[] = TRANSITION_CLASSES
const SMALL_BYTES = 128 * 1024

/** What is to be done with a version now; nothing where this is undefined. To remove goes before to move. */
export function actionFor(
  { rules, transitionMinimum }: Lifecycle,
  version: LifecycleVersion,
  clock: LifecycleClock,
): LifecycleAction | undefined {
  const ours = rules.filter(rule => rule.enabled && isFor(rule, version))
  const removal = version.isLatest ? removalOfLatest(ours, version, clock) : removalOfOlder(ours, version, clock)
  if (removal || version.isDeleteMarker) return removal
  return furthest(dueTransitions(ours, version, clock), version, transitionMinimum)
}

/**
 * The prefixes under which the rules have anything to do, none of them inside another; to look elsewhere is for nothing.
 * In an order that stays the same, which is not that of listings.
 */
export function scopesOf({ rules }: Lifecycle): string[] {
  const scopes: string[] = []
  // All that begin with a prefix come right behind it.
  for (const prefix of rules
    .filter(rule => rule.enabled)
    .map(rule => filterOf(rule).prefix ?? '')
    .sort()) {
    const last = scopes.at(-1)
    if (last === undefined || !prefix.startsWith(last)) scopes.push(prefix)
  }
  return scopes
}

/** Whether a rule that is enabled asks for tags. */
export function looksAtTags({ rules }: Lifecycle): boolean {
  return rules.some(rule => rule.enabled && filterOf(rule).tags?.length)
}

/** What will happen, and by which rule. */
export interface Scheduled {
  atMillis: number
  rule: string
}

/**
 * When the latest version of an object will expire, in real days; undefined where no rule says so.
 * @see S3 API reference, GetObject, `x-amz-expiration`
 */
export function expirationOf(
  { rules }: Lifecycle,
  object: Filtered & { modifiedMillis: number },
): Scheduled | undefined {
  const scheduled = rules.map(rule => {
    if (!rule.enabled || !rule.expiration || !passes(filterOf(rule), object)) return undefined
    return scheduledAt(dueMillis(object.modifiedMillis, rule.expiration, DAY_MILLIS), rule)
  })
  return earliest(scheduled)
}

/** When an upload that nobody completes will be aborted. */
export function abortOf(
  { rules }: Lifecycle,
  upload: { key: string; initiatedMillis: number },
  dayMillis: number,
): Scheduled | undefined {
  const scheduled = rules.map(rule => {
    const days = rule.abortUploadDays
    if (!rule.enabled || days === undefined || !upload.key.startsWith(filterOf(rule).prefix ?? '')) return undefined
    return scheduledAt(afterDays(upload.initiatedMillis, days, dayMillis), rule)
  })
  return earliest(scheduled)
}

/** Whether an upload is to be aborted now. */
export function mustAbort(
  lifecycle: Lifecycle,
  upload: { key: string; initiatedMillis: number },
  { nowMillis, dayMillis }: LifecycleClock,
): boolean {
  const abort = abortOf(lifecycle, upload, dayMillis)
  return abort !== undefined && abort.atMillis <= nowMillis
}

function scheduledAt(atMillis: number | undefined, { id }: LifecycleRule): Scheduled | undefined {
  return atMillis === undefined ? undefined : { atMillis, rule: id }
}

/** The first of the earliest. */
function earliest(scheduled: (Scheduled | undefined)[]): Scheduled | undefined {
  let found: Scheduled | undefined
  for (const one of scheduled) if (one && (!found || one.atMillis < found.atMillis)) found = one
  return found
}

function removalOfLatest(
  rules: LifecycleRule[],
  version: LifecycleVersion,
  { nowMillis, dayMillis }: LifecycleClock,
): LifecycleAction | undefined {
  // A marker with versions beneath it hides them: to remove it would bring the newest back.
  if (version.isDeleteMarker && !version.isOnlyVersion) return undefined
  const due = rules.find(({ expiration }) => {
    if (!expiration) return false
    if (expiration.expiredMarker) return version.isDeleteMarker
    const atMillis = dueMillis(version.modifiedMillis, expiration, dayMillis)
    return atMillis !== undefined && atMillis <= nowMillis
  })
  return due && { action: version.isDeleteMarker ? 'remove-marker' : 'expire', rule: due.id }
}

function removalOfOlder(
  rules: LifecycleRule[],
  version: LifecycleVersion,
  clock: LifecycleClock,
): LifecycleAction | undefined {
  const due = rules.find(rule => rule.noncurrentExpiration && isDueOlder(version, rule.noncurrentExpiration, clock))
  return due && { action: 'remove-version', rule: due.id }
}

interface DueTransition {
  rule: LifecycleRule
  storageClass: TransitionClass
}

function dueTransitions(rules: LifecycleRule[], version: LifecycleVersion, clock: LifecycleClock): DueTransition[] {
  return rules.flatMap(rule => {
    const due = version.isLatest
      ? rule.transitions?.filter(transition => {
          const atMillis = dueMillis(version.modifiedMillis, transition, clock.dayMillis)
          return atMillis !== undefined && atMillis <= clock.nowMillis
        })
      : rule.noncurrentTransitions?.filter(transition => isDueOlder(version, transition, clock))
    return (due ?? []).map(({ storageClass }) => ({ rule, storageClass }))
  })
}

/** Of several transitions that are due, the one that leads the furthest. */
function furthest(
  due: DueTransition[],
  version: LifecycleVersion,
  minimum: TransitionMinimum | undefined,
): LifecycleAction | undefined {
  let found: DueTransition | undefined
  for (const one of due) {
    if (isTooSmall(version, one, minimum)) continue
    if (rank(one.storageClass) > rank(found?.storageClass ?? version.storageClass)) found = one
  }
  return found && { action: 'transition', rule: found.rule.id, storageClass: found.storageClass }
}

function isTooSmall(
  { size }: LifecycleVersion,
  { rule, storageClass }: DueTransition,
  minimum: TransitionMinimum = 'all_storage_classes_128K',
): boolean {
  const { sizeAbove, sizeBelow } = filterOf(rule)
  if (size >= SMALL_BYTES || sizeAbove !== undefined || sizeBelow !== undefined) return false
  return minimum === 'all_storage_classes_128K' || (storageClass !== 'GLACIER' && storageClass !== 'DEEP_ARCHIVE')
}

/** Classes that are none of a transition's come before them all. */
function rank(storageClass: string | undefined): number {
  return storageClass === undefined ? -1 : CLASS_ORDER.indexOf(storageClass)
}

/** A delete marker has neither tags nor a size: only a rule that looks at nothing but the key is for it. */
function isFor(rule: LifecycleRule, version: LifecycleVersion): boolean {
  const filter = filterOf(rule)
  return passes(filter, version) && !(version.isDeleteMarker && looksInside(filter))
}

function filterOf({ filter, prefix }: Pick<LifecycleRule, 'filter' | 'prefix'>): RuleFilter {
  return filter ?? { prefix }
}

function isDueOlder(
  { noncurrentSinceMillis, newerNoncurrent }: LifecycleVersion,
  { days, newerVersions = 0 }: { days: number; newerVersions?: number },
  { nowMillis, dayMillis }: LifecycleClock,
): boolean {
  if (noncurrentSinceMillis === undefined || newerNoncurrent < newerVersions) return false
  return afterDays(noncurrentSinceMillis, days, dayMillis) <= nowMillis
}

function dueMillis(
  sinceMillis: number,
  { days, dateMillis }: { days?: number; dateMillis?: number },
  dayMillis: number,
): number | undefined {
  return days === undefined ? dateMillis : afterDays(sinceMillis, days, dayMillis)
}

/** Days are counted from the very moment; the end of the count moves on to the next midnight UTC. */
function afterDays(sinceMillis: number, days: number, dayMillis: number): number {
  return Math.ceil((sinceMillis + days * dayMillis) / dayMillis) * dayMillis
}
