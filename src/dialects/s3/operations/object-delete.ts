import { Fault } from '../../../model/fault'
import type { RemoveEntry } from '../../../model/index-calls'
import { requireKey } from '../../../model/names'
import { readDocument } from '../../../streams/promised'
import { parseEtags, unquoted } from '../../../wire/etag'
import { parseHttpDate } from '../../../wire/http-date'
import { isElement, readXml, type XmlElement } from '../../../wire/xml'
import type { BucketCall, ObjectCall } from '../call'
import { failureOf } from '../faults'
import { xml } from '../render'
import { S3Error } from '../s3-error'
import { requireNoVersion } from './object-read'

const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
const MAX_ENTRIES = 1000

/** DELETE /{bucket}/{key}. Removing what is not there succeeds. Source: S3 API reference, DeleteObject. */
export async function deleteObject(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  requireNoVersion(call)
  const size = headers.get('x-amz-if-match-size')
  const entry: RemoveEntry = {
    key,
    ifMatch: parseEtags(headers.get('if-match')),
    ifModifiedSeconds: parseHttpDate(headers.get('x-amz-if-match-last-modified-time')),
    ifSize: size === null ? undefined : Number(size),
  }
  const [removal] = await wharf.store.objects.remove(caller, bucket, [entry])
  if (removal === 'denied') throw new Fault('AccessDenied')
  if (removal === 'refused') throw new Fault('PreconditionFailed', { condition: 'If-Match' })
  return new Response(null, { status: 204 })
}

interface Wanted {
  entry: RemoveEntry
  versionId?: string
  /** Why this entry cannot be carried out at all. */
  fault?: Fault | S3Error
}

/** POST /{bucket}?delete. Each entry is judged by itself. Source: S3 API reference, DeleteObjects. */
export async function deleteObjects(call: BucketCall): Promise<Response> {
  const { caller, bucket, openBody, wharf } = call
  const body = openBody()
  const { promised } = body
  const isSigned = promised.sha256 !== undefined
  if (promised.md5 === undefined && !promised.checksum && !isSigned) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5 or x-amz-checksum-*')
  }
  const text = Buffer.from(await readDocument(body, MAX_DOCUMENT_BYTES)).toString()
  const { wanted, quiet } = readDelete(text)
  const possible = wanted.filter(({ fault }) => !fault)
  const removals = await wharf.store.objects.remove(
    caller,
    bucket,
    possible.map(({ entry }) => entry),
  )
  const outcomes = new Map(possible.map((one, i) => [one, removals[i]]))

  const deleted: XmlElement[] = []
  const errors: XmlElement[] = []
  for (const one of wanted) {
    const fault = one.fault ?? faultOf(outcomes.get(one))
    if (!fault) deleted.push({ Key: one.entry.key, VersionId: one.versionId })
    else {
      const { code, message } = failureOf(fault)
      errors.push({ Key: one.entry.key, VersionId: one.versionId, Code: code, Message: message })
    }
  }
  return xml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors })
}

function faultOf(removal: string | undefined): Fault | undefined {
  if (removal === 'denied') return new Fault('AccessDenied')
  return removal === 'refused' ? new Fault('PreconditionFailed') : undefined
}

function readDelete(text: string): { wanted: Wanted[]; quiet: boolean } {
  const content = readXml(text, 'Delete', ['Object'])
  const objects = content.Object
  if (!Array.isArray(objects) || objects.length > MAX_ENTRIES) throw new S3Error('MalformedXML')
  return { wanted: objects.map(readEntry), quiet: String(content.Quiet ?? '').trim() === 'true' }
}

function readEntry(object: unknown): Wanted {
  if (!isElement(object) || typeof object.Key !== 'string' || object.Key === '') throw new S3Error('MalformedXML')
  const versionId = textOf(object.VersionId)
  const size = textOf(object.Size)
  const modified = textOf(object.LastModifiedTime)
  const etag = textOf(object.ETag)
  const entry: RemoveEntry = {
    key: object.Key,
    ifMatch: etag === undefined ? undefined : [unquoted(etag)],
    ifModifiedSeconds: parseHttpDate(modified),
    ifSize: size === undefined ? undefined : Number(size),
  }
  return { entry, versionId, fault: faultOfEntry(entry.key, versionId) }
}

function faultOfEntry(key: string, versionId: string | undefined): Fault | S3Error | undefined {
  if (versionId !== undefined && versionId !== 'null') {
    return new S3Error('InvalidArgument', 'Invalid version id specified')
  }
  try {
    requireKey(key)
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}
