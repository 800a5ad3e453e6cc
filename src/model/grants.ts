export const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const
export type Permission = (typeof PERMISSIONS)[number]

export const GROUPS = ['AllUsers', 'AuthenticatedUsers', 'LogDelivery'] as const
export type Group = (typeof GROUPS)[number]

/** An account by its id, which is S3's canonical user id, or a group. */
export type Grantee = { account: string } | { group: Group }

export interface Grant {
  grantee: Grantee
  permission: Permission
}

/** The ACL of a bucket or an object. */
export interface Grants {
  /** Id of the account that owns it. */
  owner: string
  grants: Grant[]
}

/** Who owns what is written into a bucket, and whether ACLs count there. */
export const OWNERSHIPS = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
export type Ownership = (typeof OWNERSHIPS)[number]

export interface PublicAccessBlock {
  /** Refuses writes of public ACLs. */
  blockPublicAcls: boolean
  /** Judges as if no ACL were public. */
  ignorePublicAcls: boolean
  /** Refuses writes of public bucket policies. */
  blockPublicPolicy: boolean
  /** A public bucket policy allows only the owner's account anything. */
  restrictPublicBuckets: boolean
}

/**
 * Grants as they are stored: `["owner",[0,"owner"],[1,0]]` is full control for the owner and READ (1) for AllUsers (0).
 * Numbers are places in PERMISSIONS and GROUPS, so those lists may grow at their end only.
 */
export function packGrants({ owner, grants }: Grants): string {
  const packed = grants.map(({ grantee, permission }) => [
    PERMISSIONS.indexOf(permission),
    'group' in grantee ? GROUPS.indexOf(grantee.group) : grantee.account,
  ])
  return JSON.stringify([owner, ...packed])
}

/** @param packed  by `packGrants` */
export function unpackGrants(packed: string): Grants {
  const [owner, ...grants]: [string, ...[number, string | number][]] = JSON.parse(packed)
  return {
    owner,
    grants: grants.map(([place, grantee]) => {
      const permission = PERMISSIONS[place]
      if (!permission) throw new Error(`no such permission: ${place}`)
      return { grantee: unpackGrantee(grantee), permission }
    }),
  }
}

function unpackGrantee(packed: string | number): Grantee {
  if (typeof packed === 'string') return { account: packed }
  const group = GROUPS[packed]
  if (!group) throw new Error(`no such group: ${packed}`)
  return { group }
}
