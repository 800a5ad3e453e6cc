import type { CopyHeaders } from '../../../model/copy'
import { Fault } from '../../../model/fault'
import type { ObjectDescription } from '../../../model/object'
import type { ByteRange } from '../../../model/range'
import type { SourcePlace } from '../../../store/copying'
import { quoted } from '../../../wire/etag'
import { percentDecode } from '../../../wire/percent'
import type { ObjectCall } from '../call'
import { expectOwner } from '../expected-owner'
import { xml } from '../render'
import { requestedAcl } from '../requested-acl'
import { invalidArgument, S3Error } from '../s3-error'
import { checksumElements, partChecksumElement, readAlgorithm } from '../wire-checksum'
import { readConditions, writeConditions } from '../wire-conditions'
import { putExpiration } from '../wire-lifecycle'
import { readPartNumber } from '../wire-multipart'
import { readDescription } from '../wire-object'
import { putVersion, requireVersionId } from '../wire-version'
import { readUploadPlace } from './multipart'

const MAX_SOURCE_BYTES = 5 * 1024 ** 3
const SOURCE = 'x-amz-copy-source-'

/** PUT /{bucket}/{key} with x-amz-copy-source. Source: S3 API reference, CopyObject. */
export async function copyObject(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  const from = readSource(headers.get('x-amz-copy-source') ?? '')
  const replaces = readDirective(headers, 'x-amz-metadata-directive')
  const replacesTags = readDirective(headers, 'x-amz-tagging-directive')
  const described = readDescription(headers, wharf.now())
  const algorithm = headers.get('x-amz-checksum-algorithm')
  // Of an older version it is the way to bring that one back.
  const onItself = from.bucket === bucket && from.key === key && from.stamp === undefined
  const changes =
    replaces ||
    replacesTags ||
    described.lock !== undefined ||
    headers.has('x-amz-storage-class') ||
    headers.has('x-amz-website-redirect-location')
  if (onItself && !changes && !headers.has('x-amz-server-side-encryption')) throw new Fault('CopyOntoItself')

  await expectOwner(call, from.bucket, 'x-amz-source-expected-bucket-owner')

  const {
    record,
    versionId,
    sourceVersionId,
    bucket: target,
  } = await wharf.store.copying.copy(caller, {
    from,
    to: { bucket, key },
    sourceConditions: readConditions(headers, SOURCE),
    conditions: writeConditions(headers),
    maxSourceBytes: MAX_SOURCE_BYTES,
    describe: {
      replace: replaces ? { headers: described.headers, metadata: described.metadata } : undefined,
      headers: ownHeaders(described),
      tags: replacesTags ? (described.tags ?? []) : undefined,
      lock: described.lock,
    },
    acl: requestedAcl(call),
    checksumAlgorithm: algorithm === null ? undefined : readAlgorithm('x-amz-checksum-algorithm', algorithm),
  })
  const answer = xml('CopyObjectResult', {
    LastModified: new Date(record.modifiedMillis).toISOString(),
    ETag: quoted(record.etag),
    ...checksumElements(record.checksum),
  })
  putVersion(answer.headers, versionId)
  putVersion(answer.headers, sourceVersionId, 'x-amz-copy-source-version-id')
  putExpiration(answer.headers, target, record)
  if (record.headers.encryption) answer.headers.set('x-amz-server-side-encryption', record.headers.encryption)
  return answer
}

/** PUT /{bucket}/{key}?partNumber&uploadId with x-amz-copy-source. Source: S3 API reference, UploadPartCopy. */
export async function uploadPartCopy(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  const number = readPartNumber(call.query.get('partNumber') ?? '')
  const from = readSource(headers.get('x-amz-copy-source') ?? '')
  const rangeHeader = headers.get('x-amz-copy-source-range')
  await expectOwner(call, from.bucket, 'x-amz-source-expected-bucket-owner')
  const place = { ...readUploadPlace(call), bucket, key, number }
  const part = await wharf.store.uploads.copyPart(caller, place, {
    from,
    conditions: readConditions(headers, SOURCE),
    rangeFor: size => (rangeHeader === null ? undefined : readSourceRange(rangeHeader, size)),
  })
  const upload = await wharf.store.uploads.find(caller, place)
  return xml('CopyPartResult', {
    LastModified: new Date(part.modifiedMillis).toISOString(),
    ETag: quoted(part.etag),
    ...partChecksumElement(upload.checksumAlgorithm, part.checksum),
  })
}

/** `/bucket/key` or `bucket/key`, percent-encoded once or sent raw, with or without `?versionId=`. */
function readSource(header: string): SourcePlace {
  const mark = header.indexOf('?versionId=')
  const version = mark < 0 ? undefined : header.slice(mark + '?versionId='.length)
  const stamp = version === undefined ? undefined : requireVersionId('x-amz-copy-source', version)
  const path = percentDecode(mark < 0 ? header : header.slice(0, mark))?.replace(/^\//, '')
  const slash = path?.indexOf('/') ?? -1
  if (path === undefined || slash < 1 || slash === path.length - 1) {
    throw invalidArgument(
      'x-amz-copy-source',
      header,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  }
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), stamp }
}

/** @returns whether it says REPLACE */
function readDirective(headers: Headers, name: string): boolean {
  const text = headers.get(name)
  if (text === null || text === 'COPY') return false
  if (text === 'REPLACE') return true
  throw invalidArgument(name, text, `Unknown ${name}.`)
}

/** Storage class, redirect and encryption always come from the request. */
function ownHeaders({ headers: { storageClass, websiteRedirect, encryption } }: ObjectDescription): CopyHeaders {
  return { storageClass, websiteRedirect, encryption }
}

/** Both ends must be given, and lie within the source. */
function readSourceRange(header: string, size: number): ByteRange {
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || last < first) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      header,
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    )
  }
  if (first >= size) throw new Fault('RangeNotSatisfiable', { size })
  if (last >= size) {
    throw new S3Error('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, {
      ArgumentName: 'x-amz-copy-source-range',
      ArgumentValue: header,
    })
  }
  return { first, last }
}
