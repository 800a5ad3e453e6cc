import { readXml } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { invalidArgument, notImplemented, S3Error } from '../s3-error'
import { readText, refuseStrangers } from '../wire-document'
import { refuseAcl } from '../wire-object'

const MAX_DOCUMENT_BYTES = 1024 * 1024

/** PUT /{bucket}. Source: S3 API reference, CreateBucket. */
export async function createBucket({ caller, bucket, headers, openBody, wharf }: BucketCall): Promise<Response> {
  refuseStrangers(caller)
  refuseAcl(headers)
  if (headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw notImplemented('x-amz-bucket-object-lock-enabled')
  }
  refuseOwnership(headers.get('x-amz-object-ownership'))
  const text = await readText(openBody(), MAX_DOCUMENT_BYTES)
  if (text.trim() !== '') readConfiguration(text)
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

/** Any location is taken: Wharf has one. */
function readConfiguration(text: string): void {
  const { LocationConstraint, Tags } = readXml(text, 'CreateBucketConfiguration', ['Tag'])
  if (LocationConstraint !== undefined && typeof LocationConstraint !== 'string') throw new S3Error('MalformedXML')
  if (Tags !== undefined) throw new S3Error('NotImplemented', 'Tags of buckets are not supported.')
}

function refuseOwnership(ownership: string | null): void {
  if (ownership === null || ownership === 'ObjectWriter') return
  if (ownership === 'BucketOwnerEnforced' || ownership === 'BucketOwnerPreferred') {
    throw notImplemented('x-amz-object-ownership', ownership)
  }
  throw invalidArgument('x-amz-object-ownership', ownership, 'Invalid x-amz-object-ownership header.')
}

function arn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}
