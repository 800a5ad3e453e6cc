import { authorize } from '../auth/authorize'
import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { Fault } from '../model/fault'
import type { Lock, LockFilter } from '../model/lock'
import { type Buckets, firstRange } from './buckets'
import { read, write } from './calls'
import type { StoreContext } from './context'

/** The leases of all buckets, for whoever runs the place. */
export class Locks {
  readonly #context: StoreContext
  readonly #buckets: Buckets

  constructor(context: StoreContext, buckets: Buckets) {
    this.#context = context
    this.#buckets = buckets
  }

  /** The leases that are held, by key and then by age; none where there is no such bucket. */
  list(caller: Caller, bucket: string, filter: LockFilter): Promise<Lock[]> {
    authorize(caller, 'admin:ListLocks', { owner: ROOT_ACCOUNT.id })
    const { stubs, now } = this.#context
    return this.#inBucket(caller, bucket, range => read(() => stubs.bucketIndex(range).locks(filter, now())))
  }

  /**
   * Takes away every lease on the keys of which one fits the filter. Their holders' commits fail with a conflict.
   * @returns the leases that fitted, as they were just before
   */
  clear(caller: Caller, bucket: string, filter: LockFilter): Promise<Lock[]> {
    authorize(caller, 'admin:ClearLocks', { owner: ROOT_ACCOUNT.id })
    const { stubs, now } = this.#context
    return this.#inBucket(caller, bucket, range => write(() => stubs.bucketIndex(range).clearLocks(filter, now())))
  }

  async #inBucket(
    caller: Caller,
    name: string,
    ask: (range: ReturnType<typeof firstRange>) => Promise<Lock[]>,
  ): Promise<Lock[]> {
    try {
      const bucket = await this.#buckets.describe(caller, name, undefined)
      return await ask(firstRange(bucket))
    } catch (error) {
      if (error instanceof Fault && error.code === 'NoSuchBucket') return []
      throw error
    }
  }
}
