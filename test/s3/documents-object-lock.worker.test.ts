import { describe, expect, test } from 'vitest'
import {
  asksToBypass,
  legalHoldElements,
  objectLockElements,
  putLockHeaders,
  readLegalHold,
  readLockHeaders,
  readObjectLock,
  readRetention,
  retentionElements,
} from '../../src/dialects/s3/wire-object-lock'
import {
  lockOf,
  mayChangeRetention,
  mayRemove,
  type Retention,
  retentionOf,
  type VersionLock,
} from '../../src/model/object-lock'
import { refusal, stored, written } from '../support/documents'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const DAY = 86_400_000

describe('the configuration of object lock', () => {
  const document = (inner: string) => `<ObjectLockConfiguration>${inner}</ObjectLockConfiguration>`
  const withRule = (inner: string) =>
    document(`<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>${inner}</DefaultRetention></Rule>`)

  test.each([
    document('<ObjectLockEnabled>Enabled</ObjectLockEnabled>'),
    withRule('<Mode>COMPLIANCE</Mode><Days>50</Days>'),
    withRule('<Mode>GOVERNANCE</Mode><Years>1</Years>'),
  ])('comes back as %s', text => {
    expect(written('ObjectLockConfiguration', objectLockElements(stored(readObjectLock(text))))).toBe(text)
  })

  test.each([
    [withRule('<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>'), '400 MalformedXML'],
    [withRule('<Mode>GOVERNANCE</Mode>'), '400 MalformedXML'],
    [withRule('<Days>1</Days>'), '400 MalformedXML'],
    [withRule('<Mode>governance</Mode><Days>1</Days>'), '400 MalformedXML'],
    [withRule('<Mode>GOVERNANCE</Mode><Days>1.5</Days>'), '400 MalformedXML'],
    [withRule('<Mode>GOVERNANCE</Mode><Days>0</Days>'), '400 InvalidRetentionPeriod'],
    [withRule('<Mode>GOVERNANCE</Mode><Years>-1</Years>'), '400 InvalidRetentionPeriod'],
    [withRule('<Mode>GOVERNANCE</Mode><Days>36501</Days>'), '400 InvalidRetentionPeriod'],
    [withRule('<Mode>GOVERNANCE</Mode><Years>101</Years>'), '400 InvalidRetentionPeriod'],
    [document('<ObjectLockEnabled>Disabled</ObjectLockEnabled>'), '400 MalformedXML'],
    [document('<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/>'), '400 MalformedXML'],
    [document(''), '400 MalformedXML'],
    ['', '400 MissingRequestBodyError'],
  ])('%s is refused: %s', (text, answer) => {
    expect(refusal(() => readObjectLock(text))).toBe(answer)
  })
})

describe('the lock of a version', () => {
  test('in documents comes back, to the millisecond', () => {
    const text =
      '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00.123Z</RetainUntilDate></Retention>'
    const retention = readRetention(text, NOW)
    expect(retention && written('Retention', retentionElements(stored(retention)))).toBe(text)
    expect(readRetention('<Retention/>', NOW)).toBeUndefined()
    for (const status of ['ON', 'OFF']) {
      const hold = `<LegalHold><Status>${status}</Status></LegalHold>`
      expect(written('LegalHold', legalHoldElements(readLegalHold(hold)))).toBe(hold)
    }
  })

  test.each([
    ['<Mode>GOVERNANCE</Mode>', '400 MalformedXML'],
    ['<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>', '400 MalformedXML'],
    ['<Mode>abc</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>', '400 MalformedXML'],
    ['<Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate>', '400 MalformedXML'],
    ['<Mode>GOVERNANCE</Mode><RetainUntilDate>2030-02-30T00:00:00Z</RetainUntilDate>', '400 MalformedXML'],
    ['<Mode>GOVERNANCE</Mode><RetainUntilDate>2026-03-01T12:00:00Z</RetainUntilDate>', '400 InvalidArgument'],
    ['<Mode>GOVERNANCE</Mode><RetainUntilDate>2026-03-01T14:00:01+02:00</RetainUntilDate>', 'accepted'],
  ])('as retention %s: %s', (inner, answer) => {
    expect(refusal(() => readRetention(`<Retention>${inner}</Retention>`, NOW))).toBe(answer)
  })

  test('as a hold is on or off', () => {
    expect(refusal(() => readLegalHold('<LegalHold><Status>abc</Status></LegalHold>'))).toBe('400 MalformedXML')
    expect(refusal(() => readLegalHold('<LegalHold/>'))).toBe('400 MalformedXML')
  })

  const headers = (mode?: string, until?: string, hold?: string) => {
    const all = new Headers()
    if (mode !== undefined) all.set('x-amz-object-lock-mode', mode)
    if (until !== undefined) all.set('x-amz-object-lock-retain-until-date', until)
    if (hold !== undefined) all.set('x-amz-object-lock-legal-hold', hold)
    return all
  }

  test('in headers comes back', () => {
    for (const sent of [
      headers(),
      headers(undefined, undefined, 'OFF'),
      headers('COMPLIANCE', '2030-01-01T00:00:00.000Z'),
      headers('GOVERNANCE', '2030-01-01T00:00:00.500Z', 'ON'),
    ]) {
      const answer = new Headers()
      const lock = readLockHeaders(sent, NOW)
      if (lock) putLockHeaders(answer, stored(lock))
      expect(Array.from(answer)).toEqual(Array.from(sent))
    }
  })

  test.each([
    [headers('GOVERNANCE'), '400 InvalidArgument'],
    [headers(undefined, '2030-01-01T00:00:00Z'), '400 InvalidArgument'],
    [headers('governance', '2030-01-01T00:00:00Z'), '400 InvalidArgument'],
    [headers('GOVERNANCE', 'Tue, 01 Jan 2030 00:00:00 GMT'), '400 InvalidArgument'],
    [headers('GOVERNANCE', '2020-01-01T00:00:00Z'), '400 InvalidArgument'],
    [headers(undefined, undefined, 'on'), '400 InvalidArgument'],
  ])('in headers is refused (%#)', (sent, answer) => {
    expect(refusal(() => readLockHeaders(sent, NOW))).toBe(answer)
  })

  test('is bypassed only by who says so', () => {
    const asks = (value: string) => asksToBypass(new Headers({ 'x-amz-bypass-governance-retention': value }))
    expect([asksToBypass(new Headers()), asks('true'), asks('TRUE'), asks('false'), asks('1')]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
  })
})

describe('a new version', () => {
  test('gets the default of its bucket, in days or calendar years', () => {
    expect(retentionOf({ mode: 'GOVERNANCE', days: 2 }, NOW)).toEqual({
      mode: 'GOVERNANCE',
      untilMillis: NOW + 2 * DAY,
    })
    const years = retentionOf({ mode: 'COMPLIANCE', years: 4 }, NOW)
    expect(years?.untilMillis).toBe(Date.parse('2030-03-01T12:00:00.000Z'))
    expect(retentionOf(undefined, NOW)).toBeUndefined()
  })

  test('keeps what it brings', () => {
    const own: Retention = { mode: 'COMPLIANCE', untilMillis: NOW + 1 }
    const config = { defaultRetention: { mode: 'GOVERNANCE' as const, days: 1 } }
    const byDefault = { mode: 'GOVERNANCE', untilMillis: NOW + DAY }
    expect(lockOf(config, { retention: own }, NOW)).toEqual({ retention: own })
    expect(lockOf(config, { legalHold: true }, NOW)).toEqual({ legalHold: true, retention: byDefault })
    expect(lockOf(config, undefined, NOW)).toEqual({ retention: byDefault })
    expect(lockOf({}, undefined, NOW)).toBeUndefined()
  })
})

describe('a version may be removed', () => {
  const governed: Retention = { mode: 'GOVERNANCE', untilMillis: NOW + 1 }
  const bound: Retention = { mode: 'COMPLIANCE', untilMillis: NOW + 1 }
  const over: Retention = { mode: 'COMPLIANCE', untilMillis: NOW }
  const damaged = (lock: unknown) => lock as VersionLock

  test.each<[string, VersionLock | undefined, boolean, boolean]>([
    ['without a lock', undefined, true, true],
    ['with an empty lock', {}, true, true],
    ['after its time', { retention: over }, true, true],
    ['under governance', { retention: governed }, false, true],
    ['under compliance', { retention: bound }, false, false],
    ['on hold', { legalHold: true }, false, false],
    ['on hold after its time', { retention: over, legalHold: true }, false, false],
    ['after its hold', { legalHold: false }, true, true],
    ['under governance after its hold', { retention: governed, legalHold: false }, false, true],
    ['with an unknown mode', damaged({ retention: { mode: 'FUTURE', untilMillis: 0 } }), false, false],
    ['without a time', damaged({ retention: { mode: 'GOVERNANCE' } }), false, false],
    ['with a time in words', damaged({ retention: { mode: 'GOVERNANCE', untilMillis: '0' } }), false, false],
    ['with an odd hold', damaged({ legalHold: 'OFF' }), false, false],
    ['with a hold of nothing', damaged({ legalHold: null }), false, false],
    ['with a retention of nothing', damaged({ retention: null }), false, false],
    ['with a lock of nothing', damaged(null), false, false],
    ['with a lock that is a text', damaged('locked'), false, false],
  ])('%s: %#', (_, lock, plainly, byBypass) => {
    expect(mayRemove(lock, { nowMillis: NOW, bypassGovernance: false })).toBe(plainly)
    expect(mayRemove(lock, { nowMillis: NOW, bypassGovernance: true })).toBe(byBypass)
  })
})

describe('a retention may be changed', () => {
  const later = (mode: Retention['mode'], days: number): Retention => ({ mode, untilMillis: NOW + days * DAY })
  const damaged = { mode: 'OTHER', untilMillis: 0 } as unknown as Retention

  test.each<[string, Retention | undefined, Retention | undefined, boolean, boolean]>([
    ['none -> any', undefined, later('COMPLIANCE', 1), true, true],
    ['over -> none', later('COMPLIANCE', 0), undefined, true, true],
    ['governance longer', later('GOVERNANCE', 1), later('GOVERNANCE', 2), true, true],
    ['governance the same', later('GOVERNANCE', 1), later('GOVERNANCE', 1), true, true],
    ['governance shorter', later('GOVERNANCE', 2), later('GOVERNANCE', 1), false, true],
    ['governance -> none', later('GOVERNANCE', 1), undefined, false, true],
    ['governance -> compliance', later('GOVERNANCE', 1), later('COMPLIANCE', 2), false, true],
    ['compliance longer', later('COMPLIANCE', 1), later('COMPLIANCE', 2), true, true],
    ['compliance shorter', later('COMPLIANCE', 2), later('COMPLIANCE', 1), false, false],
    ['compliance -> governance', later('COMPLIANCE', 1), later('GOVERNANCE', 2), false, false],
    ['compliance -> none', later('COMPLIANCE', 1), undefined, false, false],
    ['unreadable -> any', damaged, later('GOVERNANCE', 9), false, false],
    ['unreadable -> the same', damaged, damaged, false, false],
  ])('%s', (_, present, wanted, plainly, byBypass) => {
    expect(mayChangeRetention(present, wanted, { nowMillis: NOW, bypassGovernance: false })).toBe(plainly)
    expect(mayChangeRetention(present, wanted, { nowMillis: NOW, bypassGovernance: true })).toBe(byBypass)
  })
})
