import { Fault } from '../../../model/fault'
import type { IncomingBody } from '../../../streams/incoming'
import type { ObjectCall } from '../call'
import { requestedAcl } from '../requested-acl'
import { S3Error } from '../s3-error'
import { writeConditions } from '../wire-conditions'
import { putExpiration } from '../wire-lifecycle'
import { readDescription, writtenHeaders } from '../wire-object'
import { putVersion } from '../wire-version'

/** PUT /{bucket}/{key}. Source: S3 API reference, PutObject. */
export async function putObject(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, openBody, wharf } = call
  const description = readDescription(headers, wharf.now())
  requireLength(headers)
  const conditions = writeConditions(headers)
  const body = openBody()
  if (description.lock) requireChecksum(body)
  const {
    record,
    versionId,
    bucket: present,
  } = await wharf.store.objects.put(caller, {
    bucket,
    key,
    body,
    description,
    acl: requestedAcl(call),
    conditions,
  })
  const answer = writtenHeaders(record)
  putVersion(answer, versionId)
  putExpiration(answer, present, record)
  return new Response(null, { headers: answer })
}

/** What is to be kept unchanged must have arrived unchanged. */
export function requireChecksum({ promised }: IncomingBody): void {
  if (promised.md5 !== undefined || promised.checksum) return
  throw new S3Error(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  )
}

/** @throws Fault LengthRequired where neither a length nor a chunked transfer tells that there is a body at all */
export function requireLength(headers: Headers): void {
  if (!headers.has('content-length') && !headers.has('transfer-encoding')) throw new Fault('LengthRequired')
}
