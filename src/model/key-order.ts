/** Above every key: a key has at most 1,024 bytes, and no code point is greater. */
const ABOVE_ALL = '\u{10FFFF}'.repeat(257)

/** The least text after `key`. Keys hold no NUL, so nothing lies between a key and the key with U+0001 behind it. */
export function nextAfter(key: string): string {
  return `${key}\u0001`
}

/** The least text after all that begin with `prefix`; above all keys for the empty prefix. */
export function pastPrefix(prefix: string): string {
  const points = Array.from(prefix)
  while (points.length > 0) {
    const last = points.pop() as string
    const next = incremented(last)
    if (next !== undefined) return points.join('') + next
  }
  return ABOVE_ALL
}

/** The next code point that UTF-8 can hold; undefined after the last one. */
function incremented(character: string): string | undefined {
  const point = character.codePointAt(0) as number
  if (point === 0x10ffff) return undefined
  return String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
}
