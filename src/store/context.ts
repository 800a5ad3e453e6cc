import type { Config } from '../config'
import type { Log } from '../log'
import type { Bucket } from '../model/bucket'
import type { ContextValues } from '../model/policy'
import type { Stubs } from '../stubs'
import type { Blobs } from './blobs'
import type { BucketCache } from './bucket-cache'

/** Where a request came from, as far as anybody is told. */
export interface RequestOrigin {
  requestId: string
  /** Of the client; '' where it is not known. */
  address: string
  /** What the request says for the condition keys of policies. */
  conditions?: ContextValues
}

/** What every part of the store stands on, for one request. */
export interface StoreContext {
  config: Config
  stubs: Stubs
  blobs: Blobs
  known: BucketCache
  log: Log
  /** Of the request that this is done for. */
  origin: RequestOrigin
  now(): number
  /** Lets work go on after the answer. */
  later(work: Promise<unknown>): void
}

/** How an operation on a bucket is decided: by the bucket as it is known now, again whenever that proves stale. */
export type Decide<T> = (bucket: Bucket) => Promise<T>
