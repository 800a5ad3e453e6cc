/** The checksums that a client may promise for a body, besides MD5. Names as in S3's header suffixes. */
export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]
export type CrcAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme'

/** Over all bytes of the object, or over the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A checksum that is kept with an object or part. The value is base64; a composite one ends in `-N`. */
export interface Checksum {
  algorithm: ChecksumAlgorithm
  value: string
  type: ChecksumType
}

/** Reflected: the lowest bit stands for the highest power of x. The register starts and ends inverted in all three. */
export const CRC_POLYNOMIALS: Record<CrcAlgorithm, bigint> = {
  crc32: 0xedb88320n,
  crc32c: 0x82f63b78n,
  crc64nvme: 0x9a6c9329ac4bc9b5n,
}

const LENGTHS: Record<ChecksumAlgorithm, number> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 }

// What a multipart upload may ask for; the first is what it gets unasked. Only a CRC can be had of the whole without
// reading it again.
const MULTIPART_TYPES: Record<ChecksumAlgorithm, readonly [ChecksumType, ...ChecksumType[]]> = {
  crc32: ['COMPOSITE', 'FULL_OBJECT'],
  crc32c: ['COMPOSITE', 'FULL_OBJECT'],
  crc64nvme: ['FULL_OBJECT'],
  sha1: ['COMPOSITE'],
  sha256: ['COMPOSITE'],
}

/** The checksum's own length in bytes, before base64. */
export function checksumLength(algorithm: ChecksumAlgorithm): number {
  return LENGTHS[algorithm]
}

/** The type that a multipart upload has when it names only the algorithm. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): ChecksumType {
  return MULTIPART_TYPES[algorithm][0]
}

/** Whether a multipart upload may combine the two. */
export function checksumTypeAllowed(algorithm: ChecksumAlgorithm, type: ChecksumType): boolean {
  return MULTIPART_TYPES[algorithm].includes(type)
}

/** Whether this is base64, in its one canonical spelling, of a checksum of this algorithm. A `-N` does not belong to it. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, base64: string): boolean {
  if (!CANONICAL_BASE64.test(base64)) return false
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return (base64.length / 4) * 3 - padding === LENGTHS[algorithm]
}

// The bits that the last character before the padding has to spare must be zero, else one value had several spellings.
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/

/**
 * The CRC of two runs of bytes, one after the other, from the CRC of each.
 *
 * @param first         big endian, as every checksum here
 * @param secondLength  in bytes
 * @see   zlib, crc32_combine
 */
export function combineCrc(
  algorithm: CrcAlgorithm,
  first: Uint8Array,
  second: Uint8Array,
  secondLength: number,
): Uint8Array<ArrayBuffer> {
  // Each bit that follows multiplies the first CRC by x. Being inverted at start and end changes nothing: it cancels out.
  const shifted = shiftByBytes(RINGS[algorithm], fromBigEndian(first), secondLength)
  const added = fromBigEndian(second)
  return toBigEndian({ high: shifted.high ^ added.high, low: shifted.low ^ added.low }, LENGTHS[algorithm])
}

/**
 * The checksum of bytes and those that are put behind them, where it can be had without reading them again: of CRCs over
 * all bytes, of the same kind.
 */
export function joinedChecksum(
  first: { checksum?: Checksum; size: number },
  second: { checksum?: Checksum; size: number },
): Checksum | undefined {
  if (!first.checksum || !second.checksum) return undefined
  const { algorithm, type } = first.checksum
  const isAlike = algorithm === second.checksum.algorithm && type === 'FULL_OBJECT' && type === second.checksum.type
  if (!isAlike || algorithm === 'sha1' || algorithm === 'sha256') return undefined
  const [one, other] = [first.checksum, second.checksum].map(({ value }) => Buffer.from(value, 'base64'))
  if (!one || !other) return undefined
  const value = Buffer.from(combineCrc(algorithm, one, other, second.size)).toString('base64')
  return { algorithm, type, value }
}

/**
 * A polynomial over GF(2), reflected as the CRC itself: in 32 bits (`high` stays 0) or in 64. Two words, since BigInt would
 * take seconds for the 10,000 parts of one upload.
 */
interface Polynomial {
  high: number
  low: number
}

/** The polynomials of `width` bits, to be multiplied modulo one of them. */
interface Ring {
  width: 32 | 64
  modulus: Polynomial
  /** x^(8 * 2^k) at index k, as far as it was needed yet. */
  doublings: [Polynomial, ...Polynomial[]]
}

const RINGS: Record<CrcAlgorithm, Ring> = {
  crc32: ringOf('crc32'),
  crc32c: ringOf('crc32c'),
  crc64nvme: ringOf('crc64nvme'),
}

function ringOf(algorithm: CrcAlgorithm): Ring {
  const modulus = CRC_POLYNOMIALS[algorithm]
  const xToThe8 = 0x80_0000 // the highest bit stands for x^0
  const isWide = LENGTHS[algorithm] === 8
  return {
    width: isWide ? 64 : 32,
    modulus: { high: Number(modulus >> 32n), low: Number(modulus & 0xffff_ffffn) },
    doublings: [isWide ? { high: xToThe8, low: 0 } : { high: 0, low: xToThe8 }],
  }
}

/** `value * x^(8 * byteCount)`, one multiplication for each one in the count's binary form. */
function shiftByBytes(ring: Ring, value: Polynomial, byteCount: number): Polynomial {
  let factor = ring.doublings[0]
  let shifted = value
  // Divided, not shifted: an object may be longer than 2^32.
  for (let rest = byteCount, k = 0; rest > 0; rest = Math.floor(rest / 2), k++) {
    if (k > 0) factor = ring.doublings[k] ??= multiply(ring, factor, factor)
    if (rest % 2 === 1) shifted = multiply(ring, shifted, factor)
  }
  return shifted
}

function multiply({ width, modulus }: Ring, left: Polynomial, right: Polynomial): Polynomial {
  let { high, low } = right
  const product = { high: 0, low: 0 }
  for (let power = 0; power < width; power++) {
    const word = power < width - 32 ? left.high : left.low
    const hasPower = word << (power & 31) < 0
    if (hasPower) {
      product.high ^= high
      product.low ^= low
    }
    // Times x, which in reflected order is a shift to the right; what falls out brings the modulus in.
    const carry = -(low & 1)
    low = ((low >>> 1) | (high << 31)) ^ (modulus.low & carry)
    high = (high >>> 1) ^ (modulus.high & carry)
  }
  return product
}

function fromBigEndian(bytes: Uint8Array): Polynomial {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return bytes.byteLength === 8 ? { high: view.getInt32(0), low: view.getInt32(4) } : { high: 0, low: view.getInt32(0) }
}

function toBigEndian({ high, low }: Polynomial, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setInt32(length - 4, low)
  if (length === 8) view.setInt32(0, high)
  return bytes
}
