import type { JobKind } from '../model/job'
import { audit } from './audit'
import { emptyBucket } from './empty-bucket'
import { healBucket, healFormat, healObject, healUpload } from './heal'
import { lifecycle } from './lifecycle'
import type { Slice, Workplace } from './step'
import { sweep } from './sweep'

/** How each kind of job does a slice. */
const STEPS = {
  sweep,
  lifecycle,
  audit,
  'heal-bucket': healBucket,
  'heal-object': healObject,
  'heal-upload': healUpload,
  'heal-format': healFormat,
  'empty-bucket': emptyBucket,
} satisfies Record<JobKind, (workplace: Workplace, slice: Slice<never>) => Promise<unknown>>

/**
 * Does a slice of a job of any kind.
 * @param slice  with the cursor that the slice before, of the same kind, gave
 */
export function step(kind: JobKind, workplace: Workplace, slice: Slice<unknown>): Promise<unknown> {
  // Each kind gets back only what it gave itself.
  return STEPS[kind](workplace, slice as Slice<never>)
}
