import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/model/fault'
import { resolveRange, type WantedRange } from '../../src/model/range'
import { parseEtags } from '../../src/wire/etag'
import { httpDate, parseHttpDate } from '../../src/wire/http-date'
import { percentDecode, percentEncode, percentRecode } from '../../src/wire/percent'
import { parseRange } from '../../src/wire/range'
import { uriEncode } from '../auth/independent-signer'
import { mangled, nastyText } from './texts'

describe('percent coding', () => {
  test('gives every text back, and writes it as its definition says', () => {
    fc.assert(
      fc.property(nastyText({ maxLength: 30 }), text => {
        const encoded = percentEncode(text)
        expect(encoded).toBe(uriEncode(text))
        expect(percentDecode(encoded)).toBe(text)
        expect(percentDecode(encoded.toLowerCase())?.toLowerCase()).toBe(text.toLowerCase())
        const inPath = percentEncode(text, { keepSlash: true })
        expect(inPath).toBe(text.split('/').map(uriEncode).join('/'))
        expect(percentDecode(inPath)).toBe(text)
      }),
      { numRuns: 400 },
    )
  })

  test('brings all spellings of the same bytes to one, and refuses exactly the malformed', () => {
    const escapes = fc.oneof(
      fc.constantFrom('%', '%%', '%4', '%zz', '%2f', '%2F', '%41', '%e4', '%C3%BC', '%ff', '%00', '+', '/', 'ü', '😀'),
      nastyText({ maxLength: 3 }),
    )
    const text = fc.array(escapes, { maxLength: 8 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, fc.boolean(), fc.boolean(), (text, keepSlash, plusIsSpace) => {
        const recoded = percentRecode(text, { keepSlash, plusIsSpace })
        const bytes = decodedBytes(text, plusIsSpace)
        expect(recoded).toBe(bytes && encodedBytes(bytes, keepSlash))
        if (recoded !== undefined) expect(percentRecode(recoded, { keepSlash })).toBe(recoded)
      }),
      { numRuns: 600 },
    )
  })
})

/** The bytes that a text with escapes stands for; undefined where an escape is malformed. */
function decodedBytes(text: string, plusIsSpace: boolean): number[] | undefined {
  const sent = Array.from(new TextEncoder().encode(text))
  const bytes: number[] = []
  for (let i = 0; i < sent.length; i++) {
    const byte = sent[i] ?? 0
    if (byte === 0x25) {
      const hex = String.fromCharCode(sent[i + 1] ?? 0, sent[i + 2] ?? 0)
      if (!/^[0-9a-f]{2}$/i.test(hex)) return undefined
      bytes.push(Number.parseInt(hex, 16))
      i += 2
    } else bytes.push(byte === 0x2b && plusIsSpace ? 0x20 : byte)
  }
  return bytes
}

function encodedBytes(bytes: number[], keepSlash: boolean): string {
  return bytes
    .map(byte => {
      const character = String.fromCharCode(byte)
      if (/[\w.~-]/.test(character) || (keepSlash && character === '/')) return character
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

describe('a Range header', () => {
  const digits = fc.oneof(
    fc.nat(20).map(String),
    fc.constantFrom('', '00', '007', '-1', '1.5', '1e3', ' 1', '0x10', '٣', '9007199254740993', '9'.repeat(400)),
  )
  const header = fc.oneof(
    fc.tuple(digits, digits).map(([first, last]) => `bytes=${first}-${last}`),
    mangled(fc.constantFrom('bytes=0-9', 'bytes=-5', 'bytes=3-', 'bytes=0-1,3-4'), fc.constantFrom(' ', '-', '=', ',')),
  )

  test('means the bytes that its model picks one by one', () => {
    fc.assert(
      fc.property(header, fc.nat(30), (header, size) => {
        const wanted = parseRange(header)
        const picked = pick(header, size)
        expect(wanted === undefined ? 'all' : bytesOf(wanted, size)).toEqual(picked)
      }),
      { numRuns: 1000 },
    )
  })

  function bytesOf(wanted: WantedRange, size: number): number[] | 'none' {
    try {
      const { first, last } = resolveRange(wanted, size)
      expect([first >= 0, last < size]).toEqual([true, true])
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    } catch (error) {
      if (error instanceof Fault && error.code === 'RangeNotSatisfiable') return 'none'
      throw error
    }
  }

  /** Which bytes of so many a header picks, by looking at each. */
  function pick(header: string, size: number): number[] | 'none' | 'all' {
    if (!header.startsWith('bytes=')) return 'all'
    const [first = '', last = '', ...more] = header.slice('bytes='.length).split('-')
    const isNumber = (text: string): boolean => Array.from(text).every(digit => '0123456789'.includes(digit))
    if (more.length > 0 || !header.includes('-') || !isNumber(first) || !isNumber(last)) return 'all'
    if (first === '' && last === '') return 'all'
    if (first !== '' && last !== '' && BigInt(last) < BigInt(first)) return 'all'
    const picked = Array.from({ length: size }, (_, at) => at).filter(at => {
      if (first === '') return BigInt(size - at) <= BigInt(last)
      return BigInt(at) >= BigInt(first) && (last === '' || BigInt(at) <= BigInt(last))
    })
    return picked.length === 0 ? 'none' : picked
  }
})

describe('a date', () => {
  const seconds = fc.integer({ min: 0, max: 4_102_444_799 })
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const longDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

  test('is read in each form of HTTP, and as ISO', () => {
    fc.assert(
      fc.property(seconds, fc.nat(999), (seconds, millis) => {
        const date = new Date(seconds * 1000 + millis)
        const two = (value: number, pad = '0'): string => String(value).padStart(2, pad)
        const day = date.getUTCDate()
        const month = months[date.getUTCMonth()]
        const year = date.getUTCFullYear()
        const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(part => two(part)).join(':')
        const fixed = `${days[date.getUTCDay()]}, ${two(day)} ${month} ${year} ${time} GMT`
        expect(httpDate(date.getTime())).toBe(fixed)
        expect(parseHttpDate(fixed)).toBe(seconds)
        expect(parseHttpDate(`${days[date.getUTCDay()]} ${month} ${two(day, ' ')} ${time} ${year}`)).toBe(seconds)
        expect(parseHttpDate(date.toISOString())).toBe(seconds)
        // Two digits of a year mean one within 50 years.
        if (year < 1970 || year >= 2050) return
        const old = `${longDays[date.getUTCDay()]}, ${two(day)}-${month}-${two(year % 100)} ${time} GMT`
        expect(parseHttpDate(old)).toBe(seconds)
      }),
      { numRuns: 400 },
    )
  })

  test('that is none is nothing, whatever it is', () => {
    const valid = seconds.map(seconds => httpDate(seconds * 1000))
    const junk = fc.constantFrom('99', '-', ' ', '31 Feb', '24:00:00', ':60', 'GMT', '+0100', 'Z', '\u0660', '')
    fc.assert(
      fc.property(fc.oneof(mangled(valid, junk), fc.string({ unit: 'binary' })), text => {
        const parsed = parseHttpDate(text)
        expect(parsed === undefined || Number.isSafeInteger(parsed)).toBe(true)
        if (parsed !== undefined) expect(parsed).toBe(Math.floor(Date.parse(text) / 1000))
      }),
      { numRuns: 600 },
    )
  })
})

describe('a list of etags', () => {
  const etag = fc.string({ unit: fc.constantFrom(...'0123456789abcdef-'), minLength: 1, maxLength: 35 })
  const listed = fc.record({
    etag: fc.oneof(etag, fc.constant('*')),
    form: fc.constantFrom('quoted', 'weak', 'bare'),
    before: fc.constantFrom('', ' ', '\t', '  '),
    after: fc.constantFrom('', ' ', '\t'),
  })

  test('is read however it is spaced and quoted', () => {
    fc.assert(
      fc.property(fc.array(listed, { minLength: 1, maxLength: 6 }), list => {
        const header = list.map(({ etag, form, before, after }) => {
          const shown = { quoted: `"${etag}"`, weak: `W/"${etag}"`, bare: etag }[form]
          return before + shown + after
        })
        expect(parseEtags(header.join(','))).toEqual(list.map(({ etag }) => etag))
      }),
      { numRuns: 300 },
    )
  })

  test('may be any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), text => {
        expect(parseEtags(text)?.length).toBe(text.split(',').length)
      }),
    )
  })
})
