import type { Account } from '../../../model/caller'
import type { ListedVersion } from '../../../model/index-calls'
import { versionIdOf } from '../../../model/versions'
import { quoted } from '../../../wire/etag'
import type { XmlElement } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import { invalidArgument, S3Error } from '../s3-error'
import { algorithmName } from '../wire-checksum'
import { readText } from '../wire-document'
import { requireVersionId } from '../wire-version'
import { readVersioning, versioningElements } from '../wire-versioning'
import { commonPrefixOf, ownersOf, readPageAsk } from './listing'
import { ownerElement } from './service'

const MAX_DOCUMENT_BYTES = 64 * 1024

/** GET /{bucket}?versioning. Source: S3 API reference, GetBucketVersioning. */
export async function getBucketVersioning({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const { settings } = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketVersioning')
  return xml('VersioningConfiguration', versioningElements(settings.versioning))
}

/** PUT /{bucket}?versioning. Source: S3 API reference, PutBucketVersioning. */
export async function putBucketVersioning({ caller, bucket, openBody, wharf }: BucketCall): Promise<Response> {
  const versioning = readVersioning(await readText(openBody(), MAX_DOCUMENT_BYTES))
  await wharf.store.buckets.configure(caller, bucket, 's3:PutBucketVersioning', settings => {
    if (settings.objectLock && versioning !== 'Enabled') {
      throw new S3Error(
        'InvalidBucketState',
        'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      )
    }
    return { ...settings, versioning }
  })
  return new Response(null)
}

/** GET /{bucket}?versions. Source: S3 API reference, ListObjectVersions. */
export async function listObjectVersions(call: BucketCall): Promise<Response> {
  const { query, caller, bucket, wharf } = call
  const ask = readPageAsk(query)
  const { prefix, delimiter, limit, encode } = ask
  const keyMarker = query.get('key-marker') ?? ''
  const versionMarker = query.get('version-id-marker') ?? ''
  if (keyMarker === '' && versionMarker !== '') {
    throw invalidArgument(
      'version-id-marker',
      versionMarker,
      'A version-id marker cannot be specified without a key marker.',
    )
  }
  const isPrefix = versionMarker === '' && commonPrefixOf(keyMarker, ask) === keyMarker
  const start = isPrefix
    ? { past: keyMarker }
    : {
        afterKey: keyMarker,
        afterStamp: versionMarker === '' ? undefined : requireVersionId('version-id-marker', versionMarker),
      }
  const page = await wharf.store.listing.listVersions(caller, bucket, {
    prefix,
    delimiter,
    limit,
    ...(keyMarker === '' ? {} : start),
  })
  const owners = await ownersOf(call, [page.bucket.owner, ...page.versions.flatMap(version => version.owner ?? [])])
  return xml('ListVersionsResult', {
    Name: bucket,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker,
    NextKeyMarker: page.truncated ? encode(page.nextKey ?? '') : undefined,
    NextVersionIdMarker: page.truncated && page.nextStamp !== undefined ? versionIdOf(page.nextStamp) : undefined,
    MaxKeys: limit,
    Delimiter: delimiter && encode(delimiter),
    EncodingType: query.get('encoding-type') || undefined,
    IsTruncated: page.truncated,
    '#mixed': page.versions.map(version => listed(version, encode, owners.get(version.owner ?? page.bucket.owner))),
    CommonPrefixes: page.prefixes.map(one => ({ Prefix: encode(one) })),
  })
}

function listed(version: ListedVersion, encode: (text: string) => string, owner: Account | undefined): XmlElement {
  const common = {
    Key: encode(version.key),
    VersionId: versionIdOf(version.stamp),
    IsLatest: version.isLatest,
    LastModified: new Date(version.modifiedMillis).toISOString(),
  }
  const Owner = owner && { ...ownerElement(owner) }
  if (version.isMarker) return { DeleteMarker: { ...common, Owner } }
  const [algorithm, type] = version.checksum?.split('/') ?? []
  return {
    Version: {
      ...common,
      ETag: quoted(version.etag),
      ChecksumAlgorithm: algorithm && algorithmName(algorithm),
      ChecksumType: type,
      Size: version.size,
      StorageClass: version.storageClass ?? 'STANDARD',
      Owner,
    },
  }
}
