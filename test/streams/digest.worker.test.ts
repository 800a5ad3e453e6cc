import { describe, expect, test } from 'vitest'
import { CRC_POLYNOMIALS, checksumLength } from '../../src/model/checksum'
import { createDigest, type DigestName, digestOf } from '../../src/streams/digest'

const CRCS = ['crc32', 'crc32c', 'crc64nvme'] as const
const NAMES: DigestName[] = [...CRCS, 'md5', 'sha1', 'sha256']
const CHECK = new TextEncoder().encode('123456789')

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  // getRandomValues gives 64 KiB at most.
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

function randomUpTo(most: number): number {
  return Math.floor(Math.random() * (most + 1))
}

/** The definition, bit by bit. */
function naiveCrc(name: (typeof CRCS)[number], bytes: Uint8Array): string {
  const width = checksumLength(name) * 8
  const allOnes = 2n ** BigInt(width) - 1n
  let crc = allOnes
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ CRC_POLYNOMIALS[name] : crc >> 1n
  }
  return (crc ^ allOnes).toString(16).padStart(width / 4, '0')
}

test.each([
  ['crc32', 'cbf43926', '00000000'],
  ['crc32c', 'e3069283', '00000000'],
  ['crc64nvme', 'ae8b14860a799888', '0000000000000000'],
  ['md5', '25f9e794323b453885f5181f1b624d0b', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  [
    'sha256',
    '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ],
] as const)('%s agrees with its published values', (name, ofCheck, ofNothing) => {
  expect(digestOf(name, CHECK).toHex()).toBe(ofCheck)
  expect(digestOf(name, new Uint8Array()).toHex()).toBe(ofNothing)
  expect(createDigest(name).digest().toHex()).toBe(ofNothing)
})

describe.each(CRCS)('%s', name => {
  test('agrees with its definition at every length around the sixteens, wherever the bytes begin', () => {
    const bytes = randomBytes(80)
    for (let begin = 0; begin < 9; begin++) {
      for (let end = begin; end <= bytes.length; end++) {
        const piece = bytes.subarray(begin, end)
        expect(digestOf(name, piece).toHex()).toBe(naiveCrc(name, piece))
      }
    }
  })

  test('agrees with its definition across the blocks that it works in', () => {
    for (const length of [98_303, 98_304, 98_305, 200_001]) {
      const bytes = randomBytes(length)
      expect(digestOf(name, bytes).toHex()).toBe(naiveCrc(name, bytes))
    }
  })
})

describe.each(NAMES)('a %s in pieces', name => {
  test('is the same wherever the pieces are cut', () => {
    for (let round = 0; round < 20; round++) {
      const bytes = randomBytes(randomUpTo(300_000))
      const digest = createDigest(name)
      for (let at = 0; at < bytes.length; ) {
        const size = randomUpTo(round % 2 === 0 ? 150_000 : 5_000)
        digest.update(bytes.subarray(at, at + size))
        at += size
      }
      expect(digest.digest()).toEqual(digestOf(name, bytes))
    }
  })

  test('has kept nothing of a piece that is overwritten afterwards', () => {
    const view = randomBytes(1000)
    const whole = view.slice()
    const digest = createDigest(name)
    digest.update(view)
    view.fill(0)
    expect(digest.digest()).toEqual(digestOf(name, whole))
  })

  test('is not disturbed by another that is under way', () => {
    const bytes = [randomBytes(200_000), randomBytes(200_000)] as const
    const digests = [createDigest(name), createDigest(name)] as const
    for (let at = 0; at < 200_000; at += 7_777) {
      digests[0].update(bytes[0].subarray(at, at + 7_777))
      digests[1].update(bytes[1].subarray(at, at + 7_777))
    }
    expect(digests[0].digest()).toEqual(digestOf(name, bytes[0]))
    expect(digests[1].digest()).toEqual(digestOf(name, bytes[1]))
  })
})

test('all kinds of digests run side by side over the same bytes', () => {
  const bytes = randomBytes(150_000)
  const digests = NAMES.map(name => ({ name, digest: createDigest(name) }))
  for (let at = 0; at < bytes.length; at += 4_096) {
    for (const { digest } of digests) digest.update(bytes.subarray(at, at + 4_096))
  }
  for (const { name, digest } of digests) expect(digest.digest(), name).toEqual(digestOf(name, bytes))
})
