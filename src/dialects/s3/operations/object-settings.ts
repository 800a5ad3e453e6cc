import type { DescriptionChange } from '../../../model/index-calls'
import type { ObjectRecord } from '../../../model/object'
import type { ObjectCall } from '../call'
import { xml } from '../render'
import { S3Error } from '../s3-error'
import { readText } from '../wire-document'
import { asksToBypass, legalHoldElements, readLegalHold, readRetention, retentionElements } from '../wire-object-lock'
import { MAX_OBJECT_TAGS, readTagging, taggingElements, taggingHeader } from '../wire-tags'
import { putVersion, readVersion } from '../wire-version'

const MAX_DOCUMENT_BYTES = 64 * 1024

/** GET /{bucket}/{key}?tagging. Source: S3 API reference, GetObjectTagging. */
export async function getObjectTagging(call: ObjectCall): Promise<Response> {
  const { record, versionId } = await describe(call, taggingAction(call, 'Get'))
  const answer = xml('Tagging', taggingElements(record.tags ?? []))
  putVersion(answer.headers, versionId)
  return answer
}

/** PUT /{bucket}/{key}?tagging. Source: S3 API reference, PutObjectTagging. */
export async function putObjectTagging(call: ObjectCall): Promise<Response> {
  const tags = readTagging(await readText(call.openBody(), MAX_DOCUMENT_BYTES), MAX_OBJECT_TAGS)
  // Policies judge by the tags that are put, not by what a header says besides.
  const judged = new Headers(call.headers)
  judged.set('x-amz-tagging', taggingHeader(tags))
  call.judgeBy(judged)
  return change(call, taggingAction(call, 'Put'), { tags }, 200)
}

/** DELETE /{bucket}/{key}?tagging. Source: S3 API reference, DeleteObjectTagging. */
export async function deleteObjectTagging(call: ObjectCall): Promise<Response> {
  return change(call, taggingAction(call, 'Delete'), { tags: [] }, 204)
}

/** GET /{bucket}/{key}?retention. Source: S3 API reference, GetObjectRetention. */
export async function getObjectRetention(call: ObjectCall): Promise<Response> {
  const { record } = await describe(call, 's3:GetObjectRetention')
  await requireObjectLock(call)
  if (!record.lock?.retention) throw new S3Error('NoSuchObjectLockConfiguration')
  return xml('Retention', retentionElements(record.lock.retention))
}

/** PUT /{bucket}/{key}?retention. Source: S3 API reference, PutObjectRetention. */
export async function putObjectRetention(call: ObjectCall): Promise<Response> {
  const text = await readText(call.openBody(), MAX_DOCUMENT_BYTES)
  await requireObjectLock(call)
  const retention = readRetention(text, call.wharf.now())
  return change(call, 's3:PutObjectRetention', { retention }, 200)
}

/** GET /{bucket}/{key}?legal-hold. Source: S3 API reference, GetObjectLegalHold. */
export async function getObjectLegalHold(call: ObjectCall): Promise<Response> {
  const { record } = await describe(call, 's3:GetObjectLegalHold')
  await requireObjectLock(call)
  if (record.lock?.legalHold === undefined) throw new S3Error('NoSuchObjectLockConfiguration')
  return xml('LegalHold', legalHoldElements(record.lock.legalHold))
}

/** PUT /{bucket}/{key}?legal-hold. Source: S3 API reference, PutObjectLegalHold. */
export async function putObjectLegalHold(call: ObjectCall): Promise<Response> {
  const text = await readText(call.openBody(), MAX_DOCUMENT_BYTES)
  await requireObjectLock(call)
  return change(call, 's3:PutObjectLegalHold', { legalHold: readLegalHold(text) }, 200)
}

/** S3 has rights of their own for the tags of a version that is named. */
function taggingAction({ query }: ObjectCall, verb: 'Get' | 'Put' | 'Delete'): string {
  return readVersion(query) === undefined ? `s3:${verb}ObjectTagging` : `s3:${verb}ObjectVersionTagging`
}

function describe(call: ObjectCall, action: string): Promise<{ record: ObjectRecord; versionId: string | undefined }> {
  const { caller, bucket, key, query, wharf } = call
  return wharf.store.objects.head(caller, { bucket, key, stamp: readVersion(query), action })
}

async function change(call: ObjectCall, action: string, wanted: DescriptionChange, status: number): Promise<Response> {
  const { caller, bucket, key, query, headers, wharf } = call
  const { versionId } = await wharf.store.objects.redescribe(caller, {
    bucket,
    key,
    stamp: readVersion(query),
    action,
    change: wanted,
    bypassGovernance: asksToBypass(headers),
  })
  const answer = new Headers()
  putVersion(answer, versionId)
  return new Response(null, { status, headers: answer })
}

async function requireObjectLock({ caller, bucket, wharf }: ObjectCall): Promise<void> {
  const { settings } = await wharf.store.buckets.describe(caller, bucket, undefined)
  if (!settings.objectLock) throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration.')
}
