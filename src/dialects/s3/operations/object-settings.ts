import type { ObjectCall } from '../call'
import { xml } from '../render'
import { S3Error } from '../s3-error'

/** GET /{bucket}/{key}?tagging: objects bear no tags yet. aws-cli reads this before each large copy. */
export async function getObjectTagging({ caller, bucket, key, wharf }: ObjectCall): Promise<Response> {
  await wharf.store.objects.head(caller, { bucket, key })
  return xml('Tagging', { TagSet: {} })
}

/** Retention and legal hold, read or written, of a bucket without object lock. */
export async function lacksObjectLock({ caller, bucket, key, wharf }: ObjectCall): Promise<Response> {
  await wharf.store.objects.head(caller, { bucket, key })
  throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration.')
}
