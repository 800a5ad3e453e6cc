import type { Grants, Ownership, PublicAccessBlock } from '../../model/grants'
import type { Policy } from '../../model/policy'
import { isPublicPolicy } from '../policy/public'
import { cannedName } from './canned'
import { isPublicAcl } from './judge-acl'

/** Whether the public access block refuses to store this ACL: AccessDenied. */
export function blocksAcl(block: PublicAccessBlock | undefined, acl: Grants): boolean {
  return block?.blockPublicAcls === true && isPublicAcl(acl)
}

/** Whether the public access block refuses to store this bucket policy: AccessDenied. */
export function blocksPolicy(block: PublicAccessBlock | undefined, policy: Policy): boolean {
  return block?.blockPublicPolicy === true && isPublicPolicy(policy)
}

/** What counts as public for the bucket's policy status: its policy, or its ACL where that counts. */
export function isPublicBucket(bucket: {
  policy?: Policy
  acl?: Grants
  ownership: Ownership
  publicAccessBlock?: PublicAccessBlock
}): boolean {
  const { policy, acl, ownership, publicAccessBlock: block } = bucket
  const aclCounts = ownership !== 'BucketOwnerEnforced' && block?.ignorePublicAcls !== true
  if (aclCounts && acl && isPublicAcl(acl)) return true
  return policy !== undefined && isPublicPolicy(policy) && block?.restrictPublicBuckets !== true
}

/**
 * Whether an ACL may be written where the bucket's owner owns everything: only one that gives that owner full control and nobody
 * else anything. Else AccessControlListNotSupported; with CreateBucket InvalidBucketAclWithObjectOwnership.
 */
export function allowsAcl(ownership: Ownership, acl: Grants, bucketOwner: string): boolean {
  return ownership !== 'BucketOwnerEnforced' || cannedName({ ...acl, owner: bucketOwner }, bucketOwner) === 'private'
}
