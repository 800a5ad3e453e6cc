import type { BucketSettings } from '../../../model/bucket'
import { Fault } from '../../../model/fault'
import type { Tag } from '../../../model/tags'
import { isElement, readXml } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { settle } from '../requested-acl'
import { S3Error } from '../s3-error'
import { readAclHeaders } from '../wire-acl'
import { readText } from '../wire-document'
import { readOwnershipHeader } from '../wire-public-access'
import { MAX_BUCKET_TAGS, readTags } from '../wire-tags'

const MAX_DOCUMENT_BYTES = 1024 * 1024

/** PUT /{bucket}. Source: S3 API reference, CreateBucket. */
export async function createBucket(call: BucketCall): Promise<Response> {
  const { caller, bucket, headers, openBody, wharf } = call
  if (caller.kind === 'anonymous') throw new Fault('AccessDenied')
  const settings: BucketSettings = { ownership: readOwnershipHeader(headers) }
  if (headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    settings.versioning = 'Enabled'
    settings.objectLock = {}
  }
  const text = await readText(openBody(), MAX_DOCUMENT_BYTES)
  if (text.trim() !== '') settings.tags = readConfiguration(text)
  settings.acl = await requestedBucketAcl(call, settings)
  await wharf.store.buckets.create(caller, bucket, settings)
  return new Response(null, { headers: { location: `/${bucket}`, 'x-amz-bucket-arn': arn(bucket) } })
}

async function requestedBucketAcl(call: BucketCall, settings: BucketSettings): Promise<string | undefined> {
  const asked = readAclHeaders(call.headers)
  if (!asked) return undefined
  const owner = call.caller.account.id
  try {
    return await settle(call, asked, { owner, settings }, owner)
  } catch (error) {
    if (!(error instanceof S3Error && error.code === 'AccessControlListNotSupported')) throw error
    throw new S3Error('InvalidBucketAclWithObjectOwnership')
  }
}

/** HEAD /{bucket}. Source: S3 API reference, HeadBucket. */
export async function headBucket({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const { region } = await wharf.store.buckets.head(caller, bucket)
  return new Response(null, {
    headers: { 'x-amz-bucket-region': region, 'x-amz-bucket-arn': arn(bucket), 'content-type': 'application/xml' },
  })
}

/** DELETE /{bucket}. Source: S3 API reference, DeleteBucket. */
export async function deleteBucket({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  await wharf.store.buckets.remove(caller, bucket)
  return new Response(null, { status: 204 })
}

/** GET /{bucket}?location. The oldest region is written as nothing at all. Source: S3 API reference, GetBucketLocation. */
export async function getBucketLocation({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const { region } = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketLocation')
  return xml('LocationConstraint', region === 'us-east-1' ? {} : { '#': region })
}

/** Any location is taken: Wharf has one. @returns the tags that the bucket is to have */
function readConfiguration(text: string): Tag[] | undefined {
  const { LocationConstraint, Tags } = readXml(text, 'CreateBucketConfiguration', ['Tag'])
  if (LocationConstraint !== undefined && typeof LocationConstraint !== 'string') throw new S3Error('MalformedXML')
  if (Tags === undefined) return undefined
  if (!isElement(Tags)) throw new S3Error('MalformedXML')
  return readTags(Tags, MAX_BUCKET_TAGS)
}

function arn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}
