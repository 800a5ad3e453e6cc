import { EVENT_NAMES, type EventName } from './event'

export type TargetKind = 'topic' | 'queue' | 'function'

/** Who is told of which events. */
export interface NotificationRule {
  id: string
  kind: TargetKind
  /** Its ARN. */
  target: string
  /** Names of events, or `s3:ObjectCreated:*` and its like. */
  events: string[]
  /** `prefix` or `suffix`, in the client's own spelling, and what the key has to have there. */
  filter?: [name: string, value: string][]
}

export interface Notifications {
  rules: NotificationRule[]
  /** Tells EventBridge of everything. */
  eventBridge?: boolean
}

/** All that may stand for events in a rule. */
export const EVENT_PATTERNS: ReadonlySet<string> = new Set(EVENT_NAMES.flatMap(name => [name, wildcardOf(name)]))

/** Whether the rule is for this event of this key. */
export function matches(rule: NotificationRule, event: EventName, key: string): boolean {
  return covers(rule, event) && key.startsWith(filterValue(rule, 'prefix')) && key.endsWith(filterValue(rule, 'suffix'))
}

/** Whether there may be an event that both rules are for: S3 wants to know whom to tell. */
export function overlap(one: NotificationRule, other: NotificationRule): boolean {
  if (!EVENT_NAMES.some(name => covers(one, name) && covers(other, name))) return false
  const [prefix, otherPrefix] = [filterValue(one, 'prefix'), filterValue(other, 'prefix')]
  const [suffix, otherSuffix] = [filterValue(one, 'suffix'), filterValue(other, 'suffix')]
  return (
    (prefix.startsWith(otherPrefix) || otherPrefix.startsWith(prefix)) &&
    (suffix.endsWith(otherSuffix) || otherSuffix.endsWith(suffix))
  )
}

function covers({ events }: NotificationRule, name: EventName): boolean {
  return events.includes(name) || events.includes(wildcardOf(name))
}

/** Names of two words have no wildcard but themselves. */
function wildcardOf(name: EventName): string {
  return name.replace(/^(s3:\w+):\w+$/, '$1:*')
}

function filterValue({ filter = [] }: NotificationRule, wanted: 'prefix' | 'suffix'): string {
  return filter.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
}
