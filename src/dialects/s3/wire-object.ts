import type { Checksum } from '../../model/checksum'
import { Fault } from '../../model/fault'
import type { ObjectDescription, ObjectHeaders, ObjectRecord } from '../../model/object'
import type { ByteRange } from '../../model/range'
import { amzHeaders } from '../../wire/amz-headers'
import { quoted } from '../../wire/etag'
import { fitsHeader } from '../../wire/header-value'
import { httpDate } from '../../wire/http-date'
import { invalidArgument, notImplemented, S3Error } from './s3-error'
import { putChecksumHeaders } from './wire-checksum'
import { putLockHeaders, readLockHeaders } from './wire-object-lock'
import { readTaggingHeader } from './wire-tags'

const META = 'x-amz-meta-'
const MAX_METADATA_BYTES = 2048
export const DEFAULT_CONTENT_TYPE = 'binary/octet-stream'

/** Labels only: all bytes rest in R2 alike and can be read at once. */
export const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
]
/** Classes that promise a restore before a read, which Wharf has not. */
export const ARCHIVE_CLASSES = ['GLACIER', 'DEEP_ARCHIVE', 'OUTPOSTS', 'SNOW', 'EXPRESS_ONEZONE', 'FSX_OPENZFS']

/**
 * What the headers of a PUT, a copy or a new upload say of the object.
 * @throws Fault MetadataTooLarge; S3Error for values that are not valid, or not supported
 */
export function readDescription(headers: Headers, nowMillis = Date.now()): ObjectDescription {
  refuseUnsupported(headers)
  const described: ObjectHeaders = {
    contentType: readText(headers, 'content-type') || undefined,
    cacheControl: readText(headers, 'cache-control'),
    contentDisposition: readText(headers, 'content-disposition'),
    contentEncoding: withoutAwsChunked(readText(headers, 'content-encoding')),
    contentLanguage: readText(headers, 'content-language'),
    expires: readText(headers, 'expires'),
    websiteRedirect: readRedirect(readText(headers, 'x-amz-website-redirect-location')),
    storageClass: readStorageClass(headers.get('x-amz-storage-class')),
    encryption: readEncryption(headers),
  }
  return {
    headers: described,
    metadata: readMetadata(headers),
    tags: readTaggingHeader(headers),
    lock: readLockHeaders(headers, nowMillis),
  }
}

/** A header that will go out again with each read. */
function readText(headers: Headers, name: string): string | undefined {
  const text = headers.get(name)
  if (text === null) return undefined
  requireHeaderText(name, text)
  return text
}

function readMetadata(headers: Headers): Record<string, string> {
  const entries: [string, string][] = []
  let size = 0
  for (const [name, value] of amzHeaders(headers)) {
    if (!name.startsWith(META)) continue
    requireHeaderText(name, value)
    const short = name.slice(META.length)
    entries.push([short, value])
    size += short.length + Buffer.byteLength(value)
  }
  if (size > MAX_METADATA_BYTES) throw new Fault('MetadataTooLarge', { size, maxBytes: MAX_METADATA_BYTES })
  // Not by assignment: a name may be `__proto__`.
  return Object.fromEntries(entries)
}

/** `aws-chunked` tells how the body came, not what it is. */
function withoutAwsChunked(text: string | undefined): string | undefined {
  const kept = (text ?? '')
    .split(',')
    .map(encoding => encoding.trim())
    .filter(encoding => encoding !== '' && encoding.toLowerCase() !== 'aws-chunked')
  return kept.length > 0 ? kept.join(',') : undefined
}

function readRedirect(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!/^(\/|https?:\/\/)/.test(text)) throw new S3Error('InvalidRedirectLocation')
  return text
}

function readStorageClass(text: string | null): string | undefined {
  if (text === null || text === 'STANDARD') return undefined
  if (ARCHIVE_CLASSES.includes(text)) throw notImplemented('x-amz-storage-class', text)
  if (!STORAGE_CLASSES.includes(text)) throw new S3Error('InvalidStorageClass')
  return text
}

function readEncryption(headers: Headers): string | undefined {
  const text = headers.get('x-amz-server-side-encryption')
  if (text === null || text === 'AES256') return text ?? undefined
  if (text.startsWith('aws:')) throw notImplemented('x-amz-server-side-encryption', text)
  throw new S3Error('InvalidEncryptionAlgorithmError')
}

/** Headers that would change what is stored or who may read it: to take no notice of them would be a lie. */
export function refuseUnsupported(headers: Headers): void {
  for (const [name, value] of amzHeaders(headers)) {
    if (name === 'x-amz-write-offset-bytes') throw notImplemented(name, value)
    if (name.includes('server-side-encryption-')) throw notImplemented(name)
  }
}

/** Query names that replace headers of a read's answer. */
const OVERRIDES = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
} as const

/** The headers of a GET or HEAD answer. */
export function objectHeaders(
  record: ObjectRecord,
  {
    range,
    query,
    withChecksum,
    partNumber,
  }: { range?: ByteRange; query: ReadonlyMap<string, string>; withChecksum: boolean; partNumber?: number },
): Headers {
  const { headers: stored } = record
  const length = range ? range.last - range.first + 1 : record.size
  const headers = new Headers({
    etag: quoted(record.etag),
    'last-modified': httpDate(record.modifiedMillis),
    'content-length': String(length),
    'content-type': stored.contentType ?? DEFAULT_CONTENT_TYPE,
    'accept-ranges': 'bytes',
  })
  set(headers, 'cache-control', stored.cacheControl)
  set(headers, 'content-disposition', stored.contentDisposition)
  set(headers, 'content-encoding', stored.contentEncoding)
  set(headers, 'content-language', stored.contentLanguage)
  set(headers, 'expires', stored.expires)
  set(headers, 'x-amz-website-redirect-location', stored.websiteRedirect)
  set(headers, 'x-amz-storage-class', stored.storageClass)
  set(headers, 'x-amz-server-side-encryption', stored.encryption)
  if (record.tags) headers.set('x-amz-tagging-count', String(record.tags.length))
  if (record.lock) putLockHeaders(headers, record.lock)
  for (const [name, value] of Object.entries(record.metadata)) headers.set(META + name, value)
  if (range) headers.set('content-range', `bytes ${range.first}-${range.last}/${record.size}`)
  if (withChecksum) putChecksumHeaders(headers, checksumOf(record, length, partNumber))
  for (const [name, header] of Object.entries(OVERRIDES)) override(headers, header, name, query.get(name))
  return headers
}

/** A client that validates would hold the whole object's checksum against a part of its bytes. */
function checksumOf(
  { checksum, parts, size }: ObjectRecord,
  length: number,
  partNumber?: number,
): Checksum | undefined {
  const part = parts?.find(one => one.number === partNumber)
  if (part) return checksum && part.checksum ? { ...checksum, value: part.checksum } : undefined
  return length === size ? checksum : undefined
}

/** The headers of an answer to a write. */
export function writtenHeaders(record: Pick<ObjectRecord, 'etag' | 'headers' | 'checksum'>): Headers {
  const headers = new Headers({ etag: quoted(record.etag) })
  set(headers, 'x-amz-server-side-encryption', record.headers.encryption)
  putChecksumHeaders(headers, record.checksum)
  return headers
}

function override(headers: Headers, header: string, name: string, value: string | undefined): void {
  if (value === undefined) return
  requireHeaderText(name, value)
  headers.set(header, value)
}

/**
 * @param name  where the text came from, as the client wrote it
 * @throws S3Error InvalidArgument
 */
export function requireHeaderText(name: string, text: string): void {
  if (fitsHeader(text)) return
  throw invalidArgument(name, '', `${name} holds characters that no header may hold.`)
}

function set(headers: Headers, name: string, value: string | undefined): void {
  if (value !== undefined) headers.set(name, value)
}
