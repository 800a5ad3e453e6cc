import { Fault } from '../model/fault'
import type { Stamp } from '../model/versions'
import type { Store } from '../store/store'
import { JOB_CALLER, type Step } from './step'

const PAGE = 1000

export interface EmptyBucketCursor {
  stage: 'objects' | 'uploads'
  afterKey?: string
  afterStamp?: Stamp
}

/**
 * Removes every object of a bucket, in all its versions, and ends every upload. What is protected stays; what is written
 * meanwhile may remain.
 */
export const emptyBucket: Step<EmptyBucketCursor> = async ({ store }, slice) => {
  const { bucket = '' } = slice.params
  let cursor: EmptyBucketCursor = slice.cursor ?? { stage: 'objects' }
  do {
    if (cursor.stage === 'objects') {
      const { afterKey, afterStamp } = cursor
      const page = await store.listing.listVersions(JOB_CALLER, bucket, {
        prefix: '',
        afterKey,
        afterStamp,
        limit: PAGE,
      })
      const entries = page.versions.map(({ key, stamp }) => ({ key, stamp }))
      const removals = entries.length > 0 ? await store.objects.remove(JOB_CALLER, bucket, entries) : []
      slice.count('removed', removals.filter(({ ended }) => ended === 'removed').length)
      slice.count('protected', removals.filter(({ ended }) => ended === 'protected').length)
      const next = { afterKey: page.nextKey, afterStamp: page.nextStamp }
      cursor = page.truncated ? { stage: 'objects', ...next } : { stage: 'uploads' }
      continue
    }
    const { uploads, truncated } = await store.uploads.list(JOB_CALLER, bucket, { prefix: '', limit: PAGE })
    for (const { key, id } of uploads) await abort(store, { bucket, key, upload: id })
    slice.count('uploads', uploads.length)
    if (!truncated) return undefined
  } while (!slice.isOver())
  return cursor
}

/** One that was completed or aborted meanwhile is gone all the same. */
async function abort({ uploads }: Store, place: { bucket: string; key: string; upload: string }): Promise<void> {
  try {
    await uploads.abort(JOB_CALLER, place)
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'NoSuchUpload')) throw error
  }
}
