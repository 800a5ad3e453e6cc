const CREDENTIAL = 'Error parsing the X-Amz-Credential parameter;'

/** What this dialect answers when something is wrong: status, code and message, to the letter of the original. */
export const ADMIN_ERRORS = {
  MethodNotAllowed: [405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.'],
  NotImplemented: [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented'],
  BadCredentials: [400, 'XMinioBadCred', 'XMinioBadCred'],
  InternalError: [500, 'InternalError', 'We encountered an internal error, please try again.'],
  NotInitialized: [503, 'XMinioServerNotInitialized', 'Server not initialized, please try again.'],
  // names and parameters
  InvalidBucketName: [400, 'InvalidBucketName', 'The specified bucket is not valid.'],
  InvalidObjectName: [
    400,
    'XMinioInvalidObjectName',
    'Object name contains unsupported characters. Unsupported characters are `^*|\\"',
  ],
  InvalidDuration: [400, 'InvalidDuration', 'Duration provided in the request is invalid.'],
  InvalidMaxKeys: [400, 'InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647'],
  InvalidMaxUploads: [400, 'InvalidArgument', 'Argument max-uploads must be an integer between 0 and 2147483647'],
  InvalidURI: [400, 'InvalidURI', "Couldn't parse the specified URI."],
  NoSuchBucket: [404, 'NoSuchBucket', 'The specified bucket does not exist'],
  NoSuchKey: [404, 'NoSuchKey', 'The specified key does not exist.'],
  NoSuchUpload: [
    404,
    'NoSuchUpload',
    'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  ],
  // bodies
  MalformedXML: [
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.',
  ],
  EntityTooLarge: [400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.'],
  IncompleteBody: [
    400,
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  ],
  BadDigest: [400, 'BadDigest', 'The Content-Md5 you specified did not match what we received.'],
  PayloadMismatch: [
    400,
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
  ConfigTooLarge: [
    400,
    'XMinioAdminConfigTooLarge',
    'Configuration data provided exceeds the allowed maximum of 262144 bytes',
  ],
  ConfigBadJSON: [400, 'XMinioAdminConfigBadJSON', 'JSON configuration provided has objects with duplicate keys'],
  CredentialsMismatch: [
    503,
    'XMinioAdminCredentialsMismatch',
    'Credentials in config mismatch with server environment variables',
  ],
  // who is asking
  AccessDenied: [403, 'AccessDenied', 'Access Denied.'],
  MissingDate: [400, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header'],
  MalformedDate: [
    400,
    'MalformedDate',
    'Invalid date format header, expected to be in ISO8601, RFC1123 or RFC1123Z time format.',
  ],
  TimeTooSkewed: [
    403,
    'RequestTimeTooSkewed',
    "The difference between the request time and the server's time is too large.",
  ],
  UnsignedHeaders: [400, 'AccessDenied', 'There were headers present in the request which were not signed'],
  UnknownScheme: [
    400,
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  ],
  EmptyAuthorization: [
    400,
    'InvalidArgument',
    "Authorization header is invalid -- one and only one ' ' (space) required.",
  ],
  MissingFields: [400, 'MissingFields', 'Missing fields in request.'],
  MissingCredential: [400, 'InvalidRequest', 'Missing Credential field for this request.'],
  MissingSignedHeaders: [400, 'InvalidArgument', 'Signature header missing SignedHeaders field.'],
  MissingSignature: [400, 'AccessDenied', 'Signature header missing Signature field.'],
  CredentialMalformed: [
    400,
    'AuthorizationQueryParametersError',
    `${CREDENTIAL} the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`,
  ],
  CredentialDate: [
    400,
    'AuthorizationQueryParametersError',
    `${CREDENTIAL} incorrect date format "%s". This date in the credential must be in the format "yyyyMMdd".`,
  ],
  CredentialRegion: [400, 'AuthorizationQueryParametersError', `${CREDENTIAL} the region is wrong;`],
  CredentialService: [
    400,
    'AuthorizationQueryParametersError',
    `${CREDENTIAL} incorrect service. This endpoint belongs to "s3".`,
  ],
  CredentialTerminator: [
    400,
    'AuthorizationQueryParametersError',
    `${CREDENTIAL} incorrect terminal. This endpoint uses "aws4_request".`,
  ],
  UnknownAccessKey: [403, 'InvalidAccessKeyID', 'The access key ID you provided does not exist in our records.'],
  SignatureMismatch: [
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
} as const satisfies Record<string, readonly [status: number, code: string, message: string]>

export type AdminErrorName = keyof typeof ADMIN_ERRORS

/** What this dialect finds wrong by itself, beside the faults of the house. */
export class AdminError extends Error {
  readonly error: AdminErrorName
  readonly headers: Record<string, string>

  constructor(error: AdminErrorName, headers: Record<string, string> = {}) {
    super(ADMIN_ERRORS[error][2])
    this.error = error
    this.headers = headers
  }
}
