import type { ObjectRecord } from '../../../model/object'
import type { GetAsk, ReadObject } from '../../../store/objects'
import { httpDate } from '../../../wire/http-date'
import { parseRange } from '../../../wire/range'
import type { XmlElement } from '../../../wire/xml'
import type { ObjectCall } from '../call'
import { xml } from '../render'
import { invalidArgument, S3Error } from '../s3-error'
import { checksumElements, partChecksumElement } from '../wire-checksum'
import { readConditions } from '../wire-conditions'
import { putExpiration } from '../wire-lifecycle'
import { readPartNumber } from '../wire-multipart'
import { objectHeaders } from '../wire-object'
import { putVersion, readVersion } from '../wire-version'

/** GET /{bucket}/{key}. Source: S3 API reference, GetObject. */
export async function getObject(call: ObjectCall): Promise<Response> {
  const ask = readAsk(call)
  const { body, ...read } = await call.wharf.store.objects.get(call.caller, ask)
  // The stored Content-Encoding is the client's: the runtime must not compress by it.
  return new Response(body, {
    status: read.range ? 206 : 200,
    headers: answerHeaders(call, ask, read),
    encodeBody: 'manual',
  })
}

/** HEAD /{bucket}/{key}. Source: S3 API reference, HeadObject. */
export async function headObject(call: ObjectCall): Promise<Response> {
  const ask = readAsk(call)
  const read = await call.wharf.store.objects.head(call.caller, ask)
  return new Response(null, {
    status: read.range ? 206 : 200,
    headers: answerHeaders(call, ask, read),
    encodeBody: 'manual',
  })
}

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

/** GET /{bucket}/{key}?attributes. Source: S3 API reference, GetObjectAttributes. */
export async function getObjectAttributes(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, headers, wharf } = call
  const wanted = readAttributes(headers.get('x-amz-object-attributes'))
  const ask = { bucket, key, stamp: readVersion(call.query), conditions: readConditions(headers) }
  const { record, versionId } = await wharf.store.objects.head(caller, ask)
  const answer = xml('GetObjectAttributesResponse', {
    ETag: wanted.has('ETag') ? record.etag : undefined,
    Checksum: wanted.has('Checksum') && record.checksum ? checksumElements(record.checksum) : undefined,
    ObjectParts: wanted.has('ObjectParts') && record.parts ? objectParts(record, headers) : undefined,
    StorageClass: wanted.has('StorageClass') ? (record.headers.storageClass ?? 'STANDARD') : undefined,
    ObjectSize: wanted.has('ObjectSize') ? record.size : undefined,
  })
  answer.headers.set('last-modified', httpDate(record.modifiedMillis))
  putVersion(answer.headers, versionId)
  return answer
}

function readAsk(call: ObjectCall): GetAsk {
  const { bucket, key, query, headers } = call
  const part = query.get('partNumber')
  if (part !== undefined && headers.has('range')) {
    throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
  }
  return {
    bucket,
    key,
    conditions: readConditions(headers),
    range: parseRange(headers.get('range')),
    partNumber: part === undefined ? undefined : readPartNumber(part),
    stamp: readVersion(query),
  }
}

function answerHeaders(
  { query, headers }: ObjectCall,
  { partNumber, stamp }: GetAsk,
  { record, range, versionId, bucket }: Omit<ReadObject, 'body'>,
): Headers {
  const withChecksum = headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  const answer = objectHeaders(record, { range, query, withChecksum, partNumber })
  putVersion(answer, versionId)
  // Only the latest version expires; whether the one that was named is that, nobody looked.
  if (stamp === undefined) putExpiration(answer, bucket, record)
  if (partNumber !== undefined && record.parts) answer.set('x-amz-mp-parts-count', String(record.parts.length))
  return answer
}

function readAttributes(header: string | null): Set<string> {
  if (!header)
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    )
  const names = header.split(',').map(name => name.trim())
  const unknown = names.find(name => !ATTRIBUTES.includes(name))
  if (unknown !== undefined) {
    throw invalidArgument('x-amz-object-attributes', unknown, 'Invalid attribute name specified.')
  }
  return new Set(names)
}

function objectParts({ parts = [], checksum }: ObjectRecord, headers: Headers): XmlElement {
  const marker = readCount(headers, 'x-amz-part-number-marker', 0)
  const limit = Math.min(readCount(headers, 'x-amz-max-parts', 1000), 1000)
  const rest = parts.filter(part => part.number > marker)
  const page = rest.slice(0, limit)
  const withChecksums = page.some(part => part.checksum !== undefined)
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: rest.length > limit,
    Part: withChecksums
      ? page.map(part => ({
          PartNumber: part.number,
          Size: part.size,
          ...partChecksumElement(checksum?.algorithm, part.checksum),
        }))
      : [],
  }
}

function readCount(headers: Headers, name: string, fallback: number): number {
  const text = headers.get(name)
  if (text === null) return fallback
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(name, text, `${name} must be a non-negative integer.`)
  return Number(text)
}
