import type { BucketIndex } from '../durable-objects/bucket-index/bucket-index'
import type { JobRunner } from '../durable-objects/job-runner/job-runner'
import type { Namespace } from '../durable-objects/namespace/namespace'
import type { System } from '../durable-objects/system/system'
import type { KeyRange } from './model/bucket'

/** What wrangler.toml binds, and the variables and secrets that may be set. Only config.ts reads the variables. */
export interface Env {
  BLOBS: R2Bucket
  NAMESPACE: DurableObjectNamespace<Namespace>
  BUCKET_INDEX: DurableObjectNamespace<BucketIndex>
  SYSTEM: DurableObjectNamespace<System>
  JOB_RUNNER: DurableObjectNamespace<JobRunner>
  [variable: `WHARF_${string}`]: string | undefined
}

const MAX_IDS = 10_000

/**
 * A Durable Object as its callers see it. What crosses the call is plain data; the runtime's own stub type spreads itself
 * over the unions that our methods answer with.
 */
type Remote<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** Finds Durable Objects. A stub is made anew for each call: after a failure the old one is broken. */
export class Stubs {
  readonly #env: Env
  /** Ids are computed from names by hashing; an isolate meets the same few again and again. */
  readonly #indexIds = new Map<string, DurableObjectId>()

  constructor(env: Env) {
    this.#env = env
  }

  namespace(): Remote<Namespace> {
    return this.#env.NAMESPACE.getByName('namespace') as unknown as Remote<Namespace>
  }

  system(): Remote<System> {
    return this.#env.SYSTEM.getByName('system') as unknown as Remote<System>
  }

  jobRunner(): Remote<JobRunner> {
    return this.#env.JOB_RUNNER.getByName('jobs') as unknown as Remote<JobRunner>
  }

  /** The index of a range; see `rangeOf` for which range holds a key. */
  bucketIndex(range: KeyRange): Remote<BucketIndex> {
    return this.#env.BUCKET_INDEX.get(this.#indexId(range.index)) as unknown as Remote<BucketIndex>
  }

  #indexId(name: string): DurableObjectId {
    const known = this.#indexIds.get(name)
    if (known) return known
    if (this.#indexIds.size >= MAX_IDS) this.#indexIds.clear()
    const id = this.#env.BUCKET_INDEX.idFromName(name)
    this.#indexIds.set(name, id)
    return id
  }
}
