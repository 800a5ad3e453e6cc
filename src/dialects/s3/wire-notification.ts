import {
  EVENT_PATTERNS,
  type NotificationRule,
  type Notifications,
  overlap,
  type TargetKind,
} from '../../model/notification'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument } from './s3-error'
import {
  type Content,
  readChild,
  readChildren,
  readRoot,
  readString,
  readStrings,
  required,
  requireLength,
} from './wire-members'
import { readRuleIds } from './wire-rule-filter'

/** How each kind of target stands in the document: the element, and the one inside that names it. */
const KINDS: Record<TargetKind, { element: string; target: string }> = {
  topic: { element: 'TopicConfiguration', target: 'Topic' },
  queue: { element: 'QueueConfiguration', target: 'Queue' },
  function: { element: 'CloudFunctionConfiguration', target: 'CloudFunction' },
}
const KIND_NAMES: readonly TargetKind[] = ['topic', 'queue', 'function']

const MAX_RULES = 100
const MAX_FILTER_VALUE = 1024
const ARN = /^arn:[\w-]+:[\w-]+:[\w-]*:\w*:.+$/

/**
 * A `NotificationConfiguration`; an empty one takes all rules away. Whether the targets exist is another question.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidArgument
 */
export function readNotifications(text: string): Notifications {
  const elements = KIND_NAMES.map(kind => KINDS[kind].element)
  const content = readRoot(text, 'NotificationConfiguration', [...elements, 'EventBridgeConfiguration'])
  const found = KIND_NAMES.flatMap(kind => {
    const { element, target } = KINDS[kind]
    return readChildren(content, element, ['Id', 'Event', 'Filter', target]).map(rule => ({ kind, rule }))
  })
  if (found.length > MAX_RULES) requireLength(found, 'rules', MAX_RULES)
  const ids = readRuleIds(
    found.map(({ rule }) => rule),
    'Id',
  )
  const rules = found.map(({ kind, rule }, i) => readRule(rule, kind, ids[i] ?? ''))
  refuseOverlaps(rules)
  return { rules, eventBridge: readChild(content, 'EventBridgeConfiguration', []) ? true : undefined }
}

/** The content of a `NotificationConfiguration`; empty where nobody is told. */
export function notificationElements({ rules, eventBridge }: Notifications): XmlElement {
  const content: XmlElement = {}
  for (const kind of KIND_NAMES) {
    content[KINDS[kind].element] = rules.filter(rule => rule.kind === kind).map(ruleElement)
  }
  return { ...content, EventBridgeConfiguration: eventBridge ? {} : undefined }
}

function readRule(content: Content, kind: TargetKind, id: string): NotificationRule {
  const { target } = KINDS[kind]
  const arn = required(readString(content, target), target).trim()
  if (!ARN.test(arn)) throw invalidArgument(target, arn, 'The ARN is not well formed')
  const events = requireLength(readStrings(content, 'Event'), 'Event', EVENT_PATTERNS.size).map(name => name.trim())
  const unknown = events.find(name => !EVENT_PATTERNS.has(name))
  if (unknown !== undefined) {
    throw invalidArgument('Event', unknown, 'A specified event is not supported for notifications.')
  }
  return { id, kind, target: arn, events, filter: readKeyFilter(content) }
}

function readKeyFilter(rule: Content): NotificationRule['filter'] {
  const filter = readChild(rule, 'Filter', ['S3Key'])
  const key = filter && readChild(filter, 'S3Key', ['FilterRule'])
  if (!key) return undefined
  const pairs = readChildren(key, 'FilterRule', ['Name', 'Value']).map(readFilterRule)
  for (const name of ['prefix', 'suffix']) {
    if (pairs.filter(pair => pair[0].toLowerCase() === name).length > 1) {
      throw invalidArgument('FilterRule.Name', name, `Cannot specify more than one ${name} rule in a filter.`)
    }
  }
  return pairs
}

function readFilterRule(content: Content): [name: string, value: string] {
  const name = required(readString(content, 'Name'), 'Name').trim()
  if (!/^(prefix|suffix)$/i.test(name)) {
    throw invalidArgument('FilterRule.Name', name, 'filter rule name must be either prefix or suffix')
  }
  const value = required(readString(content, 'Value'), 'Value')
  if (value.length > MAX_FILTER_VALUE) {
    throw invalidArgument(
      'FilterRule.Value',
      '',
      `Size of filter rule value cannot exceed ${MAX_FILTER_VALUE} bytes in UTF-8`,
    )
  }
  return [name, value]
}

function refuseOverlaps(rules: NotificationRule[]): void {
  for (const [i, rule] of rules.entries()) {
    const other = rules.slice(i + 1).find(one => overlap(rule, one))
    if (!other) continue
    const message =
      'Configuration is ambiguously defined. ' +
      'Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.'
    throw invalidArgument('Id', other.id, message)
  }
}

function ruleElement({ id, kind, target, events, filter }: NotificationRule): XmlElement {
  return {
    Id: id,
    [KINDS[kind].target]: target,
    Event: events,
    Filter: filter && { S3Key: { FilterRule: filter.map(([Name, Value]) => ({ Name, Value })) } },
  }
}
