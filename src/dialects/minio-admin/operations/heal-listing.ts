import { ROOT_ACCOUNT } from '../../../model/caller'
import type { ExaminedPage } from '../../../model/health'
import type { ExamineAsk } from '../../../store/health'
import { AdminError } from '../admin-error'
import type { AdminCall } from '../call'
import {
  readMaxKeys,
  readMaxUploads,
  requireBucketName,
  requireDelimiter,
  requirePrefix,
  requireWithin,
} from '../parameters'
import { xml } from '../render'
import { healedBucket, healedObject, healedUpload, ownerElement } from '../wire-heal'

const MAX_KEYS = 1000

/** GET /?heal, list-buckets: those that are not healthy, by name. */
export async function listBucketsHeal({ wharf, caller }: AdminCall): Promise<Response> {
  const buckets = await wharf.store.health.buckets(caller)
  const unhealthy = buckets.filter(({ state }) => state !== 'healthy')
  return xml('ListAllMyBucketsResult', {
    Owner: ownerElement(ROOT_ACCOUNT),
    Buckets: { Bucket: unhealthy.map(healedBucket) },
  })
}

/**
 * GET /?heal, list-objects. The limit counts what was looked at, so a page can be empty and yet not the last: clients go on
 * from NextMarker while it is truncated.
 */
export async function listObjectsHeal({ wharf, caller, query }: AdminCall): Promise<Response> {
  const bucket = requireBucketName(query)
  const prefix = requirePrefix(query)
  const maxKeys = readMaxKeys(query)
  const delimiter = requireDelimiter(query)
  const marker = query.get('marker') ?? ''
  requireWithin(marker, prefix)
  const { owner } = await wharf.store.buckets.head(caller, bucket)
  const limit = Number(maxKeys > MAX_KEYS ? MAX_KEYS : maxKeys)
  const isEmpty = limit === 0 || (delimiter === '/' && prefix === '/')
  const ask = { prefix, delimiter, limit, ...startOf(marker, { prefix, delimiter }) }
  const page = isEmpty ? NOTHING : await wharf.store.health.objects(caller, bucket, ask)
  const account = (await wharf.identities.account(owner)) ?? { id: owner, name: owner, displayName: owner }
  return xml('ListBucketResult', {
    Name: bucket,
    Prefix: prefix,
    Marker: marker,
    NextMarker: page.last?.key,
    MaxKeys: String(maxKeys),
    Delimiter: delimiter ?? '',
    IsTruncated: page.truncated,
    Contents: page.entries.filter(({ state }) => state !== 'healthy').map(object => healedObject(object, account)),
    CommonPrefixes: page.prefixes.map(found => ({ Prefix: found })),
  })
}

/**
 * GET /?heal, list-uploads. Clients go on with `upload-id-marker` alone, so that holds the whole place; it looks like an id
 * and is none.
 */
export async function listUploadsHeal({ wharf, caller, query }: AdminCall): Promise<Response> {
  const bucket = requireBucketName(query)
  await wharf.store.buckets.head(caller, bucket)
  const prefix = requirePrefix(query)
  const delimiter = requireDelimiter(query)
  const keyMarker = query.get('key-marker') || query.get('marker') || ''
  requireWithin(keyMarker, prefix)
  const uploadMarker = query.get('upload-id-marker') ?? ''
  if (uploadMarker !== '' && keyMarker.endsWith('/')) throw new AdminError('NotImplemented')
  const start = uploadMarker === '' ? startOf(keyMarker, { prefix, delimiter }) : readPlace(uploadMarker)
  const limit = readMaxUploads(query)
  const page = await wharf.store.health.uploads(caller, bucket, { prefix, delimiter, limit, ...start })
  const next = page.truncated ? page.last : undefined
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: keyMarker,
    UploadIdMarker: '',
    NextKeyMarker: next?.key ?? '',
    NextUploadIdMarker: next ? writePlace(next) : '',
    Delimiter: delimiter ?? '',
    Prefix: prefix,
    MaxUploads: limit,
    IsTruncated: page.truncated,
    Upload: page.entries.filter(({ state }) => state !== 'healthy').map(healedUpload),
    CommonPrefixes: page.prefixes.map(found => ({ Prefix: found })),
  })
}

const NOTHING: ExaminedPage<never> = { entries: [], prefixes: [], truncated: false }

type Start = Pick<ExamineAsk, 'after' | 'past' | 'afterUpload'>

/** A marker that is a common prefix was listed as one: everything under it is skipped. */
function startOf(marker: string, { prefix, delimiter }: Pick<ExamineAsk, 'prefix' | 'delimiter'>): Start {
  if (marker === '') return {}
  const place = delimiter === undefined ? -1 : marker.indexOf(delimiter, prefix.length)
  return place >= 0 && place === marker.length - 1 ? { past: marker } : { after: marker }
}

type Place = NonNullable<ExaminedPage<unknown>['last']>

function writePlace({ key, isPrefix, upload }: Place): string {
  return Buffer.from(JSON.stringify(isPrefix ? [key] : [key, upload ?? ''])).toString('base64url')
}

/** @throws AdminError NoSuchUpload for what `writePlace` has not written */
function readPlace(text: string): Start {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (Array.isArray(place) && place.every(part => typeof part === 'string')) {
      const [key, upload] = place
      if (key !== undefined) return upload === undefined ? { past: key } : { after: key, afterUpload: upload }
    }
  } catch {
    // not ours, as below
  }
  throw new AdminError('NoSuchUpload')
}
