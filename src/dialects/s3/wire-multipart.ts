import { Fault } from '../../model/fault'
import { unquoted } from '../../wire/etag'
import { isElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import { readChecksumElement } from './wire-checksum'

const MAX_PART_NUMBER = 10_000

/** @throws S3Error InvalidArgument */
export function readPartNumber(text: string): number {
  const number = Number(text)
  if (!/^\d{1,9}$/.test(text) || number < 1 || number > MAX_PART_NUMBER) {
    throw invalidArgument('partNumber', text, 'Part number must be an integer between 1 and 10000, inclusive')
  }
  return number
}

export interface WantedPart {
  number: number
  /** Hex without quotes. */
  etag: string
  checksum?: string
}

/**
 * The parts that a completion names, in ascending order.
 * @throws S3Error MalformedXML, InvalidArgument; Fault InvalidPartOrder
 */
export function readCompletion({ Part }: Record<string, unknown>): WantedPart[] {
  if (!Array.isArray(Part) || Part.length === 0 || Part.length > MAX_PART_NUMBER) throw new S3Error('MalformedXML')
  const parts = Part.map(readPart)
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1]
    if (before && before.number >= part.number) throw new Fault('InvalidPartOrder')
  }
  return parts
}

function readPart(part: unknown): WantedPart {
  if (!isElement(part) || typeof part.PartNumber !== 'string' || typeof part.ETag !== 'string') {
    throw new S3Error('MalformedXML')
  }
  const text = part.PartNumber.trim()
  if (!/^-?\d{1,9}$/.test(text)) throw new S3Error('MalformedXML')
  const number = Number(text)
  if (number < 1) throw invalidArgument('PartNumber', text, 'PartNumber must be >= 1')
  return { number, etag: unquoted(part.ETag).toLowerCase(), checksum: readChecksumElement(part)?.value }
}
