import type { BucketSettings } from '../../src/model/bucket'
import type { Tally } from './tally'

/** What everything that writes into an index stands on. */
export interface Ground {
  sql: SqlStorage
  tally: Tally
  /** As they are in this transaction. */
  settings(): BucketSettings
}
