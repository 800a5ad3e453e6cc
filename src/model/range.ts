import { Fault } from './fault'

/** First and last byte, both inclusive. */
export interface ByteRange {
  first: number
  last: number
}

/** What a client asks for: from a byte on, up to a byte, or so many from the end. */
export type WantedRange = { first: number; last?: number } | { suffix: number }

/**
 * Which bytes of an object of this size are meant.
 * @throws Fault RangeNotSatisfiable
 * @see RFC 9110, section 14.1.2
 */
export function resolveRange(wanted: WantedRange, size: number): ByteRange {
  const first = 'suffix' in wanted ? Math.max(0, size - wanted.suffix) : wanted.first
  const last = 'suffix' in wanted || wanted.last === undefined ? size - 1 : Math.min(wanted.last, size - 1)
  if (first >= size || last < first) throw new Fault('RangeNotSatisfiable', { size, range: written(wanted) })
  return { first, last }
}

function written(wanted: WantedRange): string {
  return 'suffix' in wanted ? `bytes=-${wanted.suffix}` : `bytes=${wanted.first}-${wanted.last ?? ''}`
}
