import type { Bucket } from './bucket'
import type { FaultCode, FaultDetail } from './fault'
import { Fault } from './fault'

/** A fault as a value: errors lose their class on the way out of a Durable Object. */
export interface Refusal {
  ok: false
  code: FaultCode
  detail?: FaultDetail
}

export type Outcome<T> = { ok: true; value: T } | Refusal

/**
 * What a bucket-index answers. Besides an outcome it may say that the caller decided by old settings (then nothing was
 * done, and `bucket` holds the present ones), or that the bucket is gone.
 */
export type IndexAnswer<T> =
  | Outcome<T>
  | { ok: false; code: 'StaleSettings'; bucket: Bucket }
  | { ok: false; code: 'BucketGone' }

export function done<T>(value: T): { ok: true; value: T } {
  return { ok: true, value }
}

export function refused(code: FaultCode, detail?: FaultDetail): Refusal {
  return detail ? { ok: false, code, detail } : { ok: false, code }
}

/** The value of an outcome, or its fault thrown on our side of the call. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw new Fault(outcome.code, outcome.detail)
}
