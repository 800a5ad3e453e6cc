import { Buckets } from './buckets'
import type { StoreContext } from './context'
import { Copying } from './copying'
import { Listing } from './listing'
import { Objects } from './objects'
import { Uploads } from './uploads'

/** The one store behind all dialects. It knows nothing of HTTP. */
export interface Store {
  buckets: Buckets
  objects: Objects
  uploads: Uploads
  copying: Copying
  listing: Listing
}

export function openStore(context: StoreContext): Store {
  const buckets = new Buckets(context)
  const copying = new Copying(context, buckets)
  return {
    buckets,
    copying,
    objects: new Objects(context, buckets),
    uploads: new Uploads(context, buckets, copying),
    listing: new Listing(context, buckets),
  }
}
