import type { Bucket } from '../model/bucket'
import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'
import type { LockHolder } from '../model/lock'
import { type Buckets, rangeOf, unwrapIndex } from './buckets'
import { read, write } from './calls'
import type { StoreContext } from './context'
import { lockId } from './ids'

/** How long a lease lasts that nobody renews. */
const LEASE_MILLIS = 60_000

const RENEW_MILLIS = 20_000

/** A body longer than this, or of unknown length, is written under a lease. */
const LONG_BODY_BYTES = 1024 * 1024

export interface LeaseOf {
  bucket: Bucket
  key: string
  /** What it is held for, as an operator is shown it. */
  operation: string
}

/**
 * Does a write, under a lease where its body is long.
 * @param size  of the body; undefined where only its end will tell
 */
export async function underLease<T>(
  { context, buckets, caller }: { context: StoreContext; buckets: Buckets; caller: Caller },
  of: LeaseOf,
  size: number | undefined,
  work: (lease: Lease | undefined) => Promise<T>,
): Promise<T> {
  const isLong = size === undefined || size > LONG_BODY_BYTES
  const lease = isLong ? Lease.take(context, buckets, caller, of) : undefined
  try {
    return await work(lease)
  } catch (error) {
    lease?.release()
    throw error
  }
}

/**
 * A lease on a key while its bytes come in. It is taken beside the bytes, so nobody waits for it, and renewed until the
 * write is committed or given up; an operator who clears it lets the commit fail.
 */
export class Lease {
  readonly #context: StoreContext
  readonly #of: LeaseOf
  readonly #taken: Promise<number>
  #renewal: ReturnType<typeof setTimeout> | undefined
  #isOver = false
  #isLost = false

  private constructor(context: StoreContext, of: LeaseOf, taken: Promise<number>) {
    this.#context = context
    this.#of = of
    this.#taken = taken
    // Whoever commits hears of it; until then a failure must not count as unhandled.
    taken.then(
      fence => this.#keep(fence),
      () => undefined,
    )
  }

  static take(context: StoreContext, buckets: Buckets, caller: Caller, of: LeaseOf): Lease {
    const { stubs, now, origin } = context
    const holder: LockHolder = {
      id: lockId(),
      operation: of.operation,
      caller: caller.user === '' ? caller.kind : caller.user,
      address: origin.address,
      requestId: origin.requestId,
    }
    const taken = buckets.within(caller, of.bucket.name, async bucket => {
      if (bucket.id !== of.bucket.id) throw new Fault('NoSuchBucket', { bucket: bucket.name })
      const nowMillis = now()
      const ask = { kind: 'write' as const, holder, nowMillis, untilMillis: nowMillis + LEASE_MILLIS }
      const known = bucket.settingsVersion
      const index = stubs.bucketIndex(rangeOf(bucket, of.key))
      return unwrapIndex(await write(() => index.takeLock({ ...ask, key: of.key, known })))
    })
    return new Lease(context, of, taken)
  }

  /**
   * What the commit stands under. It ends the lease; nothing is renewed any more.
   * @throws Fault Conflict where the lease is known to be gone
   */
  async fence(): Promise<number> {
    const fence = await this.#taken
    this.#stop()
    this.requireHeld()
    return fence
  }

  /** @throws Fault Conflict, so that a write that cannot be kept ends early */
  requireHeld(): void {
    if (this.#isLost) throw new Fault('Conflict', { key: this.#of.key })
  }

  /**
   * Asks the index whether it is still held, for work that ends otherwise than in a commit.
   * @throws Fault Conflict
   */
  async confirm(): Promise<void> {
    const fence = await this.#taken
    const nowMillis = this.#context.now()
    const isHeld = await read(() => this.#index().renewLock(fence, nowMillis, nowMillis + LEASE_MILLIS))
    if (!isHeld) this.#isLost = true
    this.requireHeld()
  }

  /** Gives it back, after work that came to nothing, or ended otherwise than in a commit. */
  release(): void {
    this.#stop()
    const released = this.#taken.then(
      fence => this.#index().releaseLock(fence),
      () => undefined,
    )
    this.#context.later(released)
  }

  #keep(fence: number): void {
    if (this.#isOver) return
    this.#renewal = setTimeout(() => this.#context.later(this.#renew(fence)), RENEW_MILLIS)
  }

  async #renew(fence: number): Promise<void> {
    const nowMillis = this.#context.now()
    try {
      const isHeld = await read(() => this.#index().renewLock(fence, nowMillis, nowMillis + LEASE_MILLIS))
      if (!isHeld) this.#isLost = true
    } finally {
      // One that could not be renewed now may be the next time.
      if (!this.#isLost) this.#keep(fence)
    }
  }

  #index() {
    return this.#context.stubs.bucketIndex(rangeOf(this.#of.bucket, this.#of.key))
  }

  #stop(): void {
    this.#isOver = true
    clearTimeout(this.#renewal)
  }
}
