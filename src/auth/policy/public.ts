import type { Condition, Policy, Template } from '../../model/policy'
import { readAddressRange } from './address-range'
import { textOf } from './template'

/** Keys that hold a request to somebody in particular. */
const LIMITING_KEYS = new Set([
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:userid',
  'aws:principalorgid',
  'aws:principalarn',
  'aws:principalaccount',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
])

const LIMITING_OPERATORS = new Set(['StringEquals', 'StringEqualsIgnoreCase', 'StringLike', 'ArnEquals', 'ArnLike'])

/**
 * Whether a bucket policy counts as public: it allows everyone something, and no condition holds that to fixed values of who asks
 * or to a range of addresses. Ranges wider than /8 (IPv4) and /32 (IPv6) hold nobody off. What it denies makes no difference.
 *
 * @see S3 user guide, "Blocking public access", The meaning of "public"
 */
export function isPublicPolicy({ statements }: Policy): boolean {
  return statements.some(
    ({ effect, principals, conditions }) =>
      effect === 'Allow' && principals?.of.everyone === true && !conditions.some(isLimiting),
  )
}

function isLimiting({ operator, set, ifExists, key, values }: Condition): boolean {
  if (ifExists || set === 'all') return false
  if (key === 'aws:sourceip') return operator === 'IpAddress' && values.every(isNarrow)
  return LIMITING_KEYS.has(key) && LIMITING_OPERATORS.has(operator) && values.every(isFixed)
}

function isFixed(value: Template): boolean {
  return value.every(part => 'text' in part && !/[*?]/.test(part.text))
}

function isNarrow(value: Template): boolean {
  const range = readAddressRange(textOf(value, () => undefined) ?? '')
  return range !== undefined && range.bits >= (range.bytes.length === 4 ? 8 : 32)
}
