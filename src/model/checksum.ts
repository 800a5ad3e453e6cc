/** The checksums that a client may promise for a body, besides MD5. Names as in S3's header suffixes. */
export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

/** Over all bytes of the object, or over the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A checksum that is kept with an object or part. The value is base64; a composite one ends in `-N`. */
export interface Checksum {
  algorithm: ChecksumAlgorithm
  value: string
  type: ChecksumType
}
