import type { Account } from '../../../model/caller'
import type { S3Call } from '../call'
import { document } from '../render'
import { invalidArgument } from '../s3-error'

const MAX_BUCKETS = 10_000

/** GET /. Source: S3 API reference, ListBuckets; the JSON form: old MinIO API. */
export async function listBuckets(call: S3Call): Promise<Response> {
  const { query, caller, wharf } = call
  const prefix = query.get('prefix') || undefined
  const token = query.get('continuation-token') || undefined
  const limit = readMaxBuckets(query.get('max-buckets'))
  const after = token && readToken(token)
  const page = await wharf.store.buckets.list(caller, { prefix, after, limit })
  const last = page.buckets.at(-1)
  return document(call, 'ListAllMyBucketsResult', {
    Owner: ownerElement(caller.account),
    Buckets: {
      Bucket: page.buckets.map(bucket => ({
        Name: bucket.name,
        CreationDate: new Date(bucket.createdMillis).toISOString(),
        ...(call.format === 'json' ? {} : { BucketRegion: bucket.region }),
      })),
    },
    ContinuationToken: page.truncated && last ? Buffer.from(last.name).toString('base64url') : undefined,
    Prefix: prefix,
  })
}

export function ownerElement({ id, displayName }: Account): { ID: string; DisplayName: string } {
  return { ID: id, DisplayName: displayName }
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString()
  if (Buffer.from(name).toString('base64url') === token) return name
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect')
}

function readMaxBuckets(text: string | undefined): number {
  if (text === undefined || text === '') return MAX_BUCKETS
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > MAX_BUCKETS) {
    throw invalidArgument('max-buckets', text, `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}.`)
  }
  return value
}
