import type { ContextValues, Template } from '../../model/policy'
import { isInRange, readAddressRange } from './address-range'
import { fits, fitsArn, textOf } from './template'

/** How values of a request are compared with those of a policy. */
export interface Operator {
  /** Holds where the other form does not: `StringNotEquals`. */
  isNegated: boolean
  variables: boolean
  wildcards: boolean
  /** Whether a policy may hold this value. */
  accepts(value: string): boolean
  /** What AWS says where it may not. */
  complaint?: string
  compare(actual: string, wanted: Template, context: ContextValues): boolean
}

type Kind = Omit<Operator, 'isNegated' | 'compare'>

const TEXT: Kind = { variables: true, wildcards: false, accepts: () => true }
const PATTERN: Kind = { variables: true, wildcards: true, accepts: () => true }
const ARN: Kind = { variables: true, wildcards: true, accepts: isArnPattern }
const NUMBER: Kind = { variables: false, wildcards: false, accepts: text => readNumber(text) !== undefined }
const DATE: Kind = { variables: false, wildcards: false, accepts: text => readMoment(text) !== undefined }
const BOOLEAN: Kind = { variables: false, wildcards: false, accepts: text => /^(true|false)$/i.test(text) }
const BINARY: Kind = { variables: false, wildcards: false, accepts: text => readBase64(text) !== undefined }
const ADDRESS: Kind = {
  variables: false,
  wildcards: false,
  accepts: text => readAddressRange(text) !== undefined,
  complaint: 'Invalid IP address in Conditions',
}

/**
 * The operators of AWS by their exact names. `Null` stands beside them, since it asks only whether there are values.
 * @see IAM user guide, "IAM JSON policy elements: Condition operators"
 */
const OPERATORS = new Map<string, Operator>([
  ...both('StringEquals', 'StringNotEquals', TEXT, isSame),
  ...both('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', TEXT, isSameButForCase),
  ...both('StringLike', 'StringNotLike', PATTERN, (actual, wanted, context) => fits(wanted, actual, context)),
  ...both(
    'NumericEquals',
    'NumericNotEquals',
    NUMBER,
    order(readNumber, (a, b) => a === b),
  ),
  one('NumericLessThan', NUMBER, order(readNumber, isLess)),
  one('NumericLessThanEquals', NUMBER, order(readNumber, isNotMore)),
  one('NumericGreaterThan', NUMBER, order(readNumber, isMore)),
  one('NumericGreaterThanEquals', NUMBER, order(readNumber, isNotLess)),
  ...both(
    'DateEquals',
    'DateNotEquals',
    DATE,
    order(readMoment, (a, b) => a === b),
  ),
  one('DateLessThan', DATE, order(readMoment, isLess)),
  one('DateLessThanEquals', DATE, order(readMoment, isNotMore)),
  one('DateGreaterThan', DATE, order(readMoment, isMore)),
  one('DateGreaterThanEquals', DATE, order(readMoment, isNotLess)),
  one('Bool', BOOLEAN, isSameButForCase),
  one('BinaryEquals', BINARY, isSameBinary),
  ...both('IpAddress', 'NotIpAddress', ADDRESS, isAddressIn),
  ...both('ArnEquals', 'ArnNotEquals', ARN, (actual, wanted, context) => fitsArn(wanted, actual, context)),
  ...both('ArnLike', 'ArnNotLike', ARN, (actual, wanted, context) => fitsArn(wanted, actual, context)),
  one('Null', BOOLEAN, () => false),
])

/** @param name  exact, without prefix and suffix */
export function findOperator(name: string): Operator | undefined {
  return OPERATORS.get(name)
}

function one(name: string, kind: Kind, compare: Operator['compare']): [string, Operator] {
  return [name, { ...kind, compare, isNegated: false }]
}

function both(name: string, negation: string, kind: Kind, compare: Operator['compare']): [string, Operator][] {
  return [one(name, kind, compare), [negation, { ...kind, compare, isNegated: true }]]
}

function isSame(actual: string, wanted: Template, context: ContextValues): boolean {
  return textOf(wanted, context) === actual
}

function isSameButForCase(actual: string, wanted: Template, context: ContextValues): boolean {
  return textOf(wanted, context)?.toLowerCase() === actual.toLowerCase()
}

function isSameBinary(actual: string, wanted: Template, context: ContextValues): boolean {
  const bytes = readBase64(actual)
  return bytes !== undefined && readBase64(textOf(wanted, context) ?? '-') === bytes
}

function isAddressIn(actual: string, wanted: Template, context: ContextValues): boolean {
  const range = readAddressRange(textOf(wanted, context) ?? '')
  return range !== undefined && isInRange(actual, range)
}

/** What cannot be read as such is in no order with anything. */
function order(
  read: (text: string) => number | undefined,
  holds: (actual: number, wanted: number) => boolean,
): Operator['compare'] {
  return (actual, wanted, context) => {
    const left = read(actual)
    const right = read(textOf(wanted, context) ?? '')
    return left !== undefined && right !== undefined && holds(left, right)
  }
}

function isLess(actual: number, wanted: number): boolean {
  return actual < wanted
}

function isNotMore(actual: number, wanted: number): boolean {
  return actual <= wanted
}

function isMore(actual: number, wanted: number): boolean {
  return actual > wanted
}

function isNotLess(actual: number, wanted: number): boolean {
  return actual >= wanted
}

function readNumber(text: string): number | undefined {
  return /^[+-]?\d{1,40}(\.\d{1,40})?$/.test(text) ? Number(text) : undefined
}

const DAY_OR_MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** Milliseconds since 1970 of an ISO date, or of seconds since then. */
function readMoment(text: string): number | undefined {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000
  const millis = DAY_OR_MOMENT.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(millis) ? undefined : millis
}

/** The one way to write these bytes; undefined where the text is no base64. */
function readBase64(text: string): string | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? text.replace(/=+$/, '') : undefined
}

/** Six sections, as far as one can see before the variables are filled in. */
function isArnPattern(text: string): boolean {
  return text.includes('${') || (/^(arn|\*):/.test(text) && text.split(':').length >= 6)
}
