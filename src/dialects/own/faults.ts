import { json } from 'itty-router'
import { Fault, type FaultCode } from '../../model/fault'
import { MalformedPolicy } from '../../model/policy'

/** Everything that can go wrong here besides what the store says: a request that is not what this dialect knows. */
export class BadRequest extends Error {}

/** Codes that do not stand here are a client's mistake: 400. */
const STATUS: Partial<Record<FaultCode, number>> = {
  AccessDenied: 403,
  UnknownAccessKey: 403,
  SignatureMismatch: 403,
  HeadersNotSigned: 403,
  ClockSkewed: 403,
  RequestExpired: 403,
  InvalidToken: 403,
  QuotaExceeded: 403,
  NoSuchBucket: 404,
  NoSuchObject: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NoSuchEntity: 404,
  NoSuchJob: 404,
  BodyTooLarge: 413,
  Conflict: 409,
  BucketNotEmpty: 409,
  PreconditionFailed: 412,
  Overloaded: 503,
  Interrupted: 503,
  NotConfigured: 503,
  Internal: 500,
  ObjectDamaged: 500,
}

/** What a client is shown of an error; of what nobody foresaw, only the request's id. */
export function failure(error: unknown, requestId: string): Response {
  if (error instanceof BadRequest) return json({ error: error.message, code: 'BadRequest', requestId }, { status: 400 })
  if (error instanceof MalformedPolicy) {
    return json({ error: error.message, code: 'MalformedPolicy', requestId }, { status: 400 })
  }
  if (!(error instanceof Fault) || error.code === 'Internal') {
    return json({ error: 'Something went wrong; the log says what.', code: 'Internal', requestId }, { status: 500 })
  }
  const { problem } = error.detail
  const sentence = problem === undefined ? error.message : `${error.message}: ${problem}`
  return json({ error: sentence, code: error.code, requestId }, { status: STATUS[error.code] ?? 400 })
}
