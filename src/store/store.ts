import type { Caller } from '../model/caller'
import { Appending } from './appending'
import { Buckets } from './buckets'
import type { StoreContext } from './context'
import { Copying } from './copying'
import { Health } from './health'
import { Listing } from './listing'
import { Locks } from './locks'
import { Objects } from './objects'
import { Uploads } from './uploads'
import { measureUsage, type Usage } from './usage'

/** The one store behind all dialects. It knows nothing of HTTP. */
export interface Store {
  buckets: Buckets
  objects: Objects
  appending: Appending
  uploads: Uploads
  copying: Copying
  listing: Listing
  locks: Locks
  health: Health
  usage(caller: Caller): Promise<Usage>
}

export function openStore(context: StoreContext): Store {
  const buckets = new Buckets(context)
  const copying = new Copying(context, buckets)
  return {
    buckets,
    copying,
    objects: new Objects(context, buckets),
    appending: new Appending(context, buckets),
    uploads: new Uploads(context, buckets, copying),
    listing: new Listing(context, buckets),
    locks: new Locks(context, buckets),
    health: new Health(context, buckets),
    usage: caller => measureUsage(context, caller),
  }
}
