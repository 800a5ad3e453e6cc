import { createHash } from 'node:crypto'
import { type Checksum, type ChecksumAlgorithm, type ChecksumType, combineCrc } from '../model/checksum'
import { digestOf } from './digest'

export interface AssembledPart {
  size: number
  /** MD5 in hex. */
  etag: string
  /** Base64. */
  checksum?: string
}

/** S3's etag of a completed upload: the MD5 of the parts' MD5s, and how many there were. */
export function completedEtag(parts: AssembledPart[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part.etag, 'hex')
  return `${hash.digest('hex')}-${parts.length}`
}

/**
 * The checksum of a completed upload, from those of its parts: over their checksums, or (CRCs only) over all bytes
 * without reading them again. Undefined when a part has none.
 */
export function completedChecksum(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: AssembledPart[],
): Checksum | undefined {
  const values: Uint8Array[] = []
  for (const part of parts) {
    if (part.checksum === undefined) return undefined
    values.push(Buffer.from(part.checksum, 'base64'))
  }
  if (type === 'COMPOSITE') {
    const sum = Buffer.from(digestOf(algorithm, Buffer.concat(values))).toString('base64')
    return { algorithm, type, value: `${sum}-${parts.length}` }
  }
  if (algorithm === 'sha1' || algorithm === 'sha256') return undefined
  const [first, ...others] = values
  if (!first) return undefined
  const whole = others.reduce((sum, value, i) => combineCrc(algorithm, sum, value, parts[i + 1]?.size ?? 0), first)
  return { algorithm, type, value: Buffer.from(whole).toString('base64') }
}
