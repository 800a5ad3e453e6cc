import { junkHeaderValue, junkValue } from './junk.mjs'

const words = text => text.trim().split(/\s+/)

/** Parameters and headers that S3 knows, and some that only stand beside them. */
export const QUERY_NAMES = words(`
  prefix delimiter marker start-after continuation-token max-keys encoding-type fetch-owner list-type key-marker upload-id-marker
  max-uploads max-parts part-number-marker max-buckets version-id-marker versionId partNumber uploadId id x-id metadata list
  response-content-type response-content-disposition response-expires response-cache-control response-content-encoding
  response-content-language`)

export const SUB_RESOURCES = words(`
  abac accelerate acl analytics attributes cors delete encryption events intelligent-tiering inventory legal-hold lifecycle
  location logging metadataTable metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock
  renameObject replication requestPayment restore retention select session tagging torrent uploads versioning versions website`)

export const HEADER_NAMES = words(`
  accept accept-encoding access-control-request-method cache-control content-disposition content-encoding content-language
  content-md5 content-type expires if-match if-modified-since if-none-match if-range if-unmodified-since origin range te
  x-amz-acl x-amz-bucket-object-lock-enabled x-amz-bypass-governance-retention x-amz-checksum-algorithm x-amz-checksum-crc32
  x-amz-checksum-crc32c x-amz-checksum-crc64nvme x-amz-checksum-mode x-amz-checksum-sha1 x-amz-checksum-sha256
  x-amz-checksum-type x-amz-copy-source x-amz-copy-source-if-match x-amz-copy-source-if-modified-since x-amz-copy-source-range
  x-amz-copy-source-server-side-encryption-customer-algorithm x-amz-decoded-content-length x-amz-expected-bucket-owner
  x-amz-grant-read x-amz-if-match-last-modified-time x-amz-if-match-size x-amz-max-parts x-amz-meta- x-amz-meta-__proto__
  x-amz-meta-a x-amz-metadata-directive x-amz-mfa x-amz-mp-object-size x-amz-object-attributes x-amz-object-lock-legal-hold
  x-amz-object-lock-mode x-amz-object-ownership x-amz-optional-object-attributes x-amz-part-number-marker x-amz-request-payer
  x-amz-sdk-checksum-algorithm x-amz-security-token x-amz-server-side-encryption x-amz-server-side-encryption-customer-key
  x-amz-source-expected-bucket-owner x-amz-storage-class x-amz-tagging x-amz-tagging-directive x-amz-trailer
  x-amz-website-redirect-location x-amz-write-offset-bytes`)

/** Values that mean something, so that requests get further than the first check. */
const SENSIBLE = {
  accept: ['application/json', '*/*'],
  delimiter: ['/', 'a', '//', '\u{10ffff}'],
  'encoding-type': ['url'],
  'if-match': ['*', '"d41d8cd98f00b204e9800998ecf8427e"'],
  'if-none-match': ['*', '"d41d8cd98f00b204e9800998ecf8427e"'],
  'list-type': ['2'],
  'max-keys': ['0', '1', '5', '1000'],
  'max-parts': ['0', '1'],
  'max-uploads': ['0', '1', '1000'],
  partNumber: ['1', '2', '3', '10000'],
  range: ['bytes=0-9', 'bytes=5-', 'bytes=-5', 'bytes=0-0', 'bytes=100000-', 'bytes=0-99999999999'],
  'x-amz-checksum-algorithm': ['CRC32', 'SHA1', 'CRC64NVME'],
  'x-amz-checksum-mode': ['ENABLED'],
  'x-amz-checksum-type': ['FULL_OBJECT', 'COMPOSITE'],
  'x-amz-copy-source-range': ['bytes=0-0', 'bytes=0-4', 'bytes=5-99999999'],
  'x-amz-metadata-directive': ['REPLACE', 'COPY'],
  'x-amz-object-attributes': ['ETag,Checksum,ObjectParts,StorageClass,ObjectSize'],
  'x-amz-server-side-encryption': ['AES256', 'aws:kms'],
  'x-amz-storage-class': ['STANDARD_IA', 'GLACIER'],
}

export function parameterValue(random, name) {
  return isSensible(random, name) ? random.pick(SENSIBLE[name]) : junkValue(random)
}

export function headerValueFor(random, name) {
  return isSensible(random, name) ? random.pick(SENSIBLE[name]) : junkHeaderValue(random)
}

function isSensible(random, name) {
  return SENSIBLE[name] !== undefined && random.chance(0.7)
}
