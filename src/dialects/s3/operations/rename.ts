import { percentDecode } from '../../../wire/percent'
import type { ObjectCall } from '../call'
import { invalidArgument } from '../s3-error'
import { readConditions, writeConditions } from '../wire-conditions'

const MAX_TOKEN_LENGTH = 64

/**
 * PUT /{bucket}/{key}?renameObject. Source: S3 API reference, RenameObject.
 *
 * AWS has it for directory buckets; here it works in every bucket that keeps no versions.
 */
export async function renameObject({ caller, bucket, key, headers, wharf }: ObjectCall): Promise<Response> {
  const token = headers.get('x-amz-client-token') ?? undefined
  if (token !== undefined && (token === '' || token.length > MAX_TOKEN_LENGTH)) {
    throw invalidArgument('x-amz-client-token', token, 'The client token is not valid.')
  }
  await wharf.store.copying.rename(caller, bucket, {
    from: readSource(headers.get('x-amz-rename-source') ?? '', bucket),
    to: key,
    token,
    conditions: writeConditions(headers),
    sourceConditions: readConditions(headers, 'x-amz-rename-source-'),
  })
  return new Response(null)
}

/** `/bucket/key` or `bucket/key`, percent-encoded; of this bucket. */
function readSource(header: string, bucket: string): string {
  const path = percentDecode(header)?.replace(/^\//, '')
  const prefix = `${bucket}/`
  if (!path?.startsWith(prefix) || path.length === prefix.length) {
    throw invalidArgument('x-amz-rename-source', header, 'The rename source must be a key of the same bucket.')
  }
  return path.slice(prefix.length)
}
