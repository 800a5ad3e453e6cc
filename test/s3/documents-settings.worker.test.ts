import { describe, expect, test } from 'vitest'
import {
  accelerationElements,
  readAcceleration,
  readRequestPayment,
  requestPaymentElements,
} from '../../src/dialects/s3/wire-transfer'
import { limitBroken, type Quota, readQuota } from '../../src/model/quota'
import { refusal, written } from '../support/documents'

describe('requester pays, and acceleration', () => {
  test.each(['BucketOwner', 'Requester'])('is paid by %s', payer => {
    const text = `<RequestPaymentConfiguration><Payer>${payer}</Payer></RequestPaymentConfiguration>`
    expect(written('RequestPaymentConfiguration', requestPaymentElements(readRequestPayment(text)))).toBe(text)
  })

  test.each(['Enabled', 'Suspended'])('is %s', status => {
    const text = `<AccelerateConfiguration><Status>${status}</Status></AccelerateConfiguration>`
    expect(written('AccelerateConfiguration', accelerationElements(readAcceleration(text)))).toBe(text)
  })

  test('is the owner and nothing where it was never set', () => {
    expect(requestPaymentElements()).toEqual({ Payer: 'BucketOwner' })
    expect(written('AccelerateConfiguration', accelerationElements(undefined))).not.toContain('Status')
  })

  test('is nothing else', () => {
    const payer = '<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>'
    expect(refusal(() => readRequestPayment(payer))).toBe('400 MalformedXML')
    expect(refusal(() => readAcceleration('<AccelerateConfiguration/>'))).toBe('400 MalformedXML')
  })
})

describe('a quota', () => {
  test.each<[unknown, Quota | undefined]>([
    [{}, {}],
    [{ maxObjects: 0 }, { maxObjects: 0 }],
    [
      { maxObjects: 5, maxBytes: 10 },
      { maxObjects: 5, maxBytes: 10 },
    ],
    [{ maxbytes: 10 }, undefined],
    [{ maxBytes: '10' }, undefined],
    [{ maxBytes: -1 }, undefined],
    [{ maxBytes: 1.5 }, undefined],
    [{ maxBytes: null }, undefined],
    [null, undefined],
    [[], undefined],
    ['10', undefined],
  ])('in JSON as %j', (value, quota) => {
    expect(readQuota(value)).toEqual(quota)
  })

  test.each<[string, Quota, [number, number], [number, number], string | undefined]>([
    ['lets all in without limits', {}, [9, 9], [9, 9], undefined],
    ['fills up to the last byte', { maxObjects: 2, maxBytes: 10 }, [1, 5], [1, 5], undefined],
    ['stops one byte later', { maxObjects: 2, maxBytes: 10 }, [1, 5], [1, 6], 'maxBytes'],
    ['stops one object later', { maxObjects: 2 }, [2, 5], [1, 0], 'maxObjects'],
    ['lets objects be replaced', { maxObjects: 2, maxBytes: 10 }, [2, 10], [0, 0], undefined],
    ['lets a full bucket shrink', { maxObjects: 1, maxBytes: 1 }, [9, 9], [-1, -1], undefined],
    ['lets no full bucket grow', { maxObjects: 9, maxBytes: 1 }, [9, 9], [0, 1], 'maxBytes'],
  ])('%s', (_, quota, [objects, bytes], [moreObjects, moreBytes], broken) => {
    expect(limitBroken(quota, { objects, bytes }, { objects: moreObjects, bytes: moreBytes })).toBe(broken)
  })
})
