import type { Caller } from '../../model/caller'
import type { Wharf } from '../../wharf'

/** One management request, addressed, named and authenticated. */
export interface AdminCall {
  wharf: Wharf
  caller: Caller
  /** Names and values, decoded once. */
  query: ReadonlyMap<string, string>
  /** As received: name and port by which the client reached this server. */
  host: string
  /** Whole, and checked against all that was promised of it. */
  body: Uint8Array
}
