import type { Grant, Grants, Group, Permission } from '../../model/grants'

/** The ACLs that have a name. */
export const CANNED_ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'aws-exec-read',
  'log-delivery-write',
] as const
export type CannedAcl = (typeof CANNED_ACLS)[number]

export interface Owners {
  /** Of the bucket or object whose ACL it is. */
  owner: string
  bucketOwner: string
}

/**
 * What a canned ACL grants besides full control for the owner. Those that speak of the bucket's owner mean nothing on a bucket;
 * `aws-exec-read` is for Amazon's machines alone.
 * @see S3 user guide, "Access control list (ACL) overview", Canned ACL
 */
export function cannedGrants(canned: CannedAcl, { owner, bucketOwner }: Owners): Grants {
  const besides: Record<CannedAcl, Grant[]> = {
    private: [],
    'public-read': [toGroup('AllUsers', 'READ')],
    'public-read-write': [toGroup('AllUsers', 'READ'), toGroup('AllUsers', 'WRITE')],
    'authenticated-read': [toGroup('AuthenticatedUsers', 'READ')],
    'bucket-owner-read': owner === bucketOwner ? [] : [toAccount(bucketOwner, 'READ')],
    'bucket-owner-full-control': owner === bucketOwner ? [] : [toAccount(bucketOwner, 'FULL_CONTROL')],
    'aws-exec-read': [],
    'log-delivery-write': [toGroup('LogDelivery', 'WRITE'), toGroup('LogDelivery', 'READ_ACP')],
  }
  return { owner, grants: [toAccount(owner, 'FULL_CONTROL'), ...besides[canned]] }
}

/** The name of the canned ACL that grants just this, in any order; undefined where none does. */
export function cannedName(acl: Grants, bucketOwner: string): CannedAcl | undefined {
  const wanted = fingerprint(acl)
  return CANNED_ACLS.find(name => fingerprint(cannedGrants(name, { owner: acl.owner, bucketOwner })) === wanted)
}

function fingerprint({ grants }: Grants): string {
  return [...new Set(grants.map(grant => JSON.stringify([grant.permission, grant.grantee])))].sort().join()
}

function toAccount(account: string, permission: Permission): Grant {
  return { grantee: { account }, permission }
}

function toGroup(group: Group, permission: Permission): Grant {
  return { grantee: { group }, permission }
}
