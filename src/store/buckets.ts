import { authorize } from '../auth/authorize'
import type { Bucket, BucketEntry, BucketListing, BucketSettings, KeyRange } from '../model/bucket'
import type { Caller } from '../model/caller'
import type { CorsRule } from '../model/cors'
import { Fault } from '../model/fault'
import { requireNewBucketName } from '../model/names'
import { type IndexAnswer, unwrap } from '../model/outcome'
import type { Website } from '../model/website'
import { read, write } from './calls'
import type { Decide, StoreContext } from './context'
import { newVersion, randomId } from './ids'
import { authorizeIn } from './rights'

/** More often than this in one request the settings cannot change by chance. */
const MAX_DECISIONS = 5

/** Which buckets there are, and the way to their indexes. */
export class Buckets {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /**
   * Makes a bucket that belongs to the caller's account.
   * @throws Fault AccessDenied, InvalidBucketName, BucketExists, BucketOwnedByCaller
   */
  async create(caller: Caller, name: string, settings: BucketSettings = {}): Promise<Bucket> {
    authorize(caller, 's3:CreateBucket', { owner: caller.account.id })
    requireNewBucketName(name)
    const { stubs, config, now } = this.#context
    const present = await this.#lookUp(name)
    if (present) throw existing(present, caller)

    const id = randomId()
    const bucket: Bucket = {
      id,
      name,
      owner: caller.account.id,
      region: config.region === '*' ? 'us-east-1' : config.region,
      createdMillis: now(),
      settings,
      settingsVersion: 1,
      ranges: [{ from: '', index: id }],
    }
    // The index is made first: a name never leads to an index that is not there. Losing the race leaves an empty one.
    await write(() => stubs.bucketIndex(firstRange(bucket)).initialise(bucket))
    const claimed = await write(() => stubs.namespace().claim(entryOf(bucket)))
    if (!claimed.ok) {
      const winner = await read(() => stubs.namespace().find(name))
      throw winner ? existing(winner, caller) : new Fault('Conflict', { bucket: name })
    }
    this.#context.known.set(bucket)
    return bucket
  }

  /** @throws Fault NoSuchBucket, AccessDenied */
  async head(caller: Caller, name: string): Promise<Bucket> {
    const { stubs } = this.#context
    return this.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:HeadBucket', bucket)
      unwrapIndex(await read(() => stubs.bucketIndex(firstRange(bucket)).counters({ known: bucket.settingsVersion })))
      return bucket
    })
  }

  /**
   * The bucket as it is now, for what is read of its settings.
   * @param action  the right that this needs; undefined where the caller only wants to know whose it is
   * @throws Fault NoSuchBucket, AccessDenied
   */
  async describe(caller: Caller, name: string, action: string | undefined): Promise<Bucket> {
    const { stubs } = this.#context
    return this.within(caller, name, async bucket => {
      if (action !== undefined) authorizeIn(this.#context, caller, action, bucket)
      return unwrapIndex(await read(() => stubs.bucketIndex(firstRange(bucket)).describe()))
    })
  }

  /** How the bucket shows itself to browsers; asked before it is known what of it they may see. */
  async websiteOf(name: string): Promise<Website | undefined> {
    const bucket = await this.#lookUp(name)
    if (!bucket) throw new Fault('NoSuchBucket', { bucket: name })
    this.#context.known.set(bucket)
    return bucket.settings.website
  }

  /**
   * What browsers of other origins may do in a bucket; asked before anybody has said who asks.
   * @param isFresh  whether what this isolate remembers will not do
   */
  async corsOf(name: string, isFresh: boolean): Promise<CorsRule[] | undefined> {
    const remembered = isFresh ? undefined : this.#context.known.get(name)
    const bucket = remembered ?? (await this.#lookUp(name))
    if (bucket && !remembered) this.#context.known.set(bucket)
    return bucket?.settings.cors
  }

  /**
   * Changes settings of the bucket: all of what `change` says, or, when somebody else was faster, again by what is true then.
   * @throws Fault NoSuchBucket, AccessDenied, and what `change` throws
   */
  async configure(
    caller: Caller,
    name: string,
    action: string,
    change: (settings: BucketSettings, bucket: Bucket) => BucketSettings,
  ): Promise<Bucket> {
    const { stubs, known } = this.#context
    return this.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, action, bucket)
      const ask = { id: newVersion(), known: bucket.settingsVersion, settings: change(bucket.settings, bucket) }
      const changed = unwrapIndex(await write(() => stubs.bucketIndex(firstRange(bucket)).changeSettings(ask)))
      known.set(changed)
      return changed
    })
  }

  /**
   * Removes an empty bucket; uploads in progress end with it.
   * @throws Fault NoSuchBucket, AccessDenied, BucketNotEmpty
   */
  async remove(caller: Caller, name: string): Promise<void> {
    const { stubs, known, now } = this.#context
    await this.within(caller, name, async bucket => {
      authorizeIn(this.#context, caller, 's3:DeleteBucket', bucket)
      unwrapIndex(await write(() => stubs.bucketIndex(firstRange(bucket)).close({ known: bucket.settingsVersion })))
      known.forget(name)
      await write(() => stubs.namespace().retire(name, bucket.id, now()))
    })
  }

  /** A page of the buckets that the caller's account owns, by name; root sees all. */
  list(caller: Caller, ask: { prefix?: string; after?: string; limit: number }): Promise<BucketListing> {
    authorize(caller, 's3:ListAllMyBuckets', { owner: caller.account.id })
    const owner = caller.kind === 'root' ? undefined : caller.account.id
    return read(() => this.#context.stubs.namespace().list({ ...ask, owner }))
  }

  /**
   * Does something in a bucket. The work decides by the bucket as this isolate knows it; when the index says that this
   * is old, or gone, it is done again by what is true now.
   */
  async within<T>(caller: Caller, name: string, work: Decide<T>): Promise<T> {
    const { known } = this.#context
    let bucket = known.get(name) ?? (await this.#require(caller, name))
    for (let decisions = 1; ; decisions++) {
      try {
        return await work(bucket)
      } catch (error) {
        if (decisions === MAX_DECISIONS) throw error
        if (error instanceof StaleSettings) {
          bucket = error.bucket
          known.set(bucket)
        } else if (error instanceof BucketGone) {
          known.forget(name)
          bucket = await this.#require(caller, name)
        } else {
          throw error
        }
      }
    }
  }

  async #require(caller: Caller, name: string): Promise<Bucket> {
    const bucket = await this.#lookUp(name)
    if (bucket) {
      this.#context.known.set(bucket)
      return bucket
    }
    // Strangers do not learn which names are free.
    throw caller.kind === 'anonymous' ? new Fault('AccessDenied') : new Fault('NoSuchBucket', { bucket: name })
  }

  /** Asks the namespace and the index. A name whose index is closed belongs to a removal that broke off: it ends here. */
  async #lookUp(name: string): Promise<Bucket | undefined> {
    const { stubs, now } = this.#context
    const entry = await read(() => stubs.namespace().find(name))
    if (!entry) return undefined
    const described = await read(() => stubs.bucketIndex({ from: '', index: entry.id }).describe())
    if (described.ok) return described.value
    await write(() => stubs.namespace().retire(name, entry.id, now()))
    return undefined
  }
}

/** The index that holds a key. */
export function rangeOf(bucket: Bucket, key: string): KeyRange {
  const [only] = bucket.ranges
  if (only && bucket.ranges.length === 1) return only
  throw new Fault('Internal', {}, `bucket ${bucket.id} has ${bucket.ranges.length} ranges, none for ${key.length}`)
}

/** The index that holds the settings of the bucket, and the first of its keys. */
export function firstRange(bucket: Bucket): KeyRange {
  return rangeOf(bucket, '')
}

class StaleSettings extends Error {
  readonly bucket: Bucket

  constructor(bucket: Bucket) {
    super('decided by old settings')
    this.bucket = bucket
  }
}

class BucketGone extends Error {}

/** The value of an index's answer. What `within` must hear of is thrown to it; faults are thrown as such. */
export function unwrapIndex<T>(answer: IndexAnswer<T>): T {
  if (!answer.ok) {
    if (answer.code === 'StaleSettings') throw new StaleSettings(answer.bucket)
    if (answer.code === 'BucketGone') throw new BucketGone('the bucket is gone')
  }
  return unwrap(answer)
}

function existing(present: { name: string; owner: string }, caller: Caller): Fault {
  const own = present.owner === caller.account.id
  return new Fault(own ? 'BucketOwnedByCaller' : 'BucketExists', { bucket: present.name })
}

function entryOf({ id, name, owner, region, createdMillis }: Bucket): BucketEntry {
  return { id, name, owner, region, createdMillis }
}
