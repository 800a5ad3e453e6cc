import type { Bucket } from '../model/bucket'

const MAX_BUCKETS = 10_000

/**
 * Buckets that this isolate has met. What it holds may be old; each index refuses a call that was decided by old
 * settings, so nothing is ever done by them.
 */
export class BucketCache {
  readonly #byName = new Map<string, Bucket>()

  get(name: string): Bucket | undefined {
    return this.#byName.get(name)
  }

  set(bucket: Bucket): void {
    if (this.#byName.size >= MAX_BUCKETS) {
      const oldest = this.#byName.keys().next()
      if (!oldest.done) this.#byName.delete(oldest.value)
    }
    this.#byName.set(bucket.name, bucket)
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }
}
