import type { Grants, Ownership, PublicAccessBlock } from '../../model/grants'
import type { Policy, PolicyRequest, Verdict } from '../../model/policy'
import { aclRight, judgeAcl } from '../acl/judge-acl'
import { intersect, judgePolicies, judgePolicy, type Naming, weighPolicy } from './judge'
import { isPublicPolicy } from './public'

/** What the principal brings along. The anonymous one brings nothing: no policies, no limits. */
export interface IdentityLayers {
  /** Policies of the user and its groups; 'everything' for root and for an account's admin. */
  own: Policy[] | 'everything'
  /** What limits this key or session further: an inline policy, a session policy, a prefix. Every one must allow. */
  limits: Policy[]
}

export interface Matter extends PolicyRequest {
  identity: IdentityLayers
  /** Id of the account that owns the bucket; of what has no bucket, the account that it belongs to. */
  bucketOwner: string
  bucketPolicy?: Policy
  /** Undefined is `private`. */
  bucketAcl?: Grants
  /** Of the object that the action is about, where it is there; undefined is `private` and the bucket owner's. */
  objectAcl?: Grants
  ownership: Ownership
  publicAccessBlock?: PublicAccessBlock
}

/** What the bucket's own settings cannot take from the deployment's root. */
const POLICY_ACTIONS = new Set(['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'])

/**
 * Whether a request may be carried out. The first row that fits decides.
 *
 * | who asks | what is said | decision |
 * |---|---|---|
 * | anybody signed | a policy of its own or a limit denies, or a limit does not allow | deny |
 * | the deployment's root, about the bucket's policy itself | its own policies allow | allow |
 * | anybody | the bucket policy denies | deny |
 * | the deployment's root | its own policies allow | allow |
 * | anonymous | the bucket policy allows everyone, or the ACL grants AllUsers | allow |
 * | a user of the owning account | the bucket policy allows everyone or this user, or the ACL grants a public group | allow |
 * | a user of the owning account | its own policies allow, and the ACL has not taken the right from the owner | allow |
 * | a user of the owning account | its own policies allow, and the bucket policy allows its account | allow |
 * | a user of another account | its own policies allow, and the bucket policy or the ACL names everyone, it or its account | allow |
 * | anybody else | | deny |
 *
 * - The owner: for reading an object and for its ACL the account that owns the object, else the bucket's. What another account
 *   wrote, the bucket policy may deny but cannot allow.
 * - An account that is named delegates: its admin has the right, its other users need a policy of their own as well. So the full
 *   control that each owner has by ACL gives a user with few rights no more.
 * - The owner's own rights come from the ACL, as in S3: an ACL without a grant for the owner takes reading or writing from it, but
 *   never reading and writing the ACL. Where there is no ACL, nothing is taken.
 * - BucketOwnerEnforced: no ACL counts, and the bucket's owner owns every object.
 * - IgnorePublicAcls: grants to AllUsers and AuthenticatedUsers do not count. RestrictPublicBuckets: what a public bucket policy
 *   allows counts for the bucket owner's account alone.
 *
 * @see S3 user guide, "How Amazon S3 authorizes a request"
 */
export function decide(matter: Matter): 'allow' | 'deny' {
  const { principal, identity, bucketPolicy } = matter
  const own = identity.own === 'everything' ? 'allow' : judgePolicies(identity.own, matter)
  const limits = identity.limits.map(limit => judgePolicy(limit, matter))
  if (own === 'deny' || (limits.length > 0 && intersect(limits) !== 'allow')) return 'deny'
  const isRoot = principal.kind === 'root' && own === 'allow'
  if (isRoot && POLICY_ACTIONS.has(matter.action)) return 'allow'
  const said = bucketPolicy ? weighPolicy(bucketPolicy, matter) : { isDenied: false }
  if (said.isDenied) return 'deny'
  if (isRoot) return 'allow'
  return isAllowed(matter, own, said.granted) ? 'allow' : 'deny'
}

function isAllowed(matter: Matter, own: Verdict, granted: Naming | undefined): boolean {
  const { principal } = matter
  const owner = ownerFor(matter)
  const byPolicy = policyCounts(matter, owner) ? granted : undefined
  const byAcl = namedByAcl(matter)
  const isDirect = byPolicy === 'directly' || byAcl === 'directly'
  if (principal.kind === 'anonymous') return isDirect
  if (principal.accountId !== owner) return own === 'allow' && (byPolicy !== undefined || byAcl !== undefined)
  // Without an ACL nothing is taken from the owner.
  return isDirect || (own === 'allow' && (byPolicy !== undefined || byAcl !== undefined || !aclOf(matter)))
}

/** The ACL that an action is judged by; undefined where none counts, or there is none. */
function aclOf({ action, ownership, bucketAcl, objectAcl }: Matter): Grants | undefined {
  if (ownership === 'BucketOwnerEnforced') return undefined
  const right = aclRight(action)
  return right && (right.level === 'bucket' ? bucketAcl : objectAcl)
}

/** What another account wrote stays its own, for reading it and for its ACL. */
function ownerFor(matter: Matter): string {
  const isOfObject = aclRight(matter.action)?.level === 'object'
  return (isOfObject ? aclOf(matter)?.owner : undefined) ?? matter.bucketOwner
}

function policyCounts({ principal, bucketOwner, bucketPolicy, publicAccessBlock }: Matter, owner: string): boolean {
  if (!bucketPolicy || owner !== bucketOwner) return false
  const isRestricted = publicAccessBlock?.restrictPublicBuckets === true && isPublicPolicy(bucketPolicy)
  return !isRestricted || (principal.kind !== 'anonymous' && principal.accountId === bucketOwner)
}

function namedByAcl(matter: Matter): Naming | undefined {
  const acl = aclOf(matter)
  const right = aclRight(matter.action)
  if (!acl || !right) return undefined
  return judgeAcl(acl, matter.principal, right.permission, matter.publicAccessBlock?.ignorePublicAcls)
}
