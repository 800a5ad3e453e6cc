import type { Tally } from './tally'

/** What everything that writes into an index stands on. */
export interface Ground {
  sql: SqlStorage
  tally: Tally
}
