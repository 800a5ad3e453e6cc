import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'

/** What is acted upon: something of a bucket, or of an account. */
export interface Resource {
  /** Id of the account that owns it. */
  owner: string
}

/** The policies that users may be given, as patterns of S3's action names. */
const POLICIES: Record<string, string[]> = {
  readonly: ['s3:Get*', 's3:List*'],
  readwrite: ['s3:*'],
  writeonly: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:GetBucketLocation'],
}

export const POLICY_NAMES = Object.keys(POLICIES)

/**
 * The one place where rights are decided. Whatever is not allowed is denied.
 *
 * @param action  S3's name of it, like `s3:GetObject`
 * @throws Fault  AccessDenied
 */
export function authorize(caller: Caller, action: string, resource: Resource): void {
  if (!mayDo(caller, action, resource)) throw new Fault('AccessDenied', { action })
}

export function mayDo(caller: Caller, action: string, resource: Resource): boolean {
  if (caller.kind === 'root') return true
  // The place itself is nobody's account.
  if (action.startsWith('admin:')) return false
  if (caller.kind === 'anonymous' || caller.account.id !== resource.owner) return false
  return caller.admin || caller.policies.some(policy => POLICIES[policy]?.some(pattern => fits(action, pattern)))
}

function fits(action: string, pattern: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern
}
