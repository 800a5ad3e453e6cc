/** What can go wrong, in the namespace's own terms. Nothing here knows HTTP; each dialect gives every code a face. */
export const FAULT_CODES = [
  // who is asking
  'AccessDenied',
  'UnknownAccessKey',
  'SignatureMismatch',
  'CredentialMalformed',
  'QueryCredentialMalformed',
  'WrongRegion',
  'SeveralCredentials',
  'UnsupportedSignature',
  'HeadersNotSigned',
  'ClockSkewed',
  'RequestExpired',
  'InvalidToken',
  'ExpiredToken',
  'PayloadHashInvalid',
  'PayloadHashMissing',
  // names
  'InvalidBucketName',
  'InvalidKey',
  'KeyTooLong',
  // buckets
  'NoSuchBucket',
  'BucketExists',
  'BucketOwnedByCaller',
  'BucketNotEmpty',
  'QuotaExceeded',
  // objects
  'NoSuchObject',
  'NoSuchVersion',
  'IsDeleteMarker',
  'PreconditionFailed',
  'NotModified',
  'RangeNotSatisfiable',
  'NoSuchPart',
  'MetadataTooLarge',
  'CopyOntoItself',
  'CopySourceUnseen',
  'RenameOfVersions',
  'TokenReused',
  'CopyTooLarge',
  'InvalidWriteOffset',
  'AppendDescribes',
  'ObjectDamaged',
  'ObjectLocked',
  'ObjectLockMissing',
  // uploads
  'NoSuchUpload',
  'InvalidPart',
  'InvalidPartOrder',
  'PartTooSmall',
  'SizeMismatch',
  'TooManyExtents',
  'TooManyPieces',
  'ChecksumMissing',
  'ChecksumAlgorithmMismatch',
  // bodies
  'LengthRequired',
  'BodyTooLarge',
  'BodyIncomplete',
  'BodyLost',
  'InvalidDigest',
  'DigestMismatch',
  'PayloadHashMismatch',
  'ChunkMalformed',
  'ChunkTooSmall',
  'TrailerMalformed',
  // people
  'NoSuchEntity',
  // everything else
  'NoSuchJob',
  'Conflict',
  'Overloaded',
  'Interrupted',
  'NotConfigured',
  'Internal',
] as const

export type FaultCode = (typeof FAULT_CODES)[number]

/** Facts about a fault that a dialect may show to the client: names, sizes, conditions. Never a secret. */
export type FaultDetail = Record<string, string | number | boolean>

/** Thrown anywhere below a dialect, caught once where the dialect ends. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly detail: FaultDetail

  constructor(code: FaultCode, detail: FaultDetail = {}, message?: string) {
    super(message ?? code)
    this.name = 'Fault'
    this.code = code
    this.detail = detail
  }
}
