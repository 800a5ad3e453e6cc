import { Fault } from '../../../model/fault'
import type { ObjectCall } from '../call'
import { writeConditions } from '../wire-conditions'
import { readDescription, writtenHeaders } from '../wire-object'
import { putVersion } from '../wire-version'

/** PUT /{bucket}/{key}. Source: S3 API reference, PutObject. */
export async function putObject({ caller, bucket, key, headers, openBody, wharf }: ObjectCall): Promise<Response> {
  const description = readDescription(headers)
  requireLength(headers)
  const conditions = writeConditions(headers)
  const body = openBody()
  const { record, versionId } = await wharf.store.objects.put(caller, { bucket, key, body, description, conditions })
  const answer = writtenHeaders(record)
  putVersion(answer, versionId)
  return new Response(null, { headers: answer })
}

/** @throws Fault LengthRequired where neither a length nor a chunked transfer tells that there is a body at all */
export function requireLength(headers: Headers): void {
  if (!headers.has('content-length') && !headers.has('transfer-encoding')) throw new Fault('LengthRequired')
}
