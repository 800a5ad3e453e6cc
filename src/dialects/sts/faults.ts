import { Fault, type FaultCode } from '../../model/fault'
import { MalformedPolicy } from '../../model/policy'
import { writeXml } from '../../wire/xml'

export const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

type StsErrorCode = 'InvalidAction' | 'ValidationError'

/** What only this dialect can get wrong. */
export class StsError extends Error {
  readonly code: StsErrorCode

  constructor(code: StsErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

type Face = [status: number, code: string, message: string]

/** What may happen before credentials are made; every other fault is the server's own. Source: STS API reference, "Common Errors". */
const FACES: Partial<Record<FaultCode, Face>> = {
  AccessDenied: [403, 'AccessDenied', 'Access denied: sign the request with an access key that lasts.'],
  UnknownAccessKey: [403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'],
  InvalidToken: [403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'],
  ExpiredToken: [403, 'ExpiredToken', 'The security token included in the request is expired.'],
  SignatureMismatch: [403, 'SignatureDoesNotMatch', 'The signature does not match the one that was calculated.'],
  HeadersNotSigned: [403, 'SignatureDoesNotMatch', 'There were headers present in the request which were not signed.'],
  ClockSkewed: [403, 'SignatureDoesNotMatch', 'Signature expired: the clocks of client and server differ.'],
  WrongRegion: [403, 'SignatureDoesNotMatch', 'Credential should be scoped to a valid region.'],
  PayloadHashMismatch: [403, 'SignatureDoesNotMatch', 'The body is not the one that was signed.'],
  PayloadHashInvalid: [400, 'IncompleteSignature', 'x-amz-content-sha256 is not valid.'],
  CredentialMalformed: [400, 'IncompleteSignature', 'The credential is malformed.'],
  QueryCredentialMalformed: [400, 'IncompleteSignature', 'The credential is malformed.'],
  UnsupportedSignature: [400, 'IncompleteSignature', 'Sign with AWS4-HMAC-SHA256.'],
  SeveralCredentials: [400, 'IncompleteSignature', 'The request has several credentials.'],
  InvalidKey: [400, 'ValidationError', 'The query is malformed.'],
  BodyTooLarge: [400, 'ValidationError', 'The form is too long.'],
  Overloaded: [503, 'ServiceUnavailable', 'Please try again.'],
  Interrupted: [503, 'ServiceUnavailable', 'Please try again.'],
  NotConfigured: [503, 'ServiceUnavailable', 'The service is not set up yet.'],
}

/** What a client is shown of an error; of what nobody foresaw, only the request's id. */
export function failure(error: unknown, requestId: string): Response {
  const [status, code, message] = faceOf(error)
  const document = writeXml('ErrorResponse', {
    '@xmlns': NAMESPACE,
    Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
    RequestId: requestId,
  })
  return new Response(document, { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId } })
}

function faceOf(error: unknown): Face {
  if (error instanceof StsError) return [400, error.code, error.message]
  if (error instanceof MalformedPolicy) return [400, 'MalformedPolicyDocument', error.message]
  const face = error instanceof Fault ? FACES[error.code] : undefined
  if (!(error instanceof Fault) || !face) return [500, 'InternalFailure', 'Something went wrong; the log says what.']
  const [status, code, message] = face
  // NotConfigured says what to set, others what was wrong with what.
  if (error.code === 'NotConfigured') return [status, code, error.message]
  return [status, code, error.detail.problem === undefined ? message : `${message} (${error.detail.problem})`]
}
