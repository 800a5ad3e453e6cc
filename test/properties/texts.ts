import fc from 'fast-check'

/** Characters at which encodings, orders and parsers break; every one may stand in a key. */
const NASTY = [
  ...'aAzZ09/-._~',
  ...' !"#$%&\'()*+,:;<=>?@[\\]^`{|}',
  '%2F',
  '%00',
  '//',
  '\u0001',
  '\t',
  '\n',
  '\r',
  '\u007f',
  'é',
  'e\u0301',
  'ü',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\ufeff',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{10000}',
  '😀',
  '\u{10ffff}',
]

/** Texts without U+0000 and lone surrogates: mostly of characters that make trouble, sometimes of any. */
export function nastyText({ minLength = 0, maxLength = 12 } = {}): fc.Arbitrary<string> {
  const pieces = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }) },
  )
  return fc
    .array(pieces, { minLength, maxLength })
    .map(parts => parts.join('').replaceAll('\0', '0').toWellFormed())
    .filter(text => text.length >= minLength)
}

/** What may stand in a header: printable ASCII, without spaces at the ends or two of them together. */
export function headerText(): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme-ascii', maxLength: 20 })
    .map(text => text.replace(/ {2,}/g, ' ').replaceAll(', ', ',').trim())
}

/** Spells a decoded text for the wire: what must be escaped is, what need not be sometimes is too, in either case of hex. */
export function spelled(text: string, bare: RegExp, choices: readonly number[]): string {
  let at = 0
  const choice = (): number => choices[at++ % choices.length] ?? 0
  return Array.from(text, character => {
    if (bare.test(character) && choice() % 4 !== 0) return character
    const upper = choice() % 2 === 0
    return Array.from(new TextEncoder().encode(character), byte => {
      const hex = byte.toString(16).padStart(2, '0')
      return `%${upper ? hex.toUpperCase() : hex}`
    }).join('')
  }).join('')
}

/** Anything that might upset a parser of the form that `valid` shows: a few pieces of it dropped, doubled, swapped or replaced. */
export function mangled(valid: fc.Arbitrary<string>, junk: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(12),
    how: fc.constantFrom('drop', 'double', 'replace', 'insert'),
    junk,
  })
  return fc.tuple(valid, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) => {
    let edited = text
    for (const { at, length, how, junk: other } of edits) {
      const from = Math.floor(at * edited.length)
      const piece = edited.slice(from, from + length)
      const put = { drop: '', double: piece + piece, replace: other, insert: other + piece }[how]
      edited = edited.slice(0, from) + put + edited.slice(from + length)
    }
    return edited
  })
}
