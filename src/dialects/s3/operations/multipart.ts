import type { Account } from '../../../model/caller'
import type { UploadDescription } from '../../../model/index-calls'
import { readUpload, type Upload } from '../../../store/uploads'
import type { IncomingBody } from '../../../streams/incoming'
import { quoted } from '../../../wire/etag'
import type { XmlElement } from '../../../wire/xml'
import type { BucketCall, ObjectCall } from '../call'
import { document, xml } from '../render'
import { requestedAcl } from '../requested-acl'
import { invalidArgument, S3Error } from '../s3-error'
import {
  algorithmName,
  checksumElements,
  partChecksumElement,
  readChecksumType,
  readCompletedChecksum,
  readUploadChecksum,
} from '../wire-checksum'
import { writeConditions } from '../wire-conditions'
import { readXmlBody, refuseStrangers } from '../wire-document'
import { abortHeaders, putExpiration } from '../wire-lifecycle'
import { readCompletion, readPartNumber } from '../wire-multipart'
import { readDescription } from '../wire-object'
import { putVersion } from '../wire-version'
import { commonPrefixOf, readPageAsk } from './listing'
import { requireLength } from './object-write'
import { ownerElement } from './service'

/** Every part but the last has at least so many bytes. */
const MIN_PART_BYTES = 5 * 1024 * 1024
const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024

/** POST /{bucket}/{key}?uploads. Source: S3 API reference, CreateMultipartUpload. */
export async function createMultipartUpload(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  const checksum = readUploadChecksum(headers)
  const description: UploadDescription = {
    ...readDescription(headers),
    checksumAlgorithm: checksum.algorithm,
    checksumType: checksum.type,
    initiator: caller.account.id,
  }
  const created = await wharf.store.uploads.create(caller, { bucket, key }, description, requestedAcl(call))
  const answer = xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: created.id })
  const upload = { key, initiatedMillis: created.initiatedMillis }
  for (const [name, value] of Object.entries(abortHeaders(created.bucket.settings.lifecycle, upload))) {
    answer.headers.set(name, value)
  }
  if (checksum.algorithm && checksum.type) {
    answer.headers.set('x-amz-checksum-algorithm', algorithmName(checksum.algorithm))
    answer.headers.set('x-amz-checksum-type', checksum.type)
  }
  putEncryption(answer.headers, description)
  return answer
}

/** PUT /{bucket}/{key}?partNumber&uploadId. Source: S3 API reference, UploadPart. */
export async function uploadPart(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, openBody, wharf } = call
  const place = readUploadPlace(call)
  const number = readPartNumber(call.query.get('partNumber') ?? '')
  requireLength(headers)
  const body = openBody()
  let upload: Upload | undefined
  const part = await wharf.store.uploads.putPart(caller, { ...place, bucket, key, number }, body, found => {
    upload = found
    expectChecksum(found, body)
  })
  const answer = new Headers({ etag: quoted(part.etag) })
  const algorithm = body.promised.checksum?.algorithm
  if (algorithm && part.checksum !== undefined) answer.set(`x-amz-checksum-${algorithm}`, part.checksum)
  if (upload) putEncryption(answer, upload)
  return new Response(null, { headers: answer })
}

/** POST /{bucket}/{key}?uploadId. Source: S3 API reference, CompleteMultipartUpload. */
export async function completeMultipartUpload(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, openBody, wharf, address } = call
  const { upload } = readUploadPlace(call)
  await refuseStrangers(call)
  const what = { root: 'CompleteMultipartUpload', lists: ['Part'], maxBytes: MAX_DOCUMENT_BYTES }
  const parts = readCompletion(await readXmlBody(openBody('object'), what))
  const size = headers.get('x-amz-mp-object-size')
  if (size !== null && !/^\d{1,15}$/.test(size)) {
    throw new S3Error('InvalidRequest', 'Value for x-amz-mp-object-size header is invalid.')
  }
  const completed = await wharf.store.uploads.complete(caller, bucket, {
    key,
    upload,
    parts,
    minPartBytes: MIN_PART_BYTES,
    size: size === null ? undefined : Number(size),
    checksum: readCompletedChecksum(headers)?.value,
    checksumType: readChecksumType(headers),
    conditions: writeConditions(headers),
  })
  const answer = xml('CompleteMultipartUploadResult', {
    Location: `http://${headers.get('host') ?? 'localhost'}${address.rawPath}`,
    Bucket: bucket,
    Key: key,
    ETag: quoted(completed.etag),
    ...checksumElements(completed.checksum),
  })
  putVersion(answer.headers, completed.versionId)
  putExpiration(answer.headers, completed.bucket, { ...completed, key })
  return answer
}

/** DELETE /{bucket}/{key}?uploadId. Source: S3 API reference, AbortMultipartUpload. */
export async function abortMultipartUpload(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, wharf } = call
  await wharf.store.uploads.abort(caller, { bucket, key, ...readUploadPlace(call) })
  return new Response(null, { status: 204 })
}

/** GET /{bucket}?uploads. Source: S3 API reference, ListMultipartUploads. */
export async function listMultipartUploads(call: BucketCall): Promise<Response> {
  const { caller, bucket, query, wharf } = call
  const { prefix, delimiter, limit, encode } = readPageAsk(query, 'max-uploads')
  const keyMarker = query.get('key-marker') ?? ''
  const uploadMarker = query.get('upload-id-marker') ?? ''
  const isPrefix = uploadMarker === '' && commonPrefixOf(keyMarker, { prefix, delimiter }) === keyMarker
  const page = await wharf.store.uploads.list(caller, bucket, {
    prefix,
    delimiter,
    limit,
    ...(keyMarker === '' ? {} : isPrefix ? { past: keyMarker } : { afterKey: keyMarker }),
    ...(keyMarker !== '' && uploadMarker !== '' ? { afterUpload: uploadMarker } : {}),
  })
  const owner = await accountOf(call, page.bucket.owner)
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: uploadMarker,
    NextKeyMarker: page.truncated ? encode(page.nextKey ?? '') : undefined,
    NextUploadIdMarker: page.truncated ? (page.nextUpload ?? '') : undefined,
    Prefix: encode(prefix),
    Delimiter: delimiter && encode(delimiter),
    EncodingType: query.get('encoding-type') || undefined,
    MaxUploads: limit,
    IsTruncated: page.truncated,
    Upload: page.uploads.map(stored => {
      const upload = readUpload(stored)
      return {
        Key: encode(upload.key),
        UploadId: upload.id,
        Initiator: { ...ownerElement(owner) },
        Owner: { ...ownerElement(owner) },
        StorageClass: upload.headers.storageClass ?? 'STANDARD',
        Initiated: new Date(upload.initiatedMillis).toISOString(),
        ...uploadChecksum(upload),
      }
    }),
    CommonPrefixes: page.prefixes.map(one => ({ Prefix: encode(one) })),
  })
}

/** GET /{bucket}/{key}?uploadId. Source: S3 API reference, ListParts. */
export async function listParts(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, query, wharf } = call
  const { limit, encode } = readPageAsk(query, 'max-parts')
  const marker = readMarker(query.get('part-number-marker'))
  const place = { bucket, key, ...readUploadPlace(call), after: marker, limit }
  const page = await wharf.store.uploads.listParts(caller, place)
  const upload = readUpload(page.upload)
  const owner = await accountOf(call, page.bucket.owner)
  return document(call, 'ListPartsResult', {
    Bucket: bucket,
    Key: encode(key),
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.parts.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: page.truncated,
    Part: page.parts.map(part => ({
      PartNumber: part.number,
      LastModified: new Date(part.modifiedMillis).toISOString(),
      ETag: quoted(part.etag),
      Size: part.size,
      ...partChecksumElement(upload.checksumAlgorithm, part.checksum),
    })),
    Initiator: { ...ownerElement(owner) },
    Owner: { ...ownerElement(owner) },
    StorageClass: upload.headers.storageClass ?? 'STANDARD',
    ...uploadChecksum(upload),
  })
}

export function readUploadPlace({ query }: ObjectCall): { upload: string } {
  return { upload: query.get('uploadId') ?? '' }
}

/**
 * A part carries the upload's checksum or, where the client gave none, gets one computed. An upload without an algorithm
 * takes any: it is verified, and not kept for the result.
 */
function expectChecksum({ checksumAlgorithm }: Upload, body: IncomingBody): void {
  if (!checksumAlgorithm) return
  const { checksum } = body.promised
  if (!checksum) body.promised.checksum = { algorithm: checksumAlgorithm }
  else if (checksum.algorithm !== checksumAlgorithm) {
    const [expected, given] = [algorithmName(checksumAlgorithm), algorithmName(checksum.algorithm)]
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${given}`,
    )
  }
}

function uploadChecksum({ checksumAlgorithm, checksumType }: UploadDescription): XmlElement {
  return checksumAlgorithm ? { ChecksumAlgorithm: algorithmName(checksumAlgorithm), ChecksumType: checksumType } : {}
}

function putEncryption(answer: Headers, { headers }: { headers: { encryption?: string } }): void {
  if (headers.encryption !== undefined) answer.set('x-amz-server-side-encryption', headers.encryption)
}

async function accountOf({ caller, wharf }: BucketCall, id: string): Promise<Account> {
  if (caller.account.id === id) return caller.account
  return (await wharf.identities.account(id)) ?? { id, name: id, displayName: id }
}

function readMarker(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  if (!/^\d{1,9}$/.test(text)) {
    throw invalidArgument('part-number-marker', text, 'Argument part-number-marker must be an integer')
  }
  return Number(text)
}
