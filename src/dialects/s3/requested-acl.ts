import { allowsAcl, blocksAcl } from '../../auth/acl/ownership'
import type { Bucket } from '../../model/bucket'
import { Fault } from '../../model/fault'
import { type Grants, packGrants } from '../../model/grants'
import type { AclFor } from '../../store/rights'
import type { S3Call } from './call'
import { S3Error } from './s3-error'
import { type AskedAcl, readAclHeaders, settleAcl } from './wire-acl'

/** The ACL that a write's headers ask for, to be settled once the bucket is known; undefined where they ask for none. */
export function requestedAcl(call: Pick<S3Call, 'headers' | 'wharf'>): AclFor | undefined {
  const asked = readAclHeaders(call.headers)
  return asked && ((bucket, owner) => settle(call, asked, bucket, owner))
}

/**
 * What `packGrants` makes of the ACL that is asked for; undefined for one that is private.
 * @throws S3Error AccessControlListNotSupported, InvalidArgument; Fault AccessDenied by the public access block
 */
export async function settle(
  { wharf }: Pick<S3Call, 'wharf'>,
  asked: AskedAcl,
  { owner: bucketOwner, settings }: Pick<Bucket, 'owner' | 'settings'>,
  owner: string,
): Promise<string | undefined> {
  const grants = await settleAcl(asked, { owner, bucketOwner }, async named =>
    'id' in named ? (await wharf.identities.account(named.id))?.id : undefined,
  )
  requireTakes({ owner: bucketOwner, settings }, grants)
  return isPrivate(grants) ? undefined : packGrants(grants)
}

/**
 * Whether a bucket takes an ACL, by its settings of this moment.
 * @throws S3Error AccessControlListNotSupported; Fault AccessDenied
 */
export function requireTakes({ owner, settings }: Pick<Bucket, 'owner' | 'settings'>, grants: Grants): void {
  if (!allowsAcl(settings.ownership ?? 'ObjectWriter', grants, owner)) {
    throw new S3Error('AccessControlListNotSupported')
  }
  if (blocksAcl(settings.publicAccessBlock, grants)) throw new Fault('AccessDenied')
}

function isPrivate({ owner, grants }: Grants): boolean {
  const [only] = grants
  const isOwners = only !== undefined && 'account' in only.grantee && only.grantee.account === owner
  return grants.length === 1 && isOwners && only.permission === 'FULL_CONTROL'
}
