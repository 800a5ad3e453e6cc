import type { Bucket } from '../../model/bucket'
import {
  abortOf,
  DAY_MILLIS,
  expirationOf,
  type Lifecycle,
  type LifecycleRule,
  type NoncurrentTransition,
  TRANSITION_CLASSES,
  TRANSITION_MINIMUMS,
  type Transition,
} from '../../model/lifecycle'
import { type Filtered, looksInside } from '../../model/rule-filter'
import type { Tag } from '../../model/tags'
import { httpDate } from '../../wire/http-date'
import { isoDate, parseIsoDate } from '../../wire/iso-date'
import { percentEncode } from '../../wire/percent'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import {
  type Content,
  malformed,
  readChild,
  readChildren,
  readFlag,
  readInteger,
  readOneOf,
  readRoot,
  readString,
  required,
  requireLength,
} from './wire-members'
import { filterElements, MAX_RULES, readFilter, readPrefix, readRuleIds } from './wire-rule-filter'

const RULE = [
  'ID',
  'Status',
  'Filter',
  'Prefix',
  'Expiration',
  'NoncurrentVersionExpiration',
  'Transition',
  'NoncurrentVersionTransition',
  'AbortIncompleteMultipartUpload',
]
const MINIMUM = 'x-amz-transition-default-minimum-object-size'
const MAX_NEWER_VERSIONS = 100
/** The last whole day of which HTTP can write the date. */
const MAX_DATE_MILLIS = Date.UTC(9999, 11, 31)

/**
 * A `LifecycleConfiguration`, and what a header says of small objects.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidArgument, InvalidRequest, InvalidTag
 */
export function readLifecycle(text: string, headers: Headers): Lifecycle {
  const content = readRoot(text, 'LifecycleConfiguration', ['Rule'])
  const rules = requireLength(readChildren(content, 'Rule', RULE), 'Rule', MAX_RULES)
  const ids = readRuleIds(rules)
  return { rules: rules.map((rule, i) => readRule(rule, ids[i] ?? '')), transitionMinimum: readMinimum(headers) }
}

/** The content of a `LifecycleConfiguration`. */
export function lifecycleElements({ rules }: Lifecycle): XmlElement {
  return { Rule: rules.map(ruleElement) }
}

/** The headers of an answer that shows a lifecycle, or has stored one. */
export function lifecycleHeaders({ transitionMinimum = TRANSITION_MINIMUMS[0] }: Lifecycle): Record<string, string> {
  return { [MINIMUM]: transitionMinimum }
}

/** `x-amz-expiration` of an object's latest version; undefined where no rule lets it expire. */
export function expirationHeader(
  lifecycle: Lifecycle | undefined,
  object: Filtered & { modifiedMillis: number },
): string | undefined {
  const expiration = lifecycle && expirationOf(lifecycle, object)
  if (!expiration) return undefined
  return `expiry-date="${lastingDate(expiration.atMillis)}", rule-id="${percentEncode(expiration.rule)}"`
}

/** Tells when an object will expire, where a rule of its bucket says so. */
export function putExpiration(
  headers: Headers,
  { settings }: Bucket,
  { key, size, modifiedMillis, tags = [] }: { key: string; size: number; modifiedMillis: number; tags?: Tag[] },
): void {
  const expiration = expirationHeader(settings.lifecycle, { key, size, modifiedMillis, tags })
  if (expiration !== undefined) headers.set('x-amz-expiration', expiration)
}

/** When a new upload will be aborted, as its answer tells it; empty where no rule aborts it. */
export function abortHeaders(
  lifecycle: Lifecycle | undefined,
  upload: { key: string; initiatedMillis: number },
): Record<string, string> {
  const abort = lifecycle && abortOf(lifecycle, upload, DAY_MILLIS)
  if (!abort) return {}
  return { 'x-amz-abort-date': lastingDate(abort.atMillis), 'x-amz-abort-rule-id': percentEncode(abort.rule) }
}

function lastingDate(millis: number): string {
  return httpDate(Math.min(millis, MAX_DATE_MILLIS))
}

function readMinimum(headers: Headers): Lifecycle['transitionMinimum'] {
  const text = headers.get(MINIMUM)
  if (text === null) return undefined
  const minimum = TRANSITION_MINIMUMS.find(one => one === text)
  if (!minimum) throw invalidArgument(MINIMUM, text, `Invalid ${MINIMUM}.`)
  return minimum
}

function readRule(content: Content, id: string): LifecycleRule {
  const transitions = readChildren(content, 'Transition', ['Date', 'Days', 'StorageClass']).map(readTransition)
  const noncurrentTransitions = readChildren(content, 'NoncurrentVersionTransition', [
    'NoncurrentDays',
    'NewerNoncurrentVersions',
    'StorageClass',
  ]).map(readNoncurrentTransition)
  const rule: LifecycleRule = {
    id,
    enabled: required(readOneOf(content, 'Status', ['Enabled', 'Disabled']), 'Status') === 'Enabled',
    prefix: readPrefix(content),
    filter: readFilter(content, { sizes: true }),
    expiration: readExpiration(content),
    noncurrentExpiration: readNoncurrentExpiration(content),
    transitions: transitions.length > 0 ? transitions : undefined,
    noncurrentTransitions: noncurrentTransitions.length > 0 ? noncurrentTransitions : undefined,
    abortUploadDays: readAbort(content),
  }
  if ((rule.prefix === undefined) === (rule.filter === undefined)) throw malformed('either Filter or Prefix')
  requireActions(rule)
  requireOrder(rule)
  return rule
}

function readExpiration(rule: Content): LifecycleRule['expiration'] {
  const content = readChild(rule, 'Expiration', ['Date', 'Days', 'ExpiredObjectDeleteMarker'])
  if (!content) return undefined
  const days = readDays(content, 'Days', 1, 'Expiration')
  const dateMillis = readDate(content)
  const expiredMarker = readFlag(content, 'ExpiredObjectDeleteMarker')
  requireOne([days, dateMillis, expiredMarker], 'Date, Days, ExpiredObjectDeleteMarker')
  return { days, dateMillis, expiredMarker }
}

function readNoncurrentExpiration(rule: Content): LifecycleRule['noncurrentExpiration'] {
  const name = 'NoncurrentVersionExpiration'
  const content = readChild(rule, name, ['NoncurrentDays', 'NewerNoncurrentVersions'])
  if (!content) return undefined
  const days = required(readDays(content, 'NoncurrentDays', 1, name), 'NoncurrentDays')
  return { days, newerVersions: readNewerVersions(content) }
}

function readTransition(content: Content): Transition {
  const days = readDays(content, 'Days', 0, 'Transition')
  const dateMillis = readDate(content)
  requireOne([days, dateMillis], 'Date, Days')
  return { storageClass: readClass(content), days, dateMillis }
}

function readNoncurrentTransition(content: Content): NoncurrentTransition {
  const days = required(readDays(content, 'NoncurrentDays', 0, 'NoncurrentVersionTransition'), 'NoncurrentDays')
  return { storageClass: readClass(content), days, newerVersions: readNewerVersions(content) }
}

function readAbort(rule: Content): number | undefined {
  const name = 'AbortIncompleteMultipartUpload'
  const content = readChild(rule, name, ['DaysAfterInitiation'])
  return content && required(readDays(content, 'DaysAfterInitiation', 1, name), 'DaysAfterInitiation')
}

function readClass(content: Content): Transition['storageClass'] {
  return required(readOneOf(content, 'StorageClass', TRANSITION_CLASSES), 'StorageClass')
}

function readNewerVersions(content: Content): number | undefined {
  const name = 'NewerNoncurrentVersions'
  const versions = readInteger(content, name)
  if (versions !== undefined && (versions < 1 || versions > MAX_NEWER_VERSIONS)) {
    throw invalidArgument(name, String(versions), `'${name}' must be between 1 and ${MAX_NEWER_VERSIONS}`)
  }
  return versions
}

function readDays(content: Content, name: string, min: 0 | 1, action: string): number | undefined {
  const days = readInteger(content, name)
  if (days !== undefined && days < min) {
    const kind = min === 1 ? 'a positive' : 'a nonnegative'
    throw invalidArgument(name, String(days), `'${name}' for ${action} action must be ${kind} integer`)
  }
  return days
}

function readDate(content: Content): number | undefined {
  const text = readString(content, 'Date')
  if (text === undefined) return undefined
  const millis = parseIsoDate(text)
  if (millis === undefined) throw malformed('Date is not a date')
  if (millis % DAY_MILLIS !== 0) throw invalidArgument('Date', text, "'Date' must be at midnight GMT")
  return millis
}

function requireOne(members: unknown[], names: string): void {
  if (members.filter(one => one !== undefined).length !== 1) throw malformed(`one of ${names}`)
}

function requireActions({ filter = {}, ...rule }: LifecycleRule): void {
  const { expiration, noncurrentExpiration, transitions, noncurrentTransitions, abortUploadDays } = rule
  const actions = [expiration, noncurrentExpiration, transitions, noncurrentTransitions, abortUploadDays]
  if (actions.every(one => one === undefined)) {
    throw new S3Error('InvalidRequest', 'At least one action needs to be specified in a rule.')
  }
  const ofKeysOnly = abortUploadDays === undefined ? '' : 'AbortIncompleteMultipartUpload'
  const offending = expiration?.expiredMarker === undefined ? ofKeysOnly : 'ExpiredObjectDeleteMarker'
  if (offending !== '' && looksInside(filter)) {
    throw new S3Error('InvalidRequest', `${offending} cannot be specified with Tags or object sizes.`)
  }
}

/** Days and dates are not mixed in one rule, no class comes twice, and nothing expires before it has moved. */
function requireOrder({ expiration, transitions = [], noncurrentTransitions = [], ...rule }: LifecycleRule): void {
  for (const list of [transitions, noncurrentTransitions]) {
    if (new Set(list.map(one => one.storageClass)).size < list.length) {
      throw new S3Error('InvalidRequest', "'StorageClass' must be different for the actions in the same rule.")
    }
  }
  const timed = [...transitions, ...(expiration && !expiration.expiredMarker ? [expiration] : [])]
  if (timed.some(one => one.days !== undefined) && timed.some(one => one.dateMillis !== undefined)) {
    throw new S3Error('InvalidRequest', "Found mixed 'Date' and 'Days' based actions in one rule.")
  }
  const lastDays = Math.max(...transitions.map(one => one.days ?? -1))
  const lastDate = Math.max(...transitions.map(one => one.dateMillis ?? -1))
  const lastNoncurrent = Math.max(...noncurrentTransitions.map(one => one.days))
  requireLater('Days', expiration?.days, lastDays)
  requireLater('Date', expiration?.dateMillis, lastDate)
  requireLater('NoncurrentDays', rule.noncurrentExpiration?.days, lastNoncurrent)
}

function requireLater(name: string, expires: number | undefined, moves: number): void {
  if (expires !== undefined && expires <= moves) {
    const message = `'${name}' in the Expiration action must be greater than '${name}' in the Transition action`
    throw invalidArgument(name, name === 'Date' ? isoDate(expires) : String(expires), message)
  }
}

function ruleElement(rule: LifecycleRule): XmlElement {
  const { expiration, noncurrentExpiration: noncurrent } = rule
  return {
    ID: rule.id,
    Prefix: rule.prefix,
    Filter: rule.filter && filterElements(rule.filter),
    Status: rule.enabled ? 'Enabled' : 'Disabled',
    Transition: rule.transitions?.map(({ storageClass, ...when }) => ({
      ...timeElements(when),
      StorageClass: storageClass,
    })),
    Expiration: expiration && {
      ...timeElements(expiration),
      ExpiredObjectDeleteMarker: expiration.expiredMarker,
    },
    NoncurrentVersionTransition: rule.noncurrentTransitions?.map(({ storageClass, ...when }) => ({
      ...noncurrentElements(when),
      StorageClass: storageClass,
    })),
    NoncurrentVersionExpiration: noncurrent && noncurrentElements(noncurrent),
    AbortIncompleteMultipartUpload:
      rule.abortUploadDays === undefined ? undefined : { DaysAfterInitiation: rule.abortUploadDays },
  }
}

function timeElements({ days, dateMillis }: { days?: number; dateMillis?: number }): XmlElement {
  return { Date: dateMillis === undefined ? undefined : isoDate(dateMillis), Days: days }
}

function noncurrentElements({ days, newerVersions }: { days: number; newerVersions?: number }): XmlElement {
  return { NewerNoncurrentVersions: newerVersions, NoncurrentDays: days }
}
