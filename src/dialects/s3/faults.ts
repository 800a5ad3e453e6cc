import { MalformedPostPolicy } from '../../auth/post-policy'
import { Fault, type FaultCode, type FaultDetail } from '../../model/fault'
import { MalformedForm } from '../../streams/form-data'
import { httpDate } from '../../wire/http-date'
import { MalformedXml } from '../../wire/xml'
import { notImplemented, S3_ERRORS, S3Error } from './s3-error'
import { MalformedAcl, UnresolvableEmail } from './wire-acl'

/** How S3 shows a fault: its code, status, message, and which facts under which names. */
interface S3Face {
  code: string
  status: number
  message: string
  /** Fact of the fault -> element of the body. */
  shows?: Record<string, string>
}

const FACES = {
  AccessDenied: { code: 'AccessDenied', status: 403, message: 'Access Denied' },
  UnknownAccessKey: {
    code: 'InvalidAccessKeyId',
    status: 403,
    message: 'The access key ID you provided does not exist in our records.',
    shows: { accessKey: 'AWSAccessKeyId' },
  },
  SignatureMismatch: {
    code: 'SignatureDoesNotMatch',
    status: 403,
    message: 'The request signature we calculated does not match the signature you provided.',
    shows: {
      accessKey: 'AWSAccessKeyId',
      stringToSign: 'StringToSign',
      signatureProvided: 'SignatureProvided',
      canonicalRequest: 'CanonicalRequest',
    },
  },
  CredentialMalformed: {
    code: 'AuthorizationHeaderMalformed',
    status: 400,
    message: 'The authorization header is malformed.',
  },
  QueryCredentialMalformed: {
    code: 'AuthorizationQueryParametersError',
    status: 400,
    message: 'The authorization query parameters are missing or malformed.',
  },
  WrongRegion: {
    code: 'AuthorizationHeaderMalformed',
    status: 400,
    message: 'The authorization header is malformed; the region is wrong.',
    shows: { region: 'Region' },
  },
  SeveralCredentials: {
    code: 'InvalidArgument',
    status: 400,
    message:
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string ' +
      'parameter or the Authorization header should be specified.',
  },
  UnsupportedSignature: {
    code: 'InvalidArgument',
    status: 400,
    message: 'Unsupported authorization type; sign with AWS4-HMAC-SHA256.',
    shows: { scheme: 'ArgumentValue' },
  },
  HeadersNotSigned: {
    code: 'AccessDenied',
    status: 403,
    message: 'There were headers present in the request which were not signed.',
    shows: { headersNotSigned: 'HeadersNotSigned' },
  },
  ClockSkewed: {
    code: 'RequestTimeTooSkewed',
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
    shows: {
      requestTime: 'RequestTime',
      serverTime: 'ServerTime',
      maxAllowedSkewMilliseconds: 'MaxAllowedSkewMilliseconds',
    },
  },
  RequestExpired: {
    code: 'AccessDenied',
    status: 403,
    message: 'Request has expired or is not valid yet.',
    shows: { expiresSeconds: 'X-Amz-Expires', expires: 'Expires', serverTime: 'ServerTime' },
  },
  InvalidToken: { code: 'InvalidToken', status: 400, message: 'The provided token is not valid.' },
  ExpiredToken: { code: 'ExpiredToken', status: 400, message: 'The provided token has expired.' },
  PayloadHashInvalid: {
    code: 'InvalidArgument',
    status: 400,
    message: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming mode, or a valid sha256 value.',
    shows: { name: 'ArgumentName', value: 'ArgumentValue' },
  },
  PayloadHashMissing: {
    code: 'InvalidRequest',
    status: 400,
    message: 'Missing required header for this request: x-amz-content-sha256',
  },
  InvalidBucketName: {
    code: 'InvalidBucketName',
    status: 400,
    message: 'The specified bucket is not valid.',
    shows: { bucket: 'BucketName' },
  },
  InvalidKey: { code: 'InvalidURI', status: 400, message: "Couldn't parse the specified URI." },
  KeyTooLong: {
    code: 'KeyTooLongError',
    status: 400,
    message: 'Your key is too long.',
    shows: { maxBytes: 'MaxSizeAllowed' },
  },
  NoSuchBucket: {
    code: 'NoSuchBucket',
    status: 404,
    message: 'The specified bucket does not exist.',
    shows: { bucket: 'BucketName' },
  },
  BucketExists: {
    code: 'BucketAlreadyExists',
    status: 409,
    message: 'The requested bucket name is not available.',
    shows: { bucket: 'BucketName' },
  },
  BucketOwnedByCaller: {
    code: 'BucketAlreadyOwnedByYou',
    status: 409,
    message: 'Your previous request to create the named bucket succeeded and you already own it.',
    shows: { bucket: 'BucketName' },
  },
  BucketNotEmpty: { code: 'BucketNotEmpty', status: 409, message: 'The bucket you tried to delete is not empty.' },
  QuotaExceeded: {
    code: 'QuotaExceeded',
    status: 403,
    message: 'Bucket quota exceeded',
    shows: { maxObjects: 'MaxObjects', maxBytes: 'MaxBytes' },
  },
  NoSuchObject: { code: 'NoSuchKey', status: 404, message: 'The specified key does not exist.', shows: { key: 'Key' } },
  NoSuchVersion: {
    code: 'NoSuchVersion',
    status: 404,
    message: 'The specified version does not exist.',
    shows: { key: 'Key', version: 'VersionId' },
  },
  ObjectLocked: {
    code: 'AccessDenied',
    status: 403,
    message: 'Access Denied because object protected by object lock.',
  },
  ObjectLockMissing: {
    code: 'InvalidRequest',
    status: 400,
    message: 'Bucket is missing Object Lock Configuration.',
  },
  // Never seen by a client: the store looks at the source and copies again.
  CopySourceUnseen: { code: 'OperationAborted', status: 409, message: 'Please try again.' },
  RenameOfVersions: {
    code: 'NotImplemented',
    status: 501,
    message: 'Objects of a bucket that keeps versions cannot be renamed.',
  },
  TokenReused: {
    code: 'IdempotencyParameterMismatch',
    status: 400,
    message: 'The parameters of this request differ from those of the earlier one with the same client token.',
  },
  IsDeleteMarker: {
    code: 'MethodNotAllowed',
    status: 405,
    message: 'The specified method is not allowed against this resource.',
    shows: { version: 'VersionId' },
  },
  PreconditionFailed: {
    code: 'PreconditionFailed',
    status: 412,
    message: 'At least one of the pre-conditions you specified did not hold.',
    shows: { condition: 'Condition' },
  },
  NotModified: { code: 'NotModified', status: 304, message: 'Not Modified' },
  RangeNotSatisfiable: {
    code: 'InvalidRange',
    status: 416,
    message: 'The requested range is not satisfiable.',
    shows: { range: 'RangeRequested', size: 'ActualObjectSize' },
  },
  NoSuchPart: {
    code: 'InvalidPartNumber',
    status: 416,
    message: 'The requested partnumber is not satisfiable.',
    shows: { partNumber: 'PartNumberRequested', parts: 'ActualPartCount' },
  },
  MetadataTooLarge: {
    code: 'MetadataTooLarge',
    status: 400,
    message: 'Your metadata headers exceed the maximum allowed metadata size.',
    shows: { size: 'Size', maxBytes: 'MaxSizeAllowed' },
  },
  CopyOntoItself: {
    code: 'InvalidRequest',
    status: 400,
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
      'metadata, storage class, website redirect location or encryption attributes.',
  },
  CopyTooLarge: {
    code: 'InvalidRequest',
    status: 400,
    message: 'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
  },
  NoSuchUpload: {
    code: 'NoSuchUpload',
    status: 404,
    message: 'The specified multipart upload does not exist; it may have been aborted or completed.',
    shows: { upload: 'UploadId' },
  },
  InvalidPart: {
    code: 'InvalidPart',
    status: 400,
    message: "One or more of the specified parts could not be found, or its entity tag did not match the part's.",
    shows: { partNumber: 'PartNumber', etag: 'ETag' },
  },
  InvalidPartOrder: {
    code: 'InvalidPartOrder',
    status: 400,
    message: 'The list of parts was not in ascending order.',
  },
  PartTooSmall: {
    code: 'EntityTooSmall',
    status: 400,
    message: 'Your proposed upload is smaller than the minimum allowed size.',
    shows: { size: 'ProposedSize', minBytes: 'MinSizeAllowed', partNumber: 'PartNumber', etag: 'ETag' },
  },
  SizeMismatch: {
    code: 'InvalidRequest',
    status: 400,
    message: 'The object size that was given does not match the size of the uploaded parts.',
    shows: { size: 'ActualObjectSize' },
  },
  TooManyExtents: {
    code: 'InvalidRequest',
    status: 400,
    message: 'The object consists of too many pieces; send it in fewer and larger parts, each with its length.',
  },
  TooManyPieces: {
    code: 'TooManyParts',
    status: 400,
    message: 'You have attempted to add more parts than the maximum of 10000 that are allowed for this object.',
  },
  InvalidWriteOffset: {
    code: 'InvalidWriteOffset',
    status: 400,
    message: 'The write offset value that you specified does not match the current object size.',
  },
  AppendDescribes: {
    code: 'InvalidRequest',
    status: 400,
    message:
      'Metadata, tags, ACLs and object locks can only be given when an object is created, not when data is appended.',
  },
  ChecksumMissing: {
    code: 'InvalidRequest',
    status: 400,
    message: 'The upload was created with a checksum; the complete request must include the checksum for each part.',
    shows: { partNumber: 'PartNumber', algorithm: 'ChecksumAlgorithm' },
  },
  ChecksumAlgorithmMismatch: {
    code: 'InvalidRequest',
    status: 400,
    message: 'The checksum type or algorithm does not match the one that the upload was created with.',
  },
  LengthRequired: {
    code: 'MissingContentLength',
    status: 411,
    message: 'You must provide the Content-Length HTTP header.',
  },
  BodyTooLarge: {
    code: 'EntityTooLarge',
    status: 400,
    message: 'Your proposed upload exceeds the maximum allowed size.',
    shows: { size: 'ProposedSize', maxBytes: 'MaxSizeAllowed' },
  },
  BodyIncomplete: {
    code: 'IncompleteBody',
    status: 400,
    message: 'The request body terminated unexpectedly, or had another length than the headers said.',
  },
  BodyLost: {
    code: 'RequestTimeout',
    status: 400,
    message: 'Your socket connection to the server was lost, or was not written to in time. You may try again.',
  },
  InvalidDigest: {
    code: 'InvalidDigest',
    status: 400,
    message: 'The Content-MD5 you specified is not valid.',
    shows: { md5: 'Content-MD5' },
  },
  DigestMismatch: {
    code: 'BadDigest',
    status: 400,
    message: 'The Content-MD5 or checksum value that you specified did not match what the server received.',
    shows: { expected: 'ExpectedDigest', calculated: 'CalculatedDigest' },
  },
  PayloadHashMismatch: {
    code: 'XAmzContentSHA256Mismatch',
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    shows: { expected: 'ClientComputedContentSHA256', calculated: 'S3ComputedContentSHA256' },
  },
  ChunkMalformed: {
    code: 'IncompleteBody',
    status: 400,
    message: 'The chunked body is malformed.',
  },
  ChunkTooSmall: {
    code: 'InvalidChunkSizeError',
    status: 400,
    message: 'Only the last chunk is allowed to have a size less than 8192 bytes.',
  },
  TrailerMalformed: {
    code: 'MalformedTrailerError',
    status: 400,
    message: 'The request contained trailing data that was not well-formed or did not fit what was announced.',
  },
  ObjectDamaged: {
    code: 'ObjectDamaged',
    status: 500,
    message: 'The bytes of this object are gone or altered, and nobody holds a copy. Put it again, or delete it.',
  },
  NoSuchEntity: { code: 'NoSuchEntity', status: 404, message: 'There is no such user, group, policy or key.' },
  NoSuchJob: { code: 'NoSuchJob', status: 404, message: 'There is no such job.' },
  Conflict: {
    code: 'OperationAborted',
    status: 409,
    message: 'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  },
  Overloaded: { code: 'SlowDown', status: 503, message: 'Please reduce your request rate.' },
  Interrupted: {
    code: 'ServiceUnavailable',
    status: 503,
    message: 'The service was interrupted while it worked on this request. Please try again.',
  },
  NotConfigured: { code: 'ServiceUnavailable', status: 503, message: 'The service is not set up yet.' },
  Internal: { code: 'InternalError', status: 500, message: 'We encountered an internal error. Please try again.' },
} satisfies Record<FaultCode, S3Face>

/** An error as it goes out, in whatever format. */
export interface S3Failure {
  status: number
  code: string
  message: string
  /** Further members of the body, by their S3 names. */
  members: Record<string, string>
  headers: Record<string, string>
}

/** What a client is shown of an error. What nobody foresaw becomes InternalError and shows nothing. */
export function failureOf(error: unknown): S3Failure {
  if (error instanceof S3Error) return s3Failure(error)
  if (error instanceof MalformedAcl) return s3Failure(new S3Error('MalformedACLError'))
  if (error instanceof UnresolvableEmail) return s3Failure(new S3Error('UnresolvableGrantByEmailAddress'))
  if (error instanceof MalformedXml) return s3Failure(new S3Error('MalformedXML'))
  if (error instanceof MalformedForm) {
    return s3Failure(new S3Error(error.isTooLarge ? 'MaxPostPreDataLengthExceededError' : 'MalformedPOSTRequest'))
  }
  if (error instanceof MalformedPostPolicy) {
    return s3Failure(new S3Error('InvalidPolicyDocument', `Invalid Policy: ${error.message}.`))
  }
  const fault = error instanceof Fault ? error : new Fault('Internal')
  if (fault.code === 'UnsupportedSignature' && String(fault.detail.scheme).includes('ECDSA')) {
    return s3Failure(notImplemented(String(fault.detail.scheme)))
  }
  if (fault.code === 'WrongRegion' && fault.detail.form === 'presigned') {
    return { ...failureOfFault(fault), code: 'AuthorizationQueryParametersError' }
  }
  return failureOfFault(fault)
}

function failureOfFault(fault: Fault): S3Failure {
  const face: S3Face = FACES[fault.code]
  return {
    status: face.status,
    code: face.code,
    message: sentenceOf(fault, face),
    members: membersOf(fault, face),
    headers: headersOf(fault),
  }
}

/** A fault may bring a sentence of its own, except where that is meant for the log alone. */
function sentenceOf(fault: Fault, face: S3Face): string {
  const speaks = fault.message !== fault.code && fault.code !== 'Internal'
  const sentence = speaks ? fault.message : face.message
  return fault.detail.problem === undefined ? sentence : `${sentence} (${fault.detail.problem})`
}

function membersOf(fault: Fault, face: S3Face): Record<string, string> {
  const members = shown(fault.detail, face.shows ?? {})
  if (fault.code === 'PayloadHashInvalid') return { ArgumentName: 'x-amz-content-sha256', ...members }
  if (fault.code === 'UnsupportedSignature') return { ArgumentName: 'Authorization', ...members }
  if (fault.code !== 'SignatureMismatch') return members
  // In hex beside the text, so that invisible differences show: how people find out what they signed wrongly.
  return {
    ...members,
    StringToSignBytes: spacedHex(members.StringToSign),
    CanonicalRequestBytes: spacedHex(members.CanonicalRequest),
  }
}

function spacedHex(text = ''): string {
  return Array.from(new TextEncoder().encode(text), byte => byte.toString(16).padStart(2, '0')).join(' ')
}

function s3Failure(error: S3Error): S3Failure {
  const { Allow, ...members } = error.detail
  return {
    status: S3_ERRORS[error.code][0],
    code: error.code,
    message: error.message,
    members: shown(members, Object.fromEntries(Object.keys(members).map(name => [name, name]))),
    headers: Allow === undefined ? {} : { allow: String(Allow) },
  }
}

function shown(detail: FaultDetail, names: Record<string, string>): Record<string, string> {
  const members: Record<string, string> = {}
  for (const [fact, name] of Object.entries(names)) {
    const value = detail[fact]
    if (value !== undefined) members[name] = String(value)
  }
  return members
}

function headersOf({ code, detail }: Fault): Record<string, string> {
  if (code === 'WrongRegion') return { 'x-amz-bucket-region': String(detail.region) }
  if (code === 'NoSuchObject' && detail.marker === undefined) return { 'x-amz-delete-marker': 'false' }
  if (code === 'NoSuchObject') return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': String(detail.marker) }
  if (code === 'IsDeleteMarker') {
    const headers = { allow: 'DELETE', 'x-amz-delete-marker': 'true', 'x-amz-version-id': String(detail.version) }
    if (detail.modifiedMillis === undefined) return headers
    return { ...headers, 'last-modified': httpDate(Number(detail.modifiedMillis)) }
  }
  if (code === 'RangeNotSatisfiable') return { 'content-range': `bytes */${detail.size}` }
  if (code !== 'NotModified') return {}
  return {
    etag: `"${detail.etag}"`,
    'last-modified': httpDate(Number(detail.modifiedMillis)),
    ...(detail.cacheControl === undefined ? {} : { 'cache-control': String(detail.cacheControl) }),
  }
}
