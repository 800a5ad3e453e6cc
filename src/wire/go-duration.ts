const UNIT_NANOS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  // U+00B5, the micro sign, and U+03BC, the Greek letter
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const MAX_NANOS = 2n ** 63n - 1n
const PAIR = /(\d*)(?:\.(\d*))?([a-z\u00b5\u03bc]+)/y

/**
 * Reads a duration as Go writes them: `1h30m`, `1.5s`, `-5ms`, `0`.
 *
 * @returns nanoseconds; undefined where it is no duration, or does not fit into 64 bits
 * @see     Go, time.ParseDuration
 */
export function parseGoDuration(text: string): bigint | undefined {
  const isNegative = text.startsWith('-')
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text
  if (unsigned === '0') return 0n
  const nanos = sumOfPairs(unsigned)
  if (nanos === undefined || nanos > (isNegative ? MAX_NANOS + 1n : MAX_NANOS)) return undefined
  return isNegative ? -nanos : nanos
}

/**
 * Writes a duration as Go does: `0s`, `1.5ms`, `2m3.5s`.
 * @param nanos  a whole number, not negative
 */
export function formatGoDuration(nanos: number): string {
  if (nanos === 0) return '0s'
  if (nanos < 1_000) return `${nanos}ns`
  if (nanos < 1_000_000) return `${decimal(nanos, 3)}\u00b5s`
  if (nanos < 1_000_000_000) return `${decimal(nanos, 6)}ms`
  const minutes = Math.floor(nanos / 60_000_000_000)
  const hours = Math.floor(minutes / 60)
  const seconds = `${decimal(nanos - minutes * 60_000_000_000, 9)}s`
  if (minutes === 0) return seconds
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`
}

function sumOfPairs(text: string): bigint | undefined {
  if (text === '') return undefined
  let sum = 0n
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.length) {
    const [, whole = '', fraction = '', name = ''] = PAIR.exec(text) ?? []
    const unit = Object.hasOwn(UNIT_NANOS, name) ? UNIT_NANOS[name] : undefined
    if (unit === undefined || whole + fraction === '') return undefined
    sum += BigInt(whole || 0) * unit + (BigInt(fraction || 0) * unit) / 10n ** BigInt(fraction.length)
  }
  return sum
}

/** `value` divided by ten to the power of `places`, without zeros at the end. */
function decimal(value: number, places: number): string {
  const digits = String(value).padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`
}
