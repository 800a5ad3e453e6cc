/** Pieces at which encodings, parsers and comparisons break. */
const PIECES = [
  ...'aAzZ09/.-_~ !"#$%&\'()*+,:;<=>?@[\\]^`{|}\0\u0001\t\n\u007f\u0085é\ud7ff\ue000\ufeff\ufffd\uffff😀\u{10ffff}\u202e\u2028',
  ...'.. ../ // %2F %00 %2e%2e %zz %ff %C0%AF %E2%82 e\u0301 <a> </Key> &amp; &#0; ]]> <!-- {{a}} __proto__ null NaN x'.split(
    ' ',
  ),
  ...["' or 1=1 --", '"; drop', '\r\n', '\r\nx-smuggled: 1', '\r\n\r\nHTTP/1.1 200 OK\r\nx-smuggled: 1\r\n\r\n'],
]

const NUMBERS =
  '0 1 2 -1 -0 00 1000 1001 9999 10000 10001 65536 2147483647 2147483648 4294967296 9007199254740992 1e3 1e309 0x10 1.5 +1 1,2 ٣'
    .split(' ')
    .concat(['9223372036854775808', '99999999999999999999', ' 1', '1 ', ''])

const DATES = [
  ...[
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Tue, 31 Feb 2023 10:00:00 GMT',
    'now',
    '0',
    '-1',
  ],
  ...['Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', '2023-01-01T00:00:00Z', '20230101T000000Z'],
]

export function junkText(random, most = 4) {
  return Array.from({ length: random.between(1, most) }, () => random.pick(PIECES)).join('')
}

/** A value for whatever asks for one. */
export function junkValue(random) {
  return random.weighted([
    [6, () => random.pick(NUMBERS)],
    [6, () => junkText(random)],
    [2, () => random.pick(DATES)],
    [2, () => ''],
    [1, () => random.pick(['a', '/', '%', '😀', '../']).repeat(random.pick([2, 100, 1100, 6000]))],
    [1, () => random.bytes(random.between(1, 20)).toString('base64')],
    [1, () => random.bytes(random.between(1, 40)).toString('latin1')],
    [1, () => random.bytes(random.pick([16, 20, 32])).toString('hex')],
  ])()
}

/** What a header can hold: no line ends, no NUL; other control characters now and then. */
export function junkHeaderValue(random) {
  const value = junkValue(random).replace(/[\r\n\0]/g, '')
  return random.chance(0.8) ? value.replace(/[\x01-\x1f\x7f]/g, '') : value
}

export function junkNumber(random) {
  return random.pick(NUMBERS)
}

/** Texts or bytes with some of their pieces dropped, doubled, swapped, cut off or replaced. */
export function mangle(random, whole, piece, edits = 3) {
  let edited = whole
  for (let i = random.between(1, edits); i > 0; i--) {
    const at = random.below(edited.length + 1)
    const length = random.pick([0, 1, 1, 2, 5, 20, 100])
    const [before, middle, after] = [edited.slice(0, at), edited.slice(at, at + length), edited.slice(at + length)]
    const join = (...parts) => (typeof whole === 'string' ? parts.join('') : Buffer.concat(parts))
    const how = random.pick(['drop', 'double', 'replace', 'insert', 'cut', 'swap'])
    if (how === 'drop') edited = join(before, after)
    else if (how === 'double') edited = join(before, middle, middle, after)
    else if (how === 'replace') edited = join(before, piece(random), after)
    else if (how === 'insert') edited = join(before, piece(random), middle, after)
    else if (how === 'swap') edited = join(before, after, middle)
    else if (random.chance(0.2)) edited = before
  }
  return edited
}

/** Single bits turned over. */
export function flipBits(random, bytes, most = 4) {
  const flipped = Buffer.from(bytes)
  for (let i = random.between(1, most); i > 0 && flipped.length > 0; i--) {
    const at = random.below(flipped.length)
    flipped[at] ^= 1 << random.below(8)
  }
  return flipped
}
