import { readPolicy } from '../../src/auth/policy/read'
import type { Policy, PolicyRequest, Principal } from '../../src/model/policy'

export const BUCKET = 'examplebucket'

export function user(accountId: string, name: string): Principal {
  return { kind: 'user', accountId, user: name, arns: [`arn:aws:iam::${accountId}:user/${name}`] }
}

export const DAVE = user('111122223333', 'Dave')
export const NOBODY: Principal = { kind: 'anonymous', accountId: 'anonymous', user: '', arns: [] }
export const ROOT: Principal = { kind: 'root', accountId: 'wharf', user: 'root', arns: ['arn:aws:iam::wharf:root'] }

export function bucketPolicy(...statements: object[]): Policy {
  return readPolicy(document(...statements), { kind: 'bucket', bucket: BUCKET })
}

export function identityPolicy(...statements: object[]): Policy {
  return readPolicy(document(...statements), { kind: 'identity' })
}

export function document(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

/** A statement about anything of the bucket, with these members instead. */
export function statement(members: object = {}): object {
  const everything = [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`]
  return { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: everything, ...members }
}

/** @param values  of condition keys */
export function ask(
  action: string,
  {
    key,
    principal = DAVE,
    values = {},
  }: { key?: string; principal?: Principal; values?: Record<string, string[]> } = {},
): PolicyRequest {
  const resource = `arn:aws:s3:::${BUCKET}${key === undefined ? '' : `/${key}`}`
  return {
    action: `s3:${action}`,
    resource,
    principal,
    context: name => (Object.hasOwn(values, name) ? values[name] : undefined),
  }
}
