import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  type ChecksumAlgorithm,
  type ChecksumType,
  checksumTypeAllowed,
  defaultChecksumType,
  isChecksumValue,
} from '../../model/checksum'
import type { PromisedChecksum } from '../../streams/incoming'
import { amzHeaders } from '../../wire/amz-headers'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'

/** How S3 spells the algorithms in documents. */
const ELEMENTS: Record<ChecksumAlgorithm, string> = {
  crc32: 'ChecksumCRC32',
  crc32c: 'ChecksumCRC32C',
  crc64nvme: 'ChecksumCRC64NVME',
  sha1: 'ChecksumSHA1',
  sha256: 'ChecksumSHA256',
}

/**
 * The checksum that the headers promise of a body; its value follows in the trailer where one is announced.
 * @throws S3Error InvalidRequest for several, for a malformed value, or for an announcement without a value
 */
export function readPromisedChecksum(headers: Headers, trailer: string | undefined): PromisedChecksum | undefined {
  const promised = readValue(headers, isChecksumValue)
  const announced = headers.get('x-amz-sdk-checksum-algorithm')
  if (announced === null) return promised
  const algorithm = readAlgorithm('x-amz-sdk-checksum-algorithm', announced)
  if (!promised && trailer === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  const given = promised?.algorithm ?? trailer?.trim().toLowerCase().replace('x-amz-checksum-', '')
  if (given !== algorithm) {
    throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.')
  }
  return promised
}

/** What a completion says the whole object's checksum is; a composite one may end in `-N`. */
export function readCompletedChecksum(headers: Headers): PromisedChecksum | undefined {
  return readValue(headers, (algorithm, value) => isChecksumValue(algorithm, value.replace(/-\d{1,5}$/, '')))
}

function readValue(
  headers: Headers,
  isValid: (algorithm: ChecksumAlgorithm, value: string) => boolean,
): PromisedChecksum | undefined {
  let promised: PromisedChecksum | undefined
  for (const [name, value] of amzHeaders(headers)) {
    if (!name.startsWith('x-amz-checksum-')) continue
    const algorithm = CHECKSUM_ALGORITHMS.find(one => name === `x-amz-checksum-${one}`)
    if (!algorithm) {
      if (/^x-amz-checksum-(algorithm|type|mode)$/.test(name)) continue
      throw new S3Error('InvalidRequest', `The checksum header ${name} is not supported.`)
    }
    if (promised) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
    if (!isValid(algorithm, value)) {
      throw new S3Error('InvalidRequest', `Value for ${name} header is invalid.`)
    }
    promised = { algorithm, value }
  }
  return promised
}

/** @throws S3Error InvalidRequest */
export function readAlgorithm(header: string, text: string): ChecksumAlgorithm {
  const algorithm = CHECKSUM_ALGORITHMS.find(one => one === text.toLowerCase())
  if (!algorithm) throw new S3Error('InvalidRequest', `Checksum algorithm provided in ${header} is unsupported.`)
  return algorithm
}

/**
 * Which checksum a new upload's parts shall carry.
 * @throws S3Error InvalidRequest for a type without an algorithm, or a pair that is not
 */
export function readUploadChecksum(headers: Headers): { algorithm?: ChecksumAlgorithm; type?: ChecksumType } {
  const name = headers.get('x-amz-checksum-algorithm')
  const type = readChecksumType(headers)
  if (name === null) {
    if (type) {
      throw new S3Error(
        'InvalidRequest',
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      )
    }
    return {}
  }
  const algorithm = readAlgorithm('x-amz-checksum-algorithm', name)
  if (type && !checksumTypeAllowed(algorithm, type)) {
    throw new S3Error('InvalidRequest', `The ${type} checksum type cannot be used with the ${name} checksum algorithm.`)
  }
  return { algorithm, type: type ?? defaultChecksumType(algorithm) }
}

/** @throws S3Error InvalidArgument */
export function readChecksumType(headers: Headers): ChecksumType | undefined {
  const text = headers.get('x-amz-checksum-type')
  if (text === null) return undefined
  const type = text.toUpperCase()
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  return type
}

/** The checksum as a header, with its type. */
export function putChecksumHeaders(headers: Headers, checksum: Checksum | undefined): void {
  if (!checksum) return
  headers.set(`x-amz-checksum-${checksum.algorithm}`, checksum.value)
  headers.set('x-amz-checksum-type', checksum.type)
}

/** The checksum as elements of a document. */
export function checksumElements(checksum: Checksum | undefined): XmlElement {
  return checksum ? { [ELEMENTS[checksum.algorithm]]: checksum.value, ChecksumType: checksum.type } : {}
}

/** A part's checksum, which has no type. */
export function partChecksumElement(algorithm: ChecksumAlgorithm | undefined, value: string | undefined): XmlElement {
  return algorithm && value !== undefined ? { [ELEMENTS[algorithm]]: value } : {}
}

/**
 * The one checksum element of a part in a completion.
 * @throws S3Error InvalidArgument for several, or for a malformed value
 */
export function readChecksumElement(part: Record<string, unknown>): PromisedChecksum | undefined {
  let found: PromisedChecksum | undefined
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const name = ELEMENTS[algorithm]
    const value = part[name]
    if (value === undefined) continue
    const text = typeof value === 'string' ? value.trim() : ''
    if (found) throw invalidArgument(name, text, 'A part may have one checksum.')
    if (!isChecksumValue(algorithm, text)) throw invalidArgument(name, text, 'The checksum of the part is not valid.')
    found = { algorithm, value: text }
  }
  return found
}

/** How S3 writes the algorithm in listings. */
export function algorithmName(algorithm: string): string {
  return algorithm.toUpperCase()
}
