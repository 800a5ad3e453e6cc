import { ROOT_ACCOUNT } from '../../src/model/caller'
import { done, type Outcome, refused } from '../../src/model/outcome'
import {
  type AccessKey,
  type AccessKeyChange,
  type NewAccessKey,
  ROOT_USER,
  type SealedIdentity,
} from '../../src/model/people'
import { type Accounts, missing } from './accounts'
import { merged } from './merged'
import type { Policies } from './policies'
import type { Users } from './users'

interface KeyRow extends Record<string, SqlStorageValue> {
  access_key: string
  account: string
  user: string
  sealed_secret: string
  policy: string | null
  disabled: number
  expires: number | null
  description: string | null
  created: number | null
}

/** The access keys of all users, and with them who a request comes from. */
export class AccessKeys {
  readonly #sql: SqlStorage
  readonly #accounts: Accounts
  readonly #users: Users
  readonly #policies: Policies

  constructor(sql: SqlStorage, people: { accounts: Accounts; users: Users; policies: Policies }) {
    this.#sql = sql
    this.#accounts = people.accounts
    this.#users = people.users
    this.#policies = people.policies
  }

  /** Who holds this access key, disabled or not; undefined when nobody does. */
  identity(accessKey: string): SealedIdentity | undefined {
    const row = this.#row(accessKey)
    const account = row && this.#accounts.find(row.account)
    if (!account) return undefined
    const common = { account, user: row.user, key: key(row), sealedSecret: row.sealed_secret }
    const user = this.#users.find(row.account, row.user)
    if (user) {
      const { admin, disabled } = user
      return { ...common, isRoot: false, admin, disabled, policies: this.#policiesOf(user) }
    }
    if (!isRoot(row)) return undefined
    return { ...common, isRoot: true, admin: true, disabled: false, policies: [] }
  }

  find(accessKey: string): AccessKey | undefined {
    const row = this.#row(accessKey)
    return row && key(row)
  }

  /** @param user  undefined for those of all users of the account */
  list(account: string, user: string | undefined): AccessKey[] {
    return this.#sql
      .exec<KeyRow>(
        'select * from access_keys where account = ?1 and (?2 is null or user = ?2) order by user, created, access_key',
        account,
        user ?? null,
      )
      .toArray()
      .map(key)
  }

  /** A key belongs to one user for ever. */
  add(draft: NewAccessKey): Outcome<AccessKey> {
    const { accessKey, account, user, sealedSecret, policy, disabled, expiresMillis, description, createdMillis } =
      draft
    if (!isRoot(draft) && !this.#users.find(account, user)) return missing('user', user)
    if (this.#row(accessKey)) return refused('Conflict', { accessKey, problem: 'the access key is taken' })
    this.#sql.exec(
      `insert into access_keys (access_key, account, user, sealed_secret, policy, disabled, expires, description, created)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      accessKey,
      account,
      user,
      sealedSecret,
      policy ?? null,
      disabled ? 1 : 0,
      expiresMillis ?? null,
      description ?? null,
      createdMillis ?? null,
    )
    return this.#present(accessKey)
  }

  change(accessKey: string, change: AccessKeyChange): Outcome<AccessKey> {
    const present = this.find(accessKey)
    if (!present) return missing('access key', accessKey)
    const { policy, disabled, expiresMillis, description } = merged(present, change)
    this.#sql.exec(
      'update access_keys set policy = ?, disabled = ?, expires = ?, description = ? where access_key = ?',
      policy ?? null,
      disabled ? 1 : 0,
      expiresMillis ?? null,
      description ?? null,
      accessKey,
    )
    return this.#present(accessKey)
  }

  remove(accessKey: string): Outcome<void> {
    if (!this.#row(accessKey)) return missing('access key', accessKey)
    this.#sql.exec('delete from access_keys where access_key = ?', accessKey)
    return done(undefined)
  }

  #policiesOf({ account, policies, groups }: { account: string; policies: string[]; groups: string[] }) {
    const shared = groups.flatMap(group => this.#users.findGroup(account, group)?.policies ?? [])
    const names = Array.from(new Set([...policies, ...shared]))
    return names.map(name => ({ name, document: this.#policies.find(account, name)?.document }))
  }

  #present(accessKey: string): Outcome<AccessKey> {
    const present = this.find(accessKey)
    return present ? done(present) : missing('access key', accessKey)
  }

  #row(accessKey: string): KeyRow | undefined {
    return this.#sql.exec<KeyRow>('select * from access_keys where access_key = ?', accessKey).toArray()[0]
  }
}

function isRoot({ account, user }: { account: string; user: string }): boolean {
  return account === ROOT_ACCOUNT.id && user === ROOT_USER
}

function key(row: KeyRow): AccessKey {
  return {
    accessKey: row.access_key,
    account: row.account,
    user: row.user,
    policy: row.policy ?? undefined,
    disabled: row.disabled === 1,
    expiresMillis: row.expires ?? undefined,
    description: row.description ?? undefined,
    createdMillis: row.created ?? undefined,
  }
}
