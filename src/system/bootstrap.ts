import { POLICY_NAMES } from '../auth/authorize'
import type { Account, Caller } from '../model/caller'
import { Fault } from '../model/fault'
import type { Store } from '../store/store'
import type { Identities, UserAsk } from './identities'

/** What shall exist at the start. */
export interface Bootstrap {
  accounts: { account: Account; users: UserAsk[] }[]
  buckets: { name: string; account: string }[]
  /** Sentences about what was asked for and is not done. */
  warnings: string[]
}

/**
 * Makes what is missing; what exists already is left alone, so it may run at every start.
 * @throws Fault NotConfigured with the place and the reason
 */
export async function applyBootstrap(text: string, identities: Identities, store: Store): Promise<string[]> {
  const bootstrap = readBootstrap(text)
  for (const [i, { account, users }] of bootstrap.accounts.entries()) {
    await at(`accounts[${i}]`, () => identities.createAccount(account))
    for (const [j, user] of users.entries()) {
      await at(`accounts[${i}].users[${j}]`, () => identities.createUser(user))
    }
  }
  for (const [i, bucket] of bootstrap.buckets.entries()) {
    const owner = bootstrap.accounts.find(({ account }) => account.name === bucket.account)?.account
    if (!owner) throw wrong(`buckets[${i}].account`, `no account of the name "${bucket.account}" in this file`)
    await at(`buckets[${i}]`, () => createBucket(store, owner, bucket.name))
  }
  return bootstrap.warnings
}

/** Reads the file's text; every wrong or unknown member is refused with its place. */
export function readBootstrap(text: string): Bootstrap {
  const file = asObject('the file', parse(text), ['accounts', 'buckets'])
  const bootstrap: Bootstrap = { accounts: [], buckets: [], warnings: [] }
  for (const [i, item] of asArray('accounts', file.accounts).entries()) {
    const place = `accounts[${i}]`
    const entry = asObject(place, item, ['name', 'id', 'displayName', 'email', 'users'])
    const name = asText(`${place}.name`, entry.name)
    const account: Account = {
      id: optionalText(`${place}.id`, entry.id) ?? name,
      name,
      displayName: optionalText(`${place}.displayName`, entry.displayName) ?? name,
      email: optionalText(`${place}.email`, entry.email),
    }
    const users = asArray(`${place}.users`, entry.users).map((user, j) =>
      readUser(`${place}.users[${j}]`, user, account.id),
    )
    bootstrap.accounts.push({ account, users })
  }
  for (const [i, item] of asArray('buckets', file.buckets).entries()) {
    const place = `buckets[${i}]`
    const entry = asObject(place, item, ['name', 'account', 'versioning'])
    const name = asText(`${place}.name`, entry.name)
    bootstrap.buckets.push({ name, account: asText(`${place}.account`, entry.account) })
    if (asFlag(`${place}.versioning`, entry.versioning)) {
      bootstrap.warnings.push(`${place}.versioning: versions are not kept yet; bucket "${name}" is made without them.`)
    }
  }
  return bootstrap
}

function readUser(place: string, value: unknown, account: string): UserAsk {
  const entry = asObject(place, value, ['name', 'admin', 'policies', 'accessKey', 'secretKey', 'swiftKey'])
  const policies = asArray(`${place}.policies`, entry.policies).map((policy, k) =>
    asText(`${place}.policies[${k}]`, policy),
  )
  for (const [k, policy] of policies.entries()) {
    if (!POLICY_NAMES.includes(policy)) {
      throw wrong(`${place}.policies[${k}]`, `no policy "${policy}"; there are ${POLICY_NAMES.join(', ')}`)
    }
  }
  const accessKey = optionalText(`${place}.accessKey`, entry.accessKey)
  const secretKey = optionalText(`${place}.secretKey`, entry.secretKey)
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw wrong(place, 'accessKey and secretKey must be given together')
  }
  if (accessKey !== undefined && !/^[\w.+=@-]{3,128}$/.test(accessKey)) {
    throw wrong(`${place}.accessKey`, 'must have 3 to 128 characters of A-Z a-z 0-9 . _ + = @ -')
  }
  if (secretKey !== undefined && secretKey.length < 8) {
    throw wrong(`${place}.secretKey`, 'must have at least 8 characters')
  }
  return {
    account,
    name: asText(`${place}.name`, entry.name),
    admin: asFlag(`${place}.admin`, entry.admin),
    policies,
    accessKey,
    secretKey,
    swiftKey: optionalText(`${place}.swiftKey`, entry.swiftKey),
  }
}

async function createBucket(store: Store, owner: Account, name: string): Promise<void> {
  const caller: Caller = { kind: 'user', account: owner, user: 'bootstrap', admin: true, policies: [] }
  try {
    await store.buckets.create(caller, name)
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'BucketOwnedByCaller')) throw error
  }
}

async function at(place: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.code === 'NotConfigured') throw error
    const facts = Object.entries(error.detail).map(([name, value]) => `${name} ${value}`)
    throw wrong(place, [error.code, ...facts].join(', '))
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrong('the file', `is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function asObject(place: string, value: unknown, members: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'must be an object')
  const unknown = Object.keys(value).find(name => !members.includes(name))
  if (unknown !== undefined) throw wrong(place, `has no member "${unknown}"; it may have ${members.join(', ')}`)
  return value as Record<string, unknown>
}

function asArray(place: string, value: unknown): unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong(place, 'must be an array')
  return value
}

function asText(place: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrong(place, 'must be a text that is not empty')
  return value
}

function optionalText(place: string, value: unknown): string | undefined {
  return value === undefined ? undefined : asText(place, value)
}

function asFlag(place: string, value: unknown): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw wrong(place, 'must be true or false')
  return value
}

function wrong(place: string, reason: string): Fault {
  return new Fault('NotConfigured', {}, `WHARF_BOOTSTRAP: ${place}: ${reason}.`)
}
