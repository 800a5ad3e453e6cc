import { Fault } from '../../../model/fault'
import type { RemoveEntry } from '../../../model/index-calls'
import { requireKey } from '../../../model/names'
import { readVersionId, versionIdOf } from '../../../model/versions'
import { parseEtags, unquoted } from '../../../wire/etag'
import { parseHttpDate } from '../../../wire/http-date'
import { isElement, type XmlElement } from '../../../wire/xml'
import type { BucketCall, ObjectCall } from '../call'
import { failureOf } from '../faults'
import { xml } from '../render'
import { invalidArgument, S3Error } from '../s3-error'
import { readXmlBody, refuseStrangers } from '../wire-document'
import { asksToBypass } from '../wire-object-lock'
import { putVersion, readVersion } from '../wire-version'

const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
const MAX_ENTRIES = 1000

/** DELETE /{bucket}/{key}. Removing what is not there succeeds. Source: S3 API reference, DeleteObject. */
export async function deleteObject(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  const entry: RemoveEntry = {
    key,
    stamp: readVersion(call.query),
    bypassGovernance: asksToBypass(headers) || undefined,
    ifMatch: parseEtags(headers.get('if-match')),
    ifModifiedSeconds: readHeader(headers, 'x-amz-if-match-last-modified-time', parseHttpDate),
    ifSize: readHeader(headers, 'x-amz-if-match-size', readSize),
  }
  const [removal] = await wharf.store.objects.remove(caller, bucket, [entry])
  const fault = faultOf(removal)
  if (fault) throw fault
  const answer = new Headers()
  if (removal?.ended === 'marked') putVersion(answer, versionIdOf(removal.stamp))
  if (removal?.ended === 'removed' && entry.stamp !== undefined) putVersion(answer, versionIdOf(removal.stamp))
  if (isMarker(removal)) answer.set('x-amz-delete-marker', 'true')
  return new Response(null, { status: 204, headers: answer })
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
  await refuseStrangers(call)
  const body = openBody()
  const { promised } = body
  const isSigned = promised.sha256 !== undefined
  if (promised.md5 === undefined && !promised.checksum && !isSigned) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5 or x-amz-checksum-*')
  }
  const content = await readXmlBody(body, { root: 'Delete', lists: ['Object'], maxBytes: MAX_DOCUMENT_BYTES })
  const { wanted, quiet } = readDelete(content, asksToBypass(call.headers) || undefined)
  const possible = wanted.filter(({ fault }) => !fault)
  const removals = await wharf.store.objects.remove(
    caller,
    bucket,
    possible.map(({ entry }) => entry),
  )
  // A stranger who may remove none of them is told so as a whole.
  const isRefused = caller.kind === 'anonymous' && removals.every(removal => removal.ended === 'denied')
  if (isRefused) throw new Fault('AccessDenied')
  const outcomes = new Map(possible.map((one, i) => [one, removals[i]]))

  const deleted: XmlElement[] = []
  const errors: XmlElement[] = []
  for (const one of wanted) {
    const removal = outcomes.get(one)
    const fault = one.fault ?? faultOf(removal)
    if (!fault) deleted.push({ Key: one.entry.key, VersionId: one.versionId, ...markerElements(removal) })
    else {
      const { code, message } = failureOf(fault)
      errors.push({ Key: one.entry.key, VersionId: one.versionId, Code: code, Message: message })
    }
  }
  return xml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors })
}

type Ended = Awaited<ReturnType<BucketCall['wharf']['store']['objects']['remove']>>[number] | undefined

function faultOf(removal: Ended): Fault | undefined {
  if (removal?.ended === 'denied') return new Fault('AccessDenied')
  if (removal?.ended === 'protected') return new Fault('ObjectLocked')
  return removal?.ended === 'refused' ? new Fault('PreconditionFailed', { condition: 'If-Match' }) : undefined
}

/** Whether a delete marker was put there, or taken away. */
function isMarker(removal: Ended): boolean {
  return removal?.ended === 'marked' || (removal?.ended === 'removed' && removal.wasMarker)
}

function markerElements(removal: Ended): XmlElement {
  if (removal?.ended === 'marked') return { DeleteMarker: true, DeleteMarkerVersionId: versionIdOf(removal.stamp) }
  if (removal?.ended !== 'removed' || !removal.wasMarker) return {}
  return { DeleteMarker: true, DeleteMarkerVersionId: versionIdOf(removal.stamp) }
}

function readDelete(
  content: Record<string, unknown>,
  bypassGovernance: true | undefined,
): { wanted: Wanted[]; quiet: boolean } {
  const objects = content.Object
  if (!Array.isArray(objects) || objects.length > MAX_ENTRIES) throw new S3Error('MalformedXML')
  return {
    wanted: objects.map(object => readEntry(object, bypassGovernance)),
    quiet: String(content.Quiet ?? '').trim() === 'true',
  }
}

function readEntry(object: unknown, bypassGovernance: true | undefined): Wanted {
  if (!isElement(object) || typeof object.Key !== 'string' || object.Key === '') throw new S3Error('MalformedXML')
  const versionId = textOf(object.VersionId)
  const etag = textOf(object.ETag)
  const stamp = versionId === undefined ? undefined : readVersionId(versionId)
  const entry: RemoveEntry = {
    key: object.Key,
    stamp,
    bypassGovernance,
    ifMatch: etag === undefined ? undefined : [unquoted(etag)],
    ifModifiedSeconds: readMember(object.LastModifiedTime, parseHttpDate),
    ifSize: readMember(object.Size, readSize),
  }
  return { entry, versionId, fault: faultOfEntry(entry, versionId) }
}

function faultOfEntry({ key, stamp }: RemoveEntry, versionId: string | undefined): Fault | S3Error | undefined {
  if (versionId !== undefined && stamp === undefined) {
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

/** A condition that cannot be read must not count as none: the delete would go ahead. */
function readHeader(headers: Headers, name: string, parse: (text: string) => number | undefined): number | undefined {
  const text = headers.get(name)
  if (text === null) return undefined
  const value = parse(text)
  if (value === undefined) throw invalidArgument(name, text, `The value of ${name} is not valid.`)
  return value
}

function readMember(member: unknown, parse: (text: string) => number | undefined): number | undefined {
  if (member === undefined) return undefined
  const value = parse(textOf(member) ?? '')
  if (value === undefined) throw new S3Error('MalformedXML')
  return value
}

function readSize(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}
