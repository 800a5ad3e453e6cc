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

/** The etag of an object behind which bytes were put: of the etag that it had and their MD5, and of how many pieces it is. */
export function appendedEtag(present: string, md5: string): string {
  const digest = createHash('md5').update(present).update(md5, 'hex').digest('hex')
  return `${digest}-${pieceCount(present) + 1}`
}

/** Of how many parts and appended pieces an object with this etag consists. */
export function pieceCount(etag: string): number {
  return Number(/-(\d{1,5})$/.exec(etag)?.[1] ?? 1)
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
