import { readDocument } from '../../../streams/promised'
import { readXml } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { notImplemented, S3Error } from '../s3-error'
import { refuseAcl } from '../wire-object'

const MAX_DOCUMENT_BYTES = 1024 * 1024

/** PUT /{bucket}. Source: S3 API reference, CreateBucket. */
export async function createBucket({ caller, bucket, headers, openBody, wharf }: BucketCall): Promise<Response> {
  refuseAcl(headers)
  if (headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw notImplemented('x-amz-bucket-object-lock-enabled')
  }
  const text = Buffer.from(await readDocument(openBody(), MAX_DOCUMENT_BYTES)).toString()
  if (text.trim() !== '') {
    const { Tags } = readXml(text, 'CreateBucketConfiguration', ['Tag'])
    if (Tags !== undefined) throw new S3Error('NotImplemented', 'Tags of buckets are not supported.')
  }
  await wharf.store.buckets.create(caller, bucket)
  return new Response(null, { headers: { location: `/${bucket}`, 'x-amz-bucket-arn': arn(bucket) } })
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

function arn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}
