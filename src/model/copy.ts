import type { Checksum } from './checksum'
import type { ObjectDescription, ObjectHeaders } from './object'
import type { VersionLock } from './object-lock'
import type { Tag } from './tags'

/** Headers of a copy that always come from the request, never from the source. */
export type CopyHeaders = Pick<ObjectHeaders, 'storageClass' | 'websiteRedirect' | 'encryption'>

/** How a copy is described: wholly by the request, or as its source was but for some headers. */
export interface CopyDescription {
  replace?: Pick<ObjectDescription, 'headers' | 'metadata'>
  headers: CopyHeaders
  /** Instead of the source's. */
  checksum?: Checksum
  /** Instead of the source's. */
  tags?: Tag[]
  /** The copy's own: `packGrants`; that of the source is never copied. */
  acl?: string
  /** The copy's own; that of the source is never copied. */
  lock?: VersionLock
  /** Account that wrote the copy, where that is not the bucket's owner. */
  owner?: string
}

/** What a copy of this source is described by. Parts and checksum belong to the bytes, so they stay. */
export function describeCopy(
  { headers, metadata, parts, checksum, tags }: ObjectDescription,
  how: CopyDescription,
): ObjectDescription {
  const described = how.replace ?? { headers: { ...headers, ...how.headers }, metadata }
  return {
    ...described,
    parts,
    checksum: how.checksum ?? checksum,
    tags: how.tags ?? tags,
    lock: how.lock,
    acl: how.acl,
    owner: how.owner,
  }
}
