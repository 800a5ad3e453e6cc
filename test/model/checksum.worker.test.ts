import { describe, expect, test } from 'vitest'
import {
  CHECKSUM_ALGORITHMS,
  checksumLength,
  checksumTypeAllowed,
  combineCrc,
  defaultChecksumType,
  isChecksumValue,
} from '../../src/model/checksum'
import { createDigest, digestOf } from '../../src/streams/digest'

const CRCS = ['crc32', 'crc32c', 'crc64nvme'] as const
const GIBIBYTE = 2 ** 30

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

describe.each(CRCS)('the combined %s of two runs', algorithm => {
  /** The CRC of `count` copies of a run, by doubling. */
  function repeated(crc: Uint8Array, length: number, count: number): Uint8Array {
    if (count === 1) return crc
    const half = repeated(crc, length, Math.floor(count / 2))
    const whole = combineCrc(algorithm, half, half, length * Math.floor(count / 2))
    return count % 2 === 0 ? whole : combineCrc(algorithm, whole, crc, length)
  }

  test('is the CRC of both, one after the other', () => {
    for (let round = 0; round < 50; round++) {
      const bytes = randomBytes(Math.floor(Math.random() * 5000))
      const cut = Math.floor(Math.random() * (bytes.length + 1))
      const first = digestOf(algorithm, bytes.subarray(0, cut))
      const second = digestOf(algorithm, bytes.subarray(cut))
      expect(combineCrc(algorithm, first, second, bytes.length - cut)).toEqual(digestOf(algorithm, bytes))
    }
  })

  test('is that of the other where one run is empty', () => {
    const empty = digestOf(algorithm, new Uint8Array())
    const some = digestOf(algorithm, randomBytes(77))
    expect(combineCrc(algorithm, some, empty, 0)).toEqual(some)
    expect(combineCrc(algorithm, empty, some, 77)).toEqual(some)
    expect(combineCrc(algorithm, empty, empty, 0)).toEqual(empty)
  })

  test('reads a CRC from wherever it lies in its buffer', () => {
    const bytes = randomBytes(40)
    const width = checksumLength(algorithm)
    const both = new Uint8Array(2 * width + 3)
    both.set(digestOf(algorithm, bytes.subarray(0, 30)), 3)
    both.set(digestOf(algorithm, bytes.subarray(30)), 3 + width)
    const combined = combineCrc(algorithm, both.subarray(3, 3 + width), both.subarray(3 + width), 10)
    expect(combined).toEqual(digestOf(algorithm, bytes))
  })

  test('is right for a whole put together from uneven parts', () => {
    const bytes = randomBytes(60_000)
    let combined = digestOf(algorithm, new Uint8Array())
    for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 + 1) {
      const part = bytes.subarray(at, at + size)
      combined = combineCrc(algorithm, combined, digestOf(algorithm, part), part.length)
    }
    expect(combined).toEqual(digestOf(algorithm, bytes))
  })

  // Nobody hashes terabytes here, so the ways of putting the same bytes together are held against each other.
  test.each([4 * GIBIBYTE + 12_345, 5 * 1024 * GIBIBYTE - 1])(
    'does not depend on the grouping, up to %d bytes',
    length => {
      const [head, middle, tail] = [randomBytes(10), randomBytes(99), randomBytes(1001)].map(b =>
        digestOf(algorithm, b),
      )
      if (!head || !middle || !tail) throw new Error('three went in')
      const fromTheLeft = combineCrc(algorithm, combineCrc(algorithm, head, middle, length), tail, length - 7)
      const fromTheRight = combineCrc(algorithm, head, combineCrc(algorithm, middle, tail, length - 7), 2 * length - 7)
      expect(fromTheLeft).toEqual(fromTheRight)
    },
  )

  test('tells 2^32 bytes and some from the same without the 2^32', () => {
    const first = digestOf(algorithm, randomBytes(10))
    const zeros = digestOf(algorithm, new Uint8Array(1024))
    const fiveGibibytes = repeated(zeros, 1024, (5 * GIBIBYTE) / 1024)
    const oneGibibyte = repeated(zeros, 1024, GIBIBYTE / 1024)
    let steps = first
    for (let gibibyte = 0; gibibyte < 5; gibibyte++) steps = combineCrc(algorithm, steps, oneGibibyte, GIBIBYTE)
    expect(combineCrc(algorithm, first, fiveGibibytes, 5 * GIBIBYTE)).toEqual(steps)
    expect(combineCrc(algorithm, first, fiveGibibytes, GIBIBYTE)).not.toEqual(steps)
  })
})

test('the CRCs of 10,000 parts combine into that of the whole', () => {
  const part = randomBytes(31)
  const crc = digestOf('crc64nvme', part)
  const whole = createDigest('crc64nvme')
  let combined: Uint8Array = digestOf('crc64nvme', new Uint8Array())
  for (let count = 0; count < 10_000; count++) {
    whole.update(part)
    combined = combineCrc('crc64nvme', combined, crc, part.length)
  }
  expect(combined).toEqual(whole.digest())
})

describe('a checksum value', () => {
  test('is base64 of exactly as many bytes as its algorithm has', () => {
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      for (const length of [0, 1, 3, 4, 5, 7, 8, 9, 16, 19, 20, 21, 31, 32, 33]) {
        const value = btoa(String.fromCharCode(...randomBytes(length)))
        expect(isChecksumValue(algorithm, value), `${algorithm} ${length}`).toBe(length === checksumLength(algorithm))
      }
    }
  })

  test('is spelled in one way only', () => {
    expect(isChecksumValue('crc32', 'y/Q5Jg==')).toBe(true)
    for (const spelling of [
      'y/Q5Jg',
      'y/Q5Jg=',
      'y/Q5Jh==',
      'y_Q5Jg==',
      ' y/Q5Jg==',
      'y/Q5Jg==\n',
      'y/Q5Jg==-2',
      'cbf43926',
    ]) {
      expect(isChecksumValue('crc32', spelling), spelling).toBe(false)
    }
  })
})

describe('the checksum of a multipart upload', () => {
  test('covers the whole object only where CRCs can be combined, and the parts only where S3 allows it', () => {
    const pairs = CHECKSUM_ALGORITHMS.map(algorithm => [
      algorithm,
      checksumTypeAllowed(algorithm, 'COMPOSITE'),
      checksumTypeAllowed(algorithm, 'FULL_OBJECT'),
    ])
    expect(pairs).toEqual([
      ['crc32', true, true],
      ['crc32c', true, true],
      ['crc64nvme', false, true],
      ['sha1', true, false],
      ['sha256', true, false],
    ])
  })

  test('is composite unless the algorithm knows nothing but the whole', () => {
    expect(CHECKSUM_ALGORITHMS.map(defaultChecksumType)).toEqual([
      'COMPOSITE',
      'COMPOSITE',
      'FULL_OBJECT',
      'COMPOSITE',
      'COMPOSITE',
    ])
  })
})
