import { json } from 'itty-router'
import { managedPolicyText, scopedPolicyText } from '../../auth/policy/managed'
import type { AccessKey, AccessKeyChange } from '../../model/people'
import type { AccessKeyAsk } from '../../system/access-keys'
import { BadRequest } from './faults'
import type { OwnCall } from './jobs'
import { asName, asObject, oneOf, optionalFlag, optionalText, readMembers } from './json-body'
import { accountOf, gone } from './people'
import { readDocument } from './policies'

/** GET /_wharf/api/keys?account=&user= : of one user, or for an admin those of all users of the account; never a secret. */
export async function listKeys(call: OwnCall): Promise<Response> {
  const user = call.query.get('user') ?? undefined
  const keys = await call.wharf.accessKeys.list(call.caller, accountOf(call), user)
  return json({ keys: keys.map(shown) })
}

/**
 * POST /_wharf/api/keys : makes a key for the caller, or for the `user` that is named. The answer holds its secret, for the only
 * time. What holds it to less than its user may is a `policy` (a document, or the name of a managed one), or a `scope`:
 * `{ "scope": { "bucket": "b", "prefix": "p/", "access": "readonly" }, "expiresMillis": 1800000000000, "description": "backup" }`
 */
export async function addKey(call: OwnCall): Promise<Response> {
  const { wharf, caller } = call
  const { secretKey, ...key } = await wharf.accessKeys.add(caller, readKey(call))
  return json({ ...shown(key), secretKey }, { status: 201 })
}

export async function showKey({ wharf, caller }: OwnCall, accessKey: string): Promise<Response> {
  return json(shown(await wharf.accessKeys.find(caller, accessKey)))
}

/** PATCH /_wharf/api/keys/{accessKey} `{ "disabled": true, "expiresMillis": null }` : what is not named stays, null takes away. */
export async function changeKey(call: OwnCall, accessKey: string): Promise<Response> {
  return json(shown(await call.wharf.accessKeys.change(call.caller, accessKey, readKeyChange(call))))
}

export async function removeKey({ wharf, caller }: OwnCall, accessKey: string): Promise<Response> {
  await wharf.accessKeys.remove(caller, accessKey)
  return gone()
}

const LIMITS = ['policy', 'scope', 'expiresMillis', 'description']

function readKey({ body, caller, wharf }: OwnCall): AccessKeyAsk {
  const given = readMembers(body, ['account', 'user', ...LIMITS, 'accessKey', 'secretKey'])
  const account = given.account === undefined ? caller.account.id : asName('account', given.account)
  if (given.user === undefined && account !== caller.account.id) throw new BadRequest('user must be named')
  return {
    account,
    user: optionalText('user', given.user) ?? caller.user,
    policy: readLimit(given),
    expiresMillis: readExpiry(given.expiresMillis, wharf.now()),
    description: optionalText('description', given.description),
    pair: readPair(given.accessKey, given.secretKey),
  }
}

function readKeyChange({ body, wharf }: OwnCall): AccessKeyChange {
  const given = readMembers(body, [...LIMITS, 'disabled'])
  const { policy, expiresMillis, description, disabled } = given
  return {
    policy: policy === null ? null : readLimit(given),
    expiresMillis: expiresMillis === null ? null : readExpiry(expiresMillis, wharf.now()),
    description: description === null ? null : optionalText('description', description),
    disabled: optionalFlag('disabled', disabled),
  }
}

function readLimit({ policy, scope }: { policy?: unknown; scope?: unknown }): string | undefined {
  if (policy !== undefined && scope !== undefined) throw new BadRequest('policy and scope do not go together')
  if (scope !== undefined) return readScope(scope)
  if (policy === undefined) return undefined
  return (typeof policy === 'string' ? managedPolicyText(policy) : undefined) ?? readDocument(policy)
}

const ACCESSES = ['readonly', 'readwrite', 'writeonly'] as const

function readScope(value: unknown): string {
  const { bucket, prefix = '', access: asked } = asObject('scope', value, ['bucket', 'prefix', 'access'])
  const access = oneOf('scope.access', asked, ACCESSES)
  // A name with a wildcard would be a pattern for others.
  if (typeof bucket !== 'string' || !/^[\w.-]{1,256}$/.test(bucket)) throw new BadRequest('scope.bucket must be a name')
  if (typeof prefix !== 'string' || prefix.length > 1024) throw new BadRequest('scope.prefix must be a text')
  if (access === undefined) throw new BadRequest(`scope.access must be one of ${ACCESSES.join(', ')}`)
  return scopedPolicyText({ bucket, prefix, access })
}

function readExpiry(value: unknown, nowMillis: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > nowMillis) return value
  throw new BadRequest('expiresMillis must be a time to come, in milliseconds since 1970')
}

function readPair(accessKey: unknown, secretKey: unknown): AccessKeyAsk['pair'] {
  if (accessKey === undefined && secretKey === undefined) return undefined
  if (typeof accessKey !== 'string' || !/^[\w.+=@-]{3,128}$/.test(accessKey)) {
    throw new BadRequest(
      'accessKey must have 3 to 128 characters of A-Z a-z 0-9 . _ + = @ -, and stand with a secretKey',
    )
  }
  if (typeof secretKey !== 'string' || secretKey.length < 8 || secretKey.length > 256) {
    throw new BadRequest('secretKey must have 8 to 256 characters, and stand with an accessKey')
  }
  return { accessKey, secretKey }
}

function shown({ policy, ...key }: AccessKey): object {
  return { ...key, policy: policy === undefined ? undefined : JSON.parse(policy) }
}
