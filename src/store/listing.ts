import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { ListAsk, ListedRow, ListVersionsAsk, VersionListing } from '../model/index-calls'
import { type Buckets, firstRange, unwrapIndex } from './buckets'
import { read } from './calls'
import type { StoreContext } from './context'
import { authorizeIn } from './rights'

export interface ListedObject {
  key: string
  size: number
  etag: string
  modifiedMillis: number
  /** Id of the account that wrote it, where that is not the bucket's owner. */
  owner?: string
  storageClass?: string
  checksumAlgorithm?: string
  checksumType?: string
}

/** One page of a listing. Keys and common prefixes come in one order, and count alike. */
export interface ListingPage {
  bucket: Bucket
  objects: ListedObject[]
  prefixes: string[]
  /** There is more after this page, which then ended on `last`. */
  truncated: boolean
  last?: { key: string; isPrefix: boolean }
}

export class Listing {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /**
   * A page of a bucket's keys in the order of their UTF-8 bytes.
   * @throws Fault NoSuchBucket, AccessDenied
   */
  async list(caller: Caller, name: string, ask: Omit<ListAsk, 'known'>): Promise<ListingPage> {
    const { stubs } = this.#context
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:ListBucket', bucket)
      const whole = { ...ask, known: bucket.settingsVersion }
      const text = unwrapIndex(await read(() => stubs.bucketIndex(firstRange(bucket)).list(whole)))
      // The index builds this text itself, in exactly this shape.
      const rows = JSON.parse(text) as ListedRow[]
      return page(bucket, rows, ask.limit)
    })
  }

  /**
   * A page of all versions and delete markers, by key and then the newest first.
   * @throws Fault NoSuchBucket, AccessDenied
   */
  async listVersions(caller: Caller, name: string, ask: Omit<ListVersionsAsk, 'known'>): Promise<VersionPage> {
    const { stubs } = this.#context
    return this.#buckets.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:ListBucketVersions', bucket)
      const whole = { ...ask, known: bucket.settingsVersion }
      const listing = unwrapIndex(await read(() => stubs.bucketIndex(firstRange(bucket)).listVersions(whole)))
      return { ...listing, bucket }
    })
  }
}

/** One page of a bucket's versions. */
export interface VersionPage extends VersionListing {
  bucket: Bucket
}

function page(bucket: Bucket, rows: ListedRow[], limit: number): ListingPage {
  const listing: ListingPage = { bucket, objects: [], prefixes: [], truncated: limit > 0 && rows.length > limit }
  for (const row of rows.slice(0, limit)) {
    if (row.length === 1) {
      listing.prefixes.push(row[0])
      continue
    }
    const [key, size, etag, modifiedMillis, owner, storageClass, checksum] = row
    const [checksumAlgorithm, checksumType] = checksum?.split('/') ?? []
    listing.objects.push({
      key,
      size,
      etag,
      modifiedMillis,
      owner: owner ?? undefined,
      storageClass: storageClass ?? undefined,
      checksumAlgorithm,
      checksumType,
    })
  }
  const last = rows[Math.min(rows.length, limit) - 1]
  if (last) listing.last = { key: last[0], isPrefix: last.length === 1 }
  return listing
}
