import type { Account } from '../../../model/caller'
import type { ListedObject, ListingPage } from '../../../store/listing'
import { quoted } from '../../../wire/etag'
import { percentEncode } from '../../../wire/percent'
import type { XmlElement } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { document } from '../render'
import { invalidArgument } from '../s3-error'
import { algorithmName } from '../wire-checksum'
import { ownerElement } from './service'

const MAX_KEYS = 1000

interface PageAsk {
  prefix: string
  delimiter: string | undefined
  limit: number
  /** Writes a key as the client asked for it. */
  encode(text: string): string
}

/** GET /{bucket}. Source: S3 API reference, ListObjects. */
export async function listObjects(call: BucketCall): Promise<Response> {
  const { query, caller, bucket, wharf } = call
  const ask = readPageAsk(query)
  const marker = query.get('marker') ?? ''
  const page = await wharf.store.listing.list(caller, bucket, { ...listAsk(ask), ...startOf(marker, ask) })
  const owners = await ownersOf(call, ownerIds(page))
  return document(call, 'ListBucketResult', {
    Name: bucket,
    Prefix: ask.encode(ask.prefix),
    Marker: ask.encode(marker),
    MaxKeys: ask.limit,
    Delimiter: echo(call, ask),
    ...(call.format === 'json' ? {} : { EncodingType: query.get('encoding-type') || undefined }),
    IsTruncated: page.truncated,
    NextMarker: page.truncated && ask.delimiter && page.last ? ask.encode(page.last.key) : undefined,
    ...contents(page, ask, owners),
  })
}

/** GET /{bucket}?list-type=2. Source: S3 API reference, ListObjectsV2. */
export async function listObjectsV2(call: BucketCall): Promise<Response> {
  const { query, caller, bucket, wharf } = call
  const ask = readPageAsk(query)
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after') || undefined
  const from = token ? readToken(token) : startOf(startAfter ?? '', ask)
  const page = await wharf.store.listing.list(caller, bucket, { ...listAsk(ask), ...from })
  const owners = query.get('fetch-owner') === 'true' ? await ownersOf(call, ownerIds(page)) : undefined
  return document(call, 'ListBucketResult', {
    Name: bucket,
    Prefix: ask.encode(ask.prefix),
    StartAfter: startAfter && ask.encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.truncated && page.last ? writeToken(page.last) : undefined,
    KeyCount: page.objects.length + page.prefixes.length,
    MaxKeys: ask.limit,
    Delimiter: echo(call, ask),
    ...(call.format === 'json' ? {} : { EncodingType: query.get('encoding-type') || undefined }),
    IsTruncated: page.truncated,
    ...contents(page, ask, owners),
  })
}

/** Reads what all listings of keys have in common. */
export function readPageAsk(query: ReadonlyMap<string, string>, limitName = 'max-keys'): PageAsk {
  const encoding = query.get('encoding-type')
  if (encoding && encoding !== 'url') {
    throw invalidArgument('encoding-type', encoding, 'Invalid Encoding Method specified in Request')
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') || undefined,
    limit: readLimit(query, limitName),
    encode: encoding ? text => percentEncode(text, { keepSlash: true }) : text => text,
  }
}

function readLimit(query: ReadonlyMap<string, string>, name: string): number {
  const text = query.get(name)
  if (text === undefined || text === '') return MAX_KEYS
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 2_147_483_647) {
    throw invalidArgument(name, text, `Argument ${name} must be an integer between 0 and 2147483647`)
  }
  return Math.min(value, MAX_KEYS)
}

function listAsk({ prefix, delimiter, limit }: PageAsk) {
  return { prefix, delimiter, limit }
}

/** A start that is a common prefix was listed as one: everything under it is skipped. */
function startOf(start: string, ask: PageAsk): { after?: string; past?: string } {
  if (start === '') return {}
  return commonPrefixOf(start, ask) === start ? { past: start } : { after: start }
}

export function commonPrefixOf(
  key: string,
  { prefix, delimiter }: Pick<PageAsk, 'prefix' | 'delimiter'>,
): string | undefined {
  if (!delimiter || !key.startsWith(prefix)) return undefined
  const place = key.indexOf(delimiter, prefix.length)
  return place < 0 ? undefined : key.slice(0, place + delimiter.length)
}

function echo({ format }: BucketCall, { delimiter, encode }: PageAsk): string | undefined {
  return delimiter === undefined ? (format === 'json' ? '' : undefined) : encode(delimiter)
}

function contents(page: ListingPage, { encode }: PageAsk, owners: Map<string, Account> | undefined): XmlElement {
  return {
    Contents: page.objects.map(object => listed(object, page, encode, owners)),
    CommonPrefixes: page.prefixes.map(prefix => ({ Prefix: encode(prefix) })),
  }
}

function listed(
  object: ListedObject,
  { bucket }: ListingPage,
  encode: (text: string) => string,
  owners: Map<string, Account> | undefined,
): XmlElement {
  const owner = owners?.get(object.owner ?? bucket.owner)
  return {
    Key: encode(object.key),
    LastModified: new Date(object.modifiedMillis).toISOString(),
    ETag: quoted(object.etag),
    ChecksumAlgorithm: object.checksumAlgorithm && algorithmName(object.checksumAlgorithm),
    ChecksumType: object.checksumType,
    Size: object.size,
    StorageClass: object.storageClass ?? 'STANDARD',
    Owner: owner && { ...ownerElement(owner) },
  }
}

function ownerIds({ bucket, objects }: ListingPage): string[] {
  return [bucket.owner, ...objects.flatMap(object => object.owner ?? [])]
}

/** The accounts that own what is on the page. Nearly always that is one, and the caller's own. */
export async function ownersOf({ caller, wharf }: BucketCall, ids: string[]): Promise<Map<string, Account>> {
  const owners = new Map([[caller.account.id, caller.account]])
  for (const id of new Set(ids)) {
    if (owners.has(id)) continue
    owners.set(id, (await wharf.identities.account(id)) ?? { id, name: id, displayName: id })
  }
  return owners
}

/** Where a page ended, for the next one to go on: opaque to clients, and known again as ours. */
function writeToken({ key, isPrefix }: { key: string; isPrefix: boolean }): string {
  return Buffer.from(`${isPrefix ? 'p' : 'k'}:${key}`).toString('base64url')
}

function readToken(token: string): { after: string } | { past: string } {
  const text = Buffer.from(token, 'base64url').toString()
  const key = text.slice(2)
  const isOurs = /^[pk]:/.test(text) && Buffer.from(text).toString('base64url') === token
  if (!isOurs) throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect')
  return text.startsWith('p') ? { past: key } : { after: key }
}
