import type { Grant, Grants, Permission } from '../../model/grants'
import type { Principal } from '../../model/policy'

/** A right that an ACL can grant: of the bucket's ACL, or of the object's. */
export interface AclRight {
  level: 'bucket' | 'object'
  permission: Exclude<Permission, 'FULL_CONTROL'>
}

/**
 * The right by which an ACL allows an action; what is missing no ACL can allow. WRITE on an object is nothing.
 * @see S3 user guide, "Access control list (ACL) overview", Mapping of ACL permissions and access policy permissions
 */
const RIGHTS: Record<string, AclRight> = {
  ListBucket: { level: 'bucket', permission: 'READ' },
  ListBucketVersions: { level: 'bucket', permission: 'READ' },
  ListBucketMultipartUploads: { level: 'bucket', permission: 'READ' },
  HeadBucket: { level: 'bucket', permission: 'READ' },
  PutObject: { level: 'bucket', permission: 'WRITE' },
  DeleteObject: { level: 'bucket', permission: 'WRITE' },
  AbortMultipartUpload: { level: 'bucket', permission: 'WRITE' },
  ListMultipartUploadParts: { level: 'bucket', permission: 'WRITE' },
  GetBucketAcl: { level: 'bucket', permission: 'READ_ACP' },
  PutBucketAcl: { level: 'bucket', permission: 'WRITE_ACP' },
  GetObject: { level: 'object', permission: 'READ' },
  GetObjectVersion: { level: 'object', permission: 'READ' },
  GetObjectTorrent: { level: 'object', permission: 'READ' },
  GetObjectAcl: { level: 'object', permission: 'READ_ACP' },
  GetObjectVersionAcl: { level: 'object', permission: 'READ_ACP' },
  PutObjectAcl: { level: 'object', permission: 'WRITE_ACP' },
  PutObjectVersionAcl: { level: 'object', permission: 'WRITE_ACP' },
}

/** @param action  like `s3:GetObject` */
export function aclRight(action: string): AclRight | undefined {
  const name = action.slice('s3:'.length)
  return Object.hasOwn(RIGHTS, name) ? RIGHTS[name] : undefined
}

/**
 * How an ACL names somebody for a permission: 'directly' as one of a group, or by the 'account' it belongs to, whose own policies
 * then say which of its users may. Nothing where it does not grant it. The owner may always read and write the ACL.
 *
 * @param ignoresPublic  as if nothing were granted to the groups that stand for the public
 */
export function judgeAcl(
  { owner, grants }: Grants,
  principal: Principal,
  permission: Permission,
  ignoresPublic = false,
): 'directly' | 'account' | undefined {
  const granted = grants.filter(grant => grant.permission === permission || grant.permission === 'FULL_CONTROL')
  const isSigned = principal.kind !== 'anonymous'
  const isMember = granted.some(({ grantee }) => {
    if (!('group' in grantee)) return false
    return grantee.group === 'AllUsers' || (grantee.group === 'AuthenticatedUsers' && isSigned)
  })
  if (isMember && !ignoresPublic) return 'directly'
  if (!isSigned) return undefined
  const isOwner = owner === principal.accountId
  if (isOwner && permission.endsWith('_ACP')) return 'account'
  const isNamed = granted.some(({ grantee }) => 'account' in grantee && grantee.account === principal.accountId)
  return isNamed ? 'account' : undefined
}

/** Whether it grants anything to everybody, or to everybody who has any account. */
export function isPublicAcl({ grants }: Grants): boolean {
  return grants.some(isPublicGrant)
}

function isPublicGrant({ grantee }: Grant): boolean {
  return 'group' in grantee && (grantee.group === 'AllUsers' || grantee.group === 'AuthenticatedUsers')
}
