// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies write their variables like this
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInRange, readAddressRange } from '../../src/auth/policy/address-range'
import { hasDuplicateNames } from '../../src/auth/policy/duplicate-names'
import { fits, fitsArn, readTemplate, textOf } from '../../src/auth/policy/template'

const nothing = () => undefined

function like(pattern: string, text: string): boolean {
  return fits(readTemplate(pattern, { variables: false, wildcards: true }), text, nothing)
}

/** As plain as can be, and as slow. */
function naive([head, ...rest]: string[], text: string[]): boolean {
  if (head === undefined) return text.length === 0
  if (head === '*') return naive(rest, text) || (text.length > 0 && naive([head, ...rest], text.slice(1)))
  return text.length > 0 && (head === '?' || head === text[0]) && naive(rest, text.slice(1))
}

describe('wildcards', () => {
  test('mean what a naive matcher says, whatever pattern and text', () => {
    const letters = fc.constantFrom('a', 'b', '/', '😀')
    const signs = fc.oneof({ weight: 2, arbitrary: letters }, fc.constantFrom('*', '?'))
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 8 }), fc.array(letters, { maxLength: 12 }), (pattern, text) => {
        expect(like(pattern.join(''), text.join(''))).toBe(naive(pattern, text))
      }),
      { numRuns: 2000 },
    )
  })
  test('hold over patterns of many words of bits', () => {
    for (const length of [30, 31, 32, 33, 63, 64, 65, 200]) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 7))).join('')
      expect(like(text.replaceAll('c', '?'), text), String(length)).toBe(true)
      expect(like(`*${text.slice(3)}`, text), String(length)).toBe(true)
      expect(like(`${text.slice(0, -2)}*z`, text), String(length)).toBe(false)
      expect(like(`${text.slice(0, -2)}??`, text), String(length)).toBe(true)
      expect(like(`${text.slice(0, -2)}???`, text), String(length)).toBe(false)
    }
  })
  test('do not take longer and longer where nothing fits', () => {
    // A matcher that tries again would be at it for hours.
    expect(like(`${'a*'.repeat(1000)}b`, 'a'.repeat(16_000))).toBe(false)
    expect(like(`*${'?'.repeat(1000)}b`, 'a'.repeat(16_000))).toBe(false)
  })
  test('reach over slashes, and over nothing in texts that are meant as they are', () => {
    expect(like('arn:aws:s3:::b/*', 'arn:aws:s3:::b/a/b/c')).toBe(true)
    const plain = readTemplate('a*', { variables: true, wildcards: false })
    expect([fits(plain, 'a*', nothing), fits(plain, 'ab', nothing)]).toEqual([true, false])
  })
  test('of an ARN stay between its colons, except in its last section', () => {
    const arn = readTemplate('arn:aws:iam::*:user/*', { variables: true, wildcards: true })
    expect(fitsArn(arn, 'arn:aws:iam::1:user/a:b', nothing)).toBe(true)
    expect(fitsArn(arn, 'arn:aws:iam::1:2:user/a', nothing)).toBe(false)
    expect(fitsArn(arn, 'arn:aws:iam', nothing)).toBe(false)
  })
})

describe('variables', () => {
  const values: Record<string, string[]> = {
    'aws:username': ['a*'],
    's3:prefix': ['x', 'y'],
    'aws:principaltag/Team': ['t'],
  }
  const read = (text: string) => readTemplate(text, { variables: true, wildcards: true })
  const fill = (text: string) => textOf(read(text), key => values[key])

  test('are filled in, or fall back, or leave the text without a meaning', () => {
    expect(fill('home/${aws:UserName}/${AWS:PrincipalTag/Team}')).toBe('home/a*/t')
    expect(fill("${aws:PrincipalTag/team, 'none, or other'}")).toBe('none, or other')
    expect(fill('${aws:userid}')).toBeUndefined()
    expect(fill('${s3:prefix}')).toBeUndefined()
    expect(fill('${*}${?}${$}{x}$')).toBe('*?${x}$')
  })
  test('bring no wildcards along', () => {
    const pattern = read('home/${aws:username}/*')
    expect(fits(pattern, 'home/a*/x', key => values[key])).toBe(true)
    expect(fits(pattern, 'home/abc/x', key => values[key])).toBe(false)
    expect(fits(read('${*}'), 'anything', nothing)).toBe(false)
  })
  test('that nobody can read are refused', () => {
    for (const text of ['${aws:username', '${}', '${username}', '${aws:username, x}', "${aws:username, '}"]) {
      expect(() => read(text), text).toThrow('policy variable')
    }
    expect(readTemplate('${aws:username', { variables: false, wildcards: false })).toHaveLength(1)
  })
})

describe('address ranges', () => {
  const inRange = (range: string, address: string) => {
    const read = readAddressRange(range)
    return read !== undefined && isInRange(address, read)
  }
  const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))

  test('of IPv4 hold what begins with the same bits', () => {
    const value = ([a, b, c, d]: number[]) => (a ?? 0) * 2 ** 24 + (b ?? 0) * 2 ** 16 + (c ?? 0) * 2 ** 8 + (d ?? 0)
    fc.assert(
      fc.property(ipv4, ipv4, fc.nat(32), fc.boolean(), (base, other, bits, isNear) => {
        const address = isNear ? [...base.slice(0, 3), other[3]] : other
        const size = 2 ** (32 - bits)
        const isSame = Math.floor(value(base) / size) === Math.floor(value(address) / size)
        expect(inRange(`${base.join('.')}/${bits}`, address.join('.'))).toBe(isSame)
        expect(inRange(`${base.join('.')}/${bits}`, `::ffff:${address.join('.')}`)).toBe(isSame)
      }),
    )
  })
  test('of IPv6 hold what begins with the same bits, however it is written', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
    const value = (of: number[]) => of.reduce((sum, group) => sum * 65_536n + BigInt(group), 0n)
    const full = (of: number[]) => of.map(group => group.toString(16)).join(':')
    const short = (of: number[]) => new URL(`http://[${full(of)}]/`).hostname.slice(1, -1)
    fc.assert(
      fc.property(groups, groups, fc.nat(128), fc.boolean(), (base, other, bits, isNear) => {
        // Mapped IPv4 addresses are those of the test above.
        base[0] = 0x2001
        const address = isNear ? [...base.slice(0, 6), ...other.slice(6)] : other
        const size = 1n << BigInt(128 - bits)
        const isSame = value(base) / size === value(address) / size
        expect(inRange(`${short(base)}/${bits}`, full(address))).toBe(
          isSame && !full(address).startsWith('0:0:0:0:0:ffff:'),
        )
        expect(readAddressRange(short(address))).toEqual(readAddressRange(full(address).toUpperCase()))
      }),
    )
  })
  test('that are none are refused', () => {
    const wrong = [
      '',
      '1',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.4/33',
      '1.2.3.4/',
      '1.2.3.4/08',
      '1.2.3.4/-1',
    ]
    const wrong6 = [
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7::8',
      '12345::',
      '::1%eth0',
      '1.2.3.4::',
      '::/129',
      'g::',
    ]
    for (const text of [...wrong, ...wrong6, '1:'.repeat(10_000)]) expect(readAddressRange(text), text).toBeUndefined()
    expect(inRange('10.0.0.0/8', '10.0.0.0/8')).toBe(false)
    expect(inRange('0.0.0.0/0', '::1')).toBe(false)
    expect(inRange('::ffff:10.0.0.0/104', '10.9.9.9')).toBe(true)
  })
})

test('names that an object has twice are found, however they are written', () => {
  expect(hasDuplicateNames('{"a":{"b":1},"b":[{"a":"{\\"a\\":1,\\"a\\":2}"},{"a":"a"}]}')).toBe(false)
  expect(hasDuplicateNames('{"a":1,"b":{"c":2,"d":"x:","c":3}}')).toBe(true)
  expect(hasDuplicateNames('{"a":1,"\\u0061":2}')).toBe(true)
  expect(hasDuplicateNames('{"__proto__":1,"x":[{"__proto__":2}]}')).toBe(false)
  fc.assert(fc.property(fc.json(), text => !hasDuplicateNames(text)))
})
