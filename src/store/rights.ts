import { layersOf, principalOf } from '../auth/identity-layers'
import { decide } from '../auth/policy/decide'
import { contextKeysOf } from '../auth/policy/judge'
import { readPolicy, resourceArn } from '../auth/policy/read'
import type { Bucket, BucketSettings } from '../model/bucket'
import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'
import { type Grants, unpackGrants } from '../model/grants'
import type { ObjectDescription } from '../model/object'
import type { ContextValues, Policy } from '../model/policy'
import type { StoreContext } from './context'

/** What an action on a bucket is about besides the bucket itself. */
export interface About {
  key?: string
  /** What is known of the object that is there; nothing means that it is the bucket owner's, and private. */
  object?: Pick<ObjectDescription, 'owner' | 'acl' | 'tags'>
  /** Instead of the request's: a missing key is looked for as if it were listed. */
  prefix?: string
}

/**
 * The one place where rights in buckets are decided; see `decide` for the rules. Whatever is not allowed is denied.
 * @param action  S3's name of it, like `s3:GetObject`
 * @throws Fault  AccessDenied
 */
export function authorizeIn(
  context: Pick<StoreContext, 'origin' | 'now'>,
  caller: Caller,
  action: string,
  bucket: Bucket,
  about: About = {},
): void {
  if (!mayIn(context, caller, action, bucket, about)) throw new Fault('AccessDenied', { action })
}

export function mayIn(
  context: Pick<StoreContext, 'origin' | 'now'>,
  caller: Caller,
  action: string,
  bucket: Bucket,
  about: About = {},
): boolean {
  const { settings, owner } = bucket
  const identity = layersOf(caller)
  const isPlain = settings.policy === undefined && settings.acl === undefined && about.object?.acl === undefined
  // Nearly every request: somebody who may do everything, in a bucket that says nothing else.
  if (isPlain && identity.own === 'everything' && identity.limits.length === 0) {
    const isOwn = caller.kind === 'root' || caller.account.id === owner
    if (isOwn && about.object?.owner === undefined) return true
  }
  const verdict = decide({
    action,
    resource: resourceArn(bucket.name, about.key),
    principal: principalOf(caller),
    context: contextOf(context, caller, bucket, about),
    identity,
    bucketOwner: owner,
    bucketPolicy: policyOf(bucket),
    bucketAcl: aclOf(settings),
    objectAcl: objectAclOf(about.object, owner),
    ownership: settings.ownership ?? 'ObjectWriter',
    publicAccessBlock: settings.publicAccessBlock,
  })
  return verdict === 'allow'
}

/** The bucket's policy, read once for each version of its settings that the isolate meets. */
export function policyOf({ name, settings }: Bucket): Policy | undefined {
  if (settings.policy === undefined) return undefined
  const known = policies.get(settings)
  if (known) return known
  const policy = readPolicy(settings.policy, { kind: 'bucket', bucket: name })
  policies.set(settings, policy)
  return policy
}

const policies = new WeakMap<BucketSettings, Policy>()

export function aclOf({ acl }: { acl?: string }): Grants | undefined {
  return acl === undefined ? undefined : unpackGrants(acl)
}

function objectAclOf(object: About['object'], bucketOwner: string): Grants | undefined {
  if (object?.acl !== undefined) return unpackGrants(object.acl)
  // What another account wrote stays its own.
  if (object?.owner === undefined || object.owner === bucketOwner) return undefined
  const grantee = { account: object.owner }
  return { owner: object.owner, grants: [{ grantee, permission: 'FULL_CONTROL' }] }
}

const EXISTING_TAG = 's3:existingobjecttag/'

/** Values of condition keys: what the store knows itself, else what the dialect reads out of the request. */
function contextOf(
  { origin, now }: Pick<StoreContext, 'origin' | 'now'>,
  caller: Caller,
  bucket: Bucket,
  { object, prefix }: About,
): ContextValues {
  return key => {
    if (key.startsWith(EXISTING_TAG)) return valuesOfTag(object, key.slice(EXISTING_TAG.length))
    switch (key) {
      case 's3:prefix':
        return prefix === undefined ? origin.conditions?.(key) : [prefix]
      case 's3:resourceaccount':
        return [bucket.owner]
      case 'aws:username':
        return caller.kind === 'user' ? [caller.user] : undefined
      case 'aws:userid':
        return caller.kind === 'anonymous' ? undefined : [`${caller.account.id}:${caller.user}`]
      case 'aws:sourceip':
        return origin.address === '' ? undefined : [origin.address]
      case 'aws:currenttime':
        return [new Date(now()).toISOString()]
      case 'aws:epochtime':
        return [String(Math.floor(now() / 1000))]
      default:
        return origin.conditions?.(key)
    }
  }
}

function valuesOfTag(object: About['object'], name: string): string[] | undefined {
  const tag = object?.tags?.find(([key]) => key === name)
  return tag && [tag[1]]
}

/**
 * What a write needs: to put the object, and for each thing that it brings along, to put that.
 * @throws Fault AccessDenied
 */
export function authorizeWrite(
  context: Pick<StoreContext, 'origin' | 'now'>,
  caller: Caller,
  bucket: Bucket,
  key: string,
  { tags, acl, lock }: Pick<ObjectDescription, 'tags' | 'acl' | 'lock'> = {},
): void {
  authorizeIn(context, caller, 's3:PutObject', bucket, { key })
  if (tags && tags.length > 0) authorizeIn(context, caller, 's3:PutObjectTagging', bucket, { key })
  // Judged by what the object would be without it: an ACL does not allow itself.
  if (acl !== undefined)
    authorizeIn(context, caller, 's3:PutObjectAcl', bucket, { key, object: { owner: ownerOf(caller, bucket) } })
  if (lock?.retention) authorizeIn(context, caller, 's3:PutObjectRetention', bucket, { key })
  if (lock?.legalHold !== undefined) authorizeIn(context, caller, 's3:PutObjectLegalHold', bucket, { key })
}

/** Whether the caller's rights in the bucket hang on the tags of its objects. */
export function asksForTags(caller: Caller, bucket: Bucket): boolean {
  const { own, limits } = layersOf(caller)
  const policies = [policyOf(bucket) ?? [], own === 'everything' ? [] : own, limits].flat()
  return policies.some(policy => Array.from(contextKeysOf(policy)).some(key => key.startsWith(EXISTING_TAG)))
}

/**
 * The ACL that a write asks for, once it is known in whose bucket and for which owner.
 * @returns what `packGrants` wrote; undefined for a private one
 */
export type AclFor = (bucket: Bucket, owner: string) => Promise<string | undefined>

/** The description with the ACL that was asked for. */
export async function withAcl<T extends { acl?: string }>(
  description: T,
  aclFor: AclFor | undefined,
  bucket: Bucket,
  owner: string | undefined,
): Promise<T> {
  if (!aclFor) return description
  const acl = await aclFor(bucket, owner ?? bucket.owner)
  return acl === undefined ? description : { ...description, acl }
}

/** The account that a caller writes for, where that is not the bucket's owner. Root writes for the owner. */
export function ownerOf(caller: Caller, bucket: Bucket): string | undefined {
  if (bucket.settings.ownership === 'BucketOwnerEnforced') return undefined
  return caller.kind === 'user' && caller.account.id !== bucket.owner ? caller.account.id : undefined
}
