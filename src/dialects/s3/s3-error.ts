import type { FaultDetail } from '../../model/fault'

/** Errors that only S3 can answer with, beside the faults of the house: code, status and default message. */
export const S3_ERRORS = {
  AccessControlListNotSupported: [400, 'The bucket does not allow ACLs.'],
  AccessForbidden: [403, 'CORSResponse: CORS is not enabled for this bucket.'],
  BadRequest: [400, 'The request is malformed.'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size.'],
  IllegalVersioningConfigurationException: [400, 'The versioning configuration specified in the request is invalid.'],
  InvalidArgument: [400, 'An argument of the request is not valid.'],
  InvalidBucketState: [409, 'The request is not valid with the current state of the bucket.'],
  InvalidEncryptionAlgorithmError: [400, 'The encryption algorithm is not known. AES256 is supported.'],
  InvalidPolicyDocument: [400, 'The policy document of the form is not valid.'],
  InvalidRedirectLocation: [400, 'The website redirect location must begin with /, http:// or https://.'],
  InvalidRequest: [400, 'The request cannot be carried out as it was sent.'],
  InvalidRetentionPeriod: [400, 'The default retention period must be a positive whole number.'],
  InvalidStorageClass: [400, 'The storage class is not known.'],
  InvalidTag: [400, 'The tag that was provided is not valid.'],
  InvalidTargetBucketForLogging: [400, 'The target bucket for logging does not exist, or is not owned by you.'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  MalformedPOSTRequest: [400, 'The body of your POST request is not well-formed multipart/form-data.'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not fit the published schema.'],
  MaxMessageLengthExceeded: [400, 'Your request was too big.'],
  MaxPostPreDataLengthExceededError: [400, 'Your POST request fields preceding the upload file were too large.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingRequestBodyError: [400, 'Request body is empty.'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist.'],
  NoSuchConfiguration: [404, 'The specified configuration does not exist.'],
  NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist.'],
  NoSuchObjectLockConfiguration: [404, 'The specified object does not have an object lock configuration.'],
  NoSuchPublicAccessBlockConfiguration: [404, 'The public access block configuration was not found.'],
  NoSuchTagSet: [404, 'The tag set does not exist.'],
  NoSuchWebsiteConfiguration: [404, 'The specified bucket does not have a website configuration.'],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting.",
  ],
  MalformedPolicy: [400, 'Policy has invalid resource.'],
  MalformedACLError: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema.',
  ],
  UnresolvableGrantByEmailAddress: [400, 'The e-mail address you provided does not match any account on record.'],
  UnexpectedContent: [400, 'This request does not support content.'],
  MissingSecurityHeader: [400, 'Your request was missing a required header.'],
  NotImplemented: [501, 'A header or operation you asked for is not implemented.'],
  ObjectLockConfigurationNotFoundError: [404, 'Object Lock configuration does not exist for this bucket.'],
  OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found.'],
  ReplicationConfigurationNotFoundError: [404, 'The replication configuration was not found.'],
  ServerSideEncryptionConfigurationNotFoundError: [404, 'The server side encryption configuration was not found.'],
} as const satisfies Record<string, readonly [number, string]>

export type S3ErrorCode = keyof typeof S3_ERRORS

/** What only the S3 dialect can get wrong, or not have. */
export class S3Error extends Error {
  readonly code: S3ErrorCode
  readonly detail: FaultDetail

  /** @param detail  members of the answer's body, by their S3 names */
  constructor(code: S3ErrorCode, message?: string, detail: FaultDetail = {}) {
    super(message ?? S3_ERRORS[code][1])
    this.code = code
    this.detail = detail
  }
}

/** @param name  of the argument, as the client wrote it */
export function invalidArgument(name: string, value: string, message: string): S3Error {
  return new S3Error('InvalidArgument', message, { ArgumentName: name, ArgumentValue: value })
}

/** @param header  the header or operation that is not supported */
export function notImplemented(header: string, value?: string): S3Error {
  const message = `${header} is not supported.`
  return new S3Error(
    'NotImplemented',
    message,
    value === undefined ? { Header: header } : { Header: header, Value: value },
  )
}
