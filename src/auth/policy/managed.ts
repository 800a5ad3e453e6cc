import { isManagedPolicy, MANAGED_POLICIES, type ManagedPolicy } from '../../model/people'
import type { Policy } from '../../model/policy'
import { readPolicy, resourceArn } from './read'

const WRITING = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts']

/** The policies that users may be given without anybody having written them. */
const ACTIONS: Record<ManagedPolicy, string[]> = {
  readonly: ['s3:Get*', 's3:List*'],
  readwrite: ['s3:*'],
  writeonly: [...WRITING, 's3:GetBucketLocation'],
  consoleAdmin: ['s3:*', 'admin:*'],
}

export const MANAGED_POLICY_NAMES: string[] = [...MANAGED_POLICIES]

/** The document of a managed policy; undefined where no policy has this name. */
export function managedPolicyText(name: string): string | undefined {
  if (!isManagedPolicy(name)) return undefined
  return document([{ Effect: 'Allow', Action: ACTIONS[name], Resource: '*' }])
}

const read = new Map<string, Policy>()

export function managedPolicy(name: string): Policy | undefined {
  const present = read.get(name)
  if (present) return present
  const text = managedPolicyText(name)
  if (text === undefined) return undefined
  const policy = readPolicy(text, { kind: 'identity' })
  read.set(name, policy)
  return policy
}

export interface Scope {
  bucket: string
  /** Keys that begin with it are inside; end it in `/` where it is to be a folder. '' is the whole bucket. */
  prefix: string
  access: 'readonly' | 'readwrite' | 'writeonly'
}

/**
 * What a key that is held to a prefix may do: what the managed policy of that name allows, with objects under the prefix. It may
 * list only with a `prefix` parameter at or below its own, and then also ask for the bucket itself and where it is.
 */
export function scopedPolicyText({ bucket, prefix, access }: Scope): string {
  const under = `${literal(prefix)}*`
  const arn = resourceArn(bucket)
  const objects = {
    readonly: ['s3:Get*', 's3:ListMultipartUploadParts'],
    readwrite: ['s3:*'],
    writeonly: WRITING,
  }
  const listing = {
    Effect: 'Allow',
    Action: ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'],
    Resource: arn,
    ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': under } } }),
  }
  const mayList = access !== 'writeonly'
  return document([
    { Effect: 'Allow', Action: objects[access], Resource: `${arn}/${under}` },
    { Effect: 'Allow', Action: ['s3:GetBucketLocation', ...(mayList ? ['s3:HeadBucket'] : [])], Resource: arn },
    ...(mayList ? [listing] : []),
  ])
}

export function scopedPolicy(scope: Scope): Policy {
  return readPolicy(scopedPolicyText(scope), { kind: 'identity' })
}

/** A text that means nothing but itself inside a pattern. */
function literal(text: string): string {
  return text.replace(/[*?$]/g, character => `\${${character}}`)
}

function document(statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}
