import { quoted } from '../../../wire/etag'
import type { ObjectCall } from '../call'
import { requestedAcl } from '../requested-acl'
import { invalidArgument } from '../s3-error'
import { putChecksumHeaders } from '../wire-checksum'
import { writeConditions } from '../wire-conditions'
import { putExpiration } from '../wire-lifecycle'
import { readDescription } from '../wire-object'
import { putVersion } from '../wire-version'
import { requireChecksum, requireLength } from './object-write'

export const WRITE_OFFSET = 'x-amz-write-offset-bytes'

/**
 * PUT /{bucket}/{key} with x-amz-write-offset-bytes. Source: S3 User Guide, "Appending data to objects in directory buckets".
 *
 * AWS has it for directory buckets; here it works in every bucket.
 */
export async function appendObject(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, openBody, wharf } = call
  const offset = readOffset(headers.get(WRITE_OFFSET) ?? '')
  const description = readDescription(withoutOffset(headers), wharf.now())
  requireLength(headers)
  const body = openBody()
  if (description.lock) requireChecksum(body)
  const {
    object,
    versionId,
    bucket: present,
  } = await wharf.store.appending.append(caller, {
    bucket,
    key,
    offset,
    body,
    description,
    acl: requestedAcl(call),
    conditions: writeConditions(headers),
  })
  const answer = new Headers({ etag: quoted(object.etag), 'x-amz-object-size': String(object.size) })
  if (object.encryption) answer.set('x-amz-server-side-encryption', object.encryption)
  putChecksumHeaders(answer, object.checksum)
  putVersion(answer, versionId)
  putExpiration(answer, present, { ...object, key })
  return new Response(null, { headers: answer })
}

function readOffset(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidArgument(WRITE_OFFSET, text, 'The write offset must be a whole number of bytes, 0 or more.')
}

/** Other writes have no offset, and refuse one. */
function withoutOffset(headers: Headers): Headers {
  const others = new Headers(headers)
  others.delete(WRITE_OFFSET)
  return others
}
