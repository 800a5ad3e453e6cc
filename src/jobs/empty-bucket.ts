import { JOB_CALLER, type Step } from './step'

const PAGE = 1000

export interface EmptyBucketCursor {
  stage: 'objects' | 'uploads'
}

/** Removes every object of a bucket, in all its versions, and ends every upload. What is written meanwhile may remain. */
export const emptyBucket: Step<EmptyBucketCursor> = async ({ store }, slice) => {
  const { bucket = '' } = slice.params
  let stage = slice.cursor?.stage ?? 'objects'
  do {
    if (stage === 'objects') {
      const page = await store.listing.listVersions(JOB_CALLER, bucket, { prefix: '', limit: PAGE })
      const entries = page.versions.map(({ key, stamp }) => ({ key, stamp }))
      const removals = entries.length > 0 ? await store.objects.remove(JOB_CALLER, bucket, entries) : []
      const removed = removals.filter(({ ended }) => ended === 'removed').length
      slice.count('removed', removed)
      // Where nothing went, the rest is protected: to go round again would be for ever.
      if (!page.truncated || removed === 0) stage = 'uploads'
      continue
    }
    const { uploads, truncated } = await store.uploads.list(JOB_CALLER, bucket, { prefix: '', limit: PAGE })
    for (const { key, id } of uploads) await store.uploads.abort(JOB_CALLER, { bucket, key, upload: id })
    slice.count('uploads', uploads.length)
    if (!truncated) return undefined
  } while (!slice.isOver())
  return { stage }
}
