import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'
import { layersOf, principalOf } from './identity-layers'
import { decide } from './policy/decide'
import { MANAGED_POLICY_NAMES } from './policy/managed'
import { resourceArn } from './policy/read'

/** What is acted upon, where that is no bucket. */
export interface Resource {
  /** Id of the account that it belongs to; that of the place itself is `ROOT_ACCOUNT`'s. */
  owner: string
}

/** The policies that users may be given by name. */
export const POLICY_NAMES = MANAGED_POLICY_NAMES

/**
 * Decides about what is not inside a bucket: making one, listing them, running the place. Rights in buckets are decided in
 * store/rights.ts. Whatever is not allowed is denied.
 *
 * @param action  S3's name of it, like `s3:CreateBucket`, or one of `admin:`
 * @throws Fault  AccessDenied
 */
export function authorize(caller: Caller, action: string, resource: Resource): void {
  if (!mayDo(caller, action, resource)) throw new Fault('AccessDenied', { action })
}

export function mayDo(caller: Caller, action: string, { owner }: Resource): boolean {
  const verdict = decide({
    action,
    resource: resourceArn(),
    principal: principalOf(caller),
    context: () => undefined,
    identity: layersOf(caller),
    bucketOwner: owner,
    ownership: 'BucketOwnerEnforced',
  })
  return verdict === 'allow'
}
