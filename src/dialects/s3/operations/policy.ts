import { blocksPolicy, isPublicBucket } from '../../../auth/acl/ownership'
import { readPolicy } from '../../../auth/policy/read'
import { Fault } from '../../../model/fault'
import { MalformedPolicy, type Policy } from '../../../model/policy'
import { aclOf, policyOf } from '../../../store/rights'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { S3Error } from '../s3-error'
import { readText } from '../wire-document'

/** AWS takes 20 KB; what is longer is said to be malformed. */
const MAX_POLICY_BYTES = 20 * 1024

/** GET /{bucket}?policy: as it was put. Source: S3 API reference, GetBucketPolicy. */
export async function getBucketPolicy({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const { settings } = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketPolicy')
  if (settings.policy === undefined) throw new S3Error('NoSuchBucketPolicy', undefined, { BucketName: bucket })
  return new Response(settings.policy, { headers: { 'content-type': 'application/json' } })
}

/** PUT /{bucket}?policy. Source: S3 API reference, PutBucketPolicy. */
export async function putBucketPolicy({ caller, bucket, openBody, wharf }: BucketCall): Promise<Response> {
  const text = await readText(openBody(), MAX_POLICY_BYTES)
  const policy = read(text, bucket)
  await wharf.store.buckets.configure(caller, bucket, 's3:PutBucketPolicy', settings => {
    if (blocksPolicy(settings.publicAccessBlock, policy)) throw new Fault('AccessDenied')
    return { ...settings, policy: text }
  })
  return new Response(null, { status: 204 })
}

/** DELETE /{bucket}?policy. Source: S3 API reference, DeleteBucketPolicy. */
export async function deleteBucketPolicy({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  await wharf.store.buckets.configure(caller, bucket, 's3:DeleteBucketPolicy', ({ policy: _, ...rest }) => rest)
  return new Response(null, { status: 204 })
}

/** GET /{bucket}?policyStatus. Source: S3 API reference, GetBucketPolicyStatus. */
export async function getBucketPolicyStatus({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const found = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketPolicyStatus')
  const { ownership = 'ObjectWriter', publicAccessBlock } = found.settings
  const isPublic = isPublicBucket({ policy: policyOf(found), acl: aclOf(found.settings), ownership, publicAccessBlock })
  return xml('PolicyStatus', { IsPublic: isPublic })
}

function read(text: string, bucket: string): Policy {
  try {
    return readPolicy(text, { kind: 'bucket', bucket })
  } catch (error) {
    if (error instanceof MalformedPolicy) throw new S3Error('MalformedPolicy', error.message)
    throw error
  }
}
