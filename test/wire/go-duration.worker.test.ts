import { describe, expect, test } from 'vitest'
import { formatGoDuration, parseGoDuration } from '../../src/wire/go-duration'

describe('a duration of Go', () => {
  const good: [string, bigint][] = [
    ['0', 0n],
    ['+0', 0n],
    ['0s', 0n],
    ['-5s', -5_000_000_000n],
    ['+5s', 5_000_000_000n],
    ['1h30m', 5_400_000_000_000n],
    ['1h0m0s', 3_600_000_000_000n],
    ['1.5h', 5_400_000_000_000n],
    ['.5s', 500_000_000n],
    ['5.s', 5_000_000_000n],
    ['1m30s', 90_000_000_000n],
    ['3us', 3_000n],
    ['3\u00b5s', 3_000n],
    ['3\u03bcs', 3_000n],
    ['2ms1ns', 2_000_001n],
    ['0.0000000019s', 1n],
    ['9223372036854775807ns', 9_223_372_036_854_775_807n],
    ['-9223372036854775808ns', -9_223_372_036_854_775_808n],
  ]
  for (const [text, nanos] of good) {
    test(`"${text}" is ${nanos} ns`, () => {
      expect(parseGoDuration(text)).toBe(nanos)
    })
  }

  const bad = [
    '',
    '5',
    '1d',
    '.s',
    's',
    ' 5s',
    '5s ',
    '1h 5m',
    'inf',
    '9223372036854775808ns',
    '--5s',
    '-',
    '1e3s',
    '1,5s',
    '00',
  ]
  for (const text of bad) {
    test(`"${text}" is none`, () => {
      expect(parseGoDuration(text)).toBeUndefined()
    })
  }

  const written: [number, string][] = [
    [0, '0s'],
    [999, '999ns'],
    [1_100, '1.1\u00b5s'],
    [2_200_000, '2.2ms'],
    [12_345_678, '12.345678ms'],
    [3_300_000_000, '3.3s'],
    [60_000_000_000, '1m0s'],
    [305_001_000_000, '5m5.001s'],
    [18_000_000_000_000, '5h0m0s'],
  ]
  for (const [nanos, text] of written) {
    test(`${nanos} ns is written as ${text}`, () => {
      expect(formatGoDuration(nanos)).toBe(text)
    })
  }
})
