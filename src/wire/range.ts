import type { WantedRange } from '../model/range'

/**
 * One byte range of a Range header. What S3 ignores (several ranges, other units, spaces, a last byte before the first)
 * is undefined: then the whole object is meant.
 * @see RFC 9110, section 14.2
 */
export function parseRange(header: string | null): WantedRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : { suffix: Number(last) }
  if (last === '') return { first: Number(first) }
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) }
}
