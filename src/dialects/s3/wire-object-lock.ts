import {
  type DefaultRetention,
  LOCK_MODES,
  type ObjectLockConfiguration,
  type Retention,
  type VersionLock,
} from '../../model/object-lock'
import { isoDate, parseIsoDate } from '../../wire/iso-date'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import {
  type Content,
  malformed,
  readChild,
  readInteger,
  readOneOf,
  readRoot,
  readString,
  required,
} from './wire-members'

const MAX_DAYS = 36_500
const MAX_YEARS = 100

const MODE = 'x-amz-object-lock-mode'
const UNTIL = 'x-amz-object-lock-retain-until-date'
const HOLD = 'x-amz-object-lock-legal-hold'

/** @throws S3Error MalformedXML, MissingRequestBodyError, InvalidRetentionPeriod */
export function readObjectLock(text: string): ObjectLockConfiguration {
  const content = readRoot(text, 'ObjectLockConfiguration', ['ObjectLockEnabled', 'Rule'])
  required(readOneOf(content, 'ObjectLockEnabled', ['Enabled']), 'ObjectLockEnabled')
  const rule = readChild(content, 'Rule', ['DefaultRetention'])
  if (!rule) return {}
  const retention = required(readChild(rule, 'DefaultRetention', ['Mode', 'Days', 'Years']), 'DefaultRetention')
  return { defaultRetention: readDefault(retention) }
}

/** The content of an `ObjectLockConfiguration`. */
export function objectLockElements({ defaultRetention }: ObjectLockConfiguration): XmlElement {
  if (!defaultRetention) return { ObjectLockEnabled: 'Enabled' }
  const { mode, days, years } = defaultRetention
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: mode, Days: days, Years: years } } }
}

function readDefault(content: Content): DefaultRetention {
  const mode = required(readOneOf(content, 'Mode', LOCK_MODES), 'Mode')
  const days = readInteger(content, 'Days')
  const years = readInteger(content, 'Years')
  if ((days === undefined) === (years === undefined)) throw malformed('either Days or Years')
  if ((days ?? 1) < 1 || (years ?? 1) < 1) throw new S3Error('InvalidRetentionPeriod')
  if ((days ?? 1) > MAX_DAYS || (years ?? 1) > MAX_YEARS) {
    throw new S3Error('InvalidRetentionPeriod', `The default retention period is limited to ${MAX_YEARS} years.`)
  }
  return { mode, days, years }
}

/**
 * The `Retention` of one version; undefined where an empty one asks for it to be taken away.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidArgument
 */
export function readRetention(text: string, nowMillis: number): Retention | undefined {
  const content = readRoot(text, 'Retention', ['Mode', 'RetainUntilDate'])
  const mode = readOneOf(content, 'Mode', LOCK_MODES)
  const date = readString(content, 'RetainUntilDate')
  if (mode === undefined && date === undefined) return undefined
  const until = parseIsoDate(required(date, 'RetainUntilDate'))
  if (until === undefined) throw malformed('RetainUntilDate is not a date')
  return { mode: required(mode, 'Mode'), untilMillis: requireFuture('RetainUntilDate', until, nowMillis) }
}

/** The content of a `Retention`. */
export function retentionElements({ mode, untilMillis }: Retention): XmlElement {
  return { Mode: mode, RetainUntilDate: isoDate(untilMillis) }
}

/** @throws S3Error MalformedXML, MissingRequestBodyError */
export function readLegalHold(text: string): boolean {
  const content = readRoot(text, 'LegalHold', ['Status'])
  return required(readOneOf(content, 'Status', ['ON', 'OFF']), 'Status') === 'ON'
}

/** The content of a `LegalHold`. */
export function legalHoldElements(hold: boolean): XmlElement {
  return { Status: hold ? 'ON' : 'OFF' }
}

/**
 * The lock that a PUT, a copy or a new upload brings; undefined where it brings none.
 * @throws S3Error InvalidArgument
 */
export function readLockHeaders(headers: Headers, nowMillis: number): VersionLock | undefined {
  const retention = readRetentionHeaders(headers, nowMillis)
  const hold = headers.get(HOLD)
  if (hold !== null && hold !== 'ON' && hold !== 'OFF') {
    throw invalidArgument(HOLD, hold, "Legal Hold must be either of 'ON' or 'OFF'")
  }
  if (!retention && hold === null) return undefined
  return { retention, legalHold: hold === null ? undefined : hold === 'ON' }
}

function readRetentionHeaders(headers: Headers, nowMillis: number): Retention | undefined {
  const text = headers.get(MODE)
  const date = headers.get(UNTIL)
  if (text === null && date === null) return undefined
  if (text === null || date === null) {
    const missing = text === null ? MODE : UNTIL
    throw invalidArgument(missing, '', `${MODE} and ${UNTIL} must both be supplied`)
  }
  const mode = LOCK_MODES.find(one => one === text)
  if (!mode) throw invalidArgument(MODE, text, 'Unknown wormMode directive.')
  const until = parseIsoDate(date)
  if (until === undefined) {
    throw invalidArgument(UNTIL, date, 'The retain until date must be provided in ISO 8601 format')
  }
  return { mode, untilMillis: requireFuture(UNTIL, until, nowMillis) }
}

/** Puts the lock of a version onto the answer of a read. */
export function putLockHeaders(headers: Headers, { retention, legalHold }: VersionLock): void {
  if (retention) {
    headers.set(MODE, retention.mode)
    headers.set(UNTIL, isoDate(retention.untilMillis))
  }
  if (legalHold !== undefined) headers.set(HOLD, legalHold ? 'ON' : 'OFF')
}

/** Whether the caller asks to bypass governance; whether it may is another question. */
export function asksToBypass(headers: Headers): boolean {
  return headers.get('x-amz-bypass-governance-retention')?.trim().toLowerCase() === 'true'
}

function requireFuture(name: string, millis: number, nowMillis: number): number {
  if (millis <= nowMillis) {
    throw invalidArgument(name, isoDate(millis), 'The retain until date must be in the future!')
  }
  return millis
}
