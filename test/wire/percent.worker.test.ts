import { describe, expect, test } from 'vitest'
import { percentDecode, percentEncode, percentRecode } from '../../src/wire/percent'

const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte)

function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

function isUnreserved(byte: number): boolean {
  return /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
}

describe('encoding', () => {
  test('leaves nothing bare but the unreserved characters', () => {
    for (const byte of ALL_BYTES.slice(0, 128)) {
      const character = String.fromCharCode(byte)
      expect(percentEncode(character)).toBe(isUnreserved(byte) ? character : escaped(byte))
    }
  })
  test('is that of UTF-8', () => {
    expect(percentEncode('ü/😀')).toBe('%C3%BC%2F%F0%9F%98%80')
  })
  test('can keep slashes, and then still escapes a percent sign', () => {
    expect(percentEncode('/a b/%2F/', { keepSlash: true })).toBe('/a%20b/%252F/')
  })
  test('makes a lone surrogate U+FFFD instead of throwing', () => {
    expect(percentEncode('a\ud800b')).toBe('a%EF%BF%BDb')
  })
})

describe('decoding', () => {
  test('takes back what encoding did', () => {
    const text = 'a b+c/ü😀%41\u0000\n'
    expect(percentDecode(percentEncode(text))).toBe(text)
    expect(percentDecode(percentEncode(text, { keepSlash: true }))).toBe(text)
  })
  test('happens once', () => {
    expect(percentDecode('%2541')).toBe('%41')
  })
  test('takes a plus for a space only where it is told so', () => {
    expect(percentDecode('a+b%2B')).toBe('a+b+')
    expect(percentDecode('a+b%2B', { plusIsSpace: true })).toBe('a b+')
  })
  test.each(['%', '%4', '%zz', '%ff', '%c3', '%c0%80', '%ed%a0%80', '%f5%80%80%80'])('refuses %s', text => {
    expect(percentDecode(text)).toBeUndefined()
  })
})

describe('recoding', () => {
  test('gives every byte its one spelling', () => {
    for (const byte of ALL_BYTES) {
      const expected = isUnreserved(byte) ? String.fromCharCode(byte) : escaped(byte)
      expect(percentRecode(escaped(byte))).toBe(expected)
      expect(percentRecode(escaped(byte).toLowerCase())).toBe(expected)
    }
  })
  test('does the same to bare characters', () => {
    expect(percentRecode("!'()*$&+,;=@:ü😀")).toBe('%21%27%28%29%2A%24%26%2B%2C%3B%3D%40%3A%C3%BC%F0%9F%98%80')
  })
  test('keeps bytes that are not UTF-8', () => {
    expect(percentRecode('a%ff%fe%80')).toBe('a%FF%FE%80')
  })
  test('makes an escaped slash bare where slashes are kept', () => {
    expect(percentRecode('/a%2fb/', { keepSlash: true })).toBe('/a/b/')
    expect(percentRecode('/a%2fb/')).toBe('%2Fa%2Fb%2F')
  })
  test('keeps an escaped plus apart from a bare one that is a space', () => {
    expect(percentRecode('a+b%2B%20', { plusIsSpace: true })).toBe('a%20b%2B%20')
  })
  test.each(['%', 'a%', '%4', '%4g', '%%41', '%zz'])('refuses %s', text => {
    expect(percentRecode(text)).toBeUndefined()
  })
})
