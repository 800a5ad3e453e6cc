import type { XmlElement } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { S3Error, type S3ErrorCode } from '../s3-error'

type Read = (call: BucketCall) => Promise<Response>

/**
 * The setting of a bucket on which it was never made, where S3 answers with a document of what holds then.
 * Clients read these on every bucket that they meet.
 * @param action  the right to read it
 */
export function bucketSetting(root: string, content: XmlElement, action: string): Read {
  return async ({ caller, bucket, wharf }) => {
    await wharf.store.buckets.describe(caller, bucket, action)
    return xml(root, content)
  }
}

export function emptySetting(root: string, action: string): Read {
  return bucketSetting(root, {}, action)
}

/** The setting of a bucket on which it was never made, where S3 answers that there is none. */
export function unsetSetting(code: S3ErrorCode, action: string): Read {
  return async ({ caller, bucket, wharf }) => {
    await wharf.store.buckets.describe(caller, bucket, action)
    throw new S3Error(code, undefined, { BucketName: bucket })
  }
}
