import { JOB_CALLER, type Step } from './step'

const PAGE = 1000

export interface EmptyBucketCursor {
  stage: 'objects' | 'uploads'
}

/** Removes every object of a bucket, and ends every upload. What is written meanwhile is removed too, where it is met. */
export const emptyBucket: Step<EmptyBucketCursor> = async ({ store }, slice) => {
  const { bucket = '' } = slice.params
  let stage = slice.cursor?.stage ?? 'objects'
  do {
    if (stage === 'objects') {
      const page = await store.listing.list(JOB_CALLER, bucket, { prefix: '', limit: PAGE })
      const entries = page.objects.map(({ key }) => ({ key }))
      if (entries.length > 0) await store.objects.remove(JOB_CALLER, bucket, entries)
      slice.count('removed', entries.length)
      if (!page.truncated) stage = 'uploads'
      continue
    }
    const { uploads, truncated } = await store.uploads.list(JOB_CALLER, bucket, { prefix: '', limit: PAGE })
    for (const { key, id } of uploads) await store.uploads.abort(JOB_CALLER, { bucket, key, upload: id })
    slice.count('uploads', uploads.length)
    if (!truncated) return undefined
  } while (!slice.isOver())
  return { stage }
}
