import { Fault, type FaultCode } from '../../model/fault'
import { MalformedXml } from '../../wire/xml'
import { ADMIN_ERRORS, AdminError, type AdminErrorName } from './admin-error'

/** How each fault of the house is shown here. What no management call can meet is an internal error. */
const FACES = {
  AccessDenied: 'AccessDenied',
  UnknownAccessKey: 'UnknownAccessKey',
  SignatureMismatch: 'SignatureMismatch',
  // What is left of these when authenticate.ts has taken the header apart: a scope of another day than the request.
  CredentialMalformed: 'SignatureMismatch',
  QueryCredentialMalformed: 'AccessDenied',
  WrongRegion: 'CredentialRegion',
  SeveralCredentials: 'AccessDenied',
  UnsupportedSignature: 'UnknownScheme',
  HeadersNotSigned: 'UnsignedHeaders',
  ClockSkewed: 'TimeTooSkewed',
  RequestExpired: 'AccessDenied',
  ExpiredToken: 'AccessDenied',
  InvalidToken: 'AccessDenied',
  PayloadHashInvalid: 'PayloadMismatch',
  PayloadHashMissing: 'PayloadMismatch',
  InvalidBucketName: 'InvalidBucketName',
  InvalidKey: 'InvalidObjectName',
  KeyTooLong: 'InvalidObjectName',
  NoSuchBucket: 'NoSuchBucket',
  BucketExists: 'InternalError',
  BucketOwnedByCaller: 'InternalError',
  BucketNotEmpty: 'InternalError',
  NoSuchObject: 'NoSuchKey',
  NoSuchVersion: 'NoSuchKey',
  IsDeleteMarker: 'NoSuchKey',
  PreconditionFailed: 'InternalError',
  NotModified: 'InternalError',
  RangeNotSatisfiable: 'InternalError',
  NoSuchPart: 'InternalError',
  MetadataTooLarge: 'InternalError',
  CopyOntoItself: 'InternalError',
  CopyTooLarge: 'InternalError',
  CopySourceUnseen: 'InternalError',
  RenameOfVersions: 'InternalError',
  TokenReused: 'InternalError',
  ObjectDamaged: 'InternalError',
  ObjectLocked: 'AccessDenied',
  ObjectLockMissing: 'InternalError',
  NoSuchUpload: 'NoSuchUpload',
  InvalidPart: 'InternalError',
  InvalidPartOrder: 'InternalError',
  PartTooSmall: 'InternalError',
  SizeMismatch: 'InternalError',
  TooManyExtents: 'InternalError',
  TooManyPieces: 'InternalError',
  InvalidWriteOffset: 'InternalError',
  AppendDescribes: 'InternalError',
  ChecksumMissing: 'InternalError',
  ChecksumAlgorithmMismatch: 'InternalError',
  LengthRequired: 'IncompleteBody',
  BodyTooLarge: 'EntityTooLarge',
  BodyIncomplete: 'IncompleteBody',
  BodyLost: 'IncompleteBody',
  InvalidDigest: 'BadDigest',
  DigestMismatch: 'BadDigest',
  PayloadHashMismatch: 'PayloadMismatch',
  ChunkMalformed: 'IncompleteBody',
  ChunkTooSmall: 'IncompleteBody',
  TrailerMalformed: 'IncompleteBody',
  NoSuchJob: 'InternalError',
  NoSuchEntity: 'InternalError',
  QuotaExceeded: 'InternalError',
  Conflict: 'InternalError',
  Overloaded: 'NotInitialized',
  Interrupted: 'NotInitialized',
  NotConfigured: 'NotInitialized',
  Internal: 'InternalError',
} satisfies Record<FaultCode, AdminErrorName>

/** An error as it goes out. */
export interface AdminFailure {
  status: number
  code: string
  message: string
  headers: Record<string, string>
}

/** What a client is shown of an error. What nobody foresaw becomes InternalError and shows nothing. */
export function failureOf(error: unknown): AdminFailure {
  if (error instanceof AdminError) return failure(error.error, error.headers)
  if (error instanceof MalformedXml) return failure('MalformedXML')
  if (!(error instanceof Fault)) return failure('InternalError')
  const shown = failure(FACES[error.code])
  // A sentence that says what to set is for whoever runs the place, and that is who calls this.
  return error.code === 'NotConfigured' ? { ...shown, message: error.message } : shown
}

function failure(name: AdminErrorName, headers: Record<string, string> = {}): AdminFailure {
  const [status, code, message] = ADMIN_ERRORS[name]
  return { status, code, message, headers }
}
