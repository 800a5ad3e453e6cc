import { ROOT_ACCOUNT } from '../../src/model/caller'
import { done, type Outcome, type Refusal, refused } from '../../src/model/outcome'
import {
  type Group,
  type GroupChange,
  isManagedPolicy,
  type NewUser,
  ROOT_USER,
  type User,
  type UserChange,
} from '../../src/model/people'
import { missing } from './accounts'
import { merged } from './merged'

interface UserRow extends Record<string, SqlStorageValue> {
  account: string
  name: string
  admin: number
  disabled: number
  policies: string
  groups: string
}

interface GroupRow extends Record<string, SqlStorageValue> {
  account: string
  name: string
  policies: string
  members: string
}

const USERS = `select account, name, admin, disabled, policies,
  (select json_group_array(memberships.name) from memberships
   where memberships.account = users.account and user = users.name) as groups from users`
const GROUPS = `select account, name, policies,
  (select json_group_array(user) from memberships
   where memberships.account = groups.account and memberships.name = groups.name) as members from groups`

/** Users and groups. Each method is done whole inside the transaction of whoever calls it, and begins by what it may refuse. */
export class Users {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(account: string, name: string): User | undefined {
    return this.#sql.exec<UserRow>(`${USERS} where account = ? and name = ?`, account, name).toArray().map(user)[0]
  }

  list(account: string): User[] {
    return this.#sql.exec<UserRow>(`${USERS} where account = ? order by name`, account).toArray().map(user)
  }

  add(draft: NewUser): Outcome<User> {
    const { account, name, admin, policies, groups = [], sealedSwiftKey } = draft
    if (account === ROOT_ACCOUNT.id && name === ROOT_USER)
      return refused('Conflict', { problem: 'root is there already' })
    if (this.find(account, name)) return refused('Conflict', { problem: `there is a user "${name}" already` })
    const refusal = this.#refusePolicies(account, policies) ?? this.#refuseMissing('groups', account, groups)
    if (refusal) return refusal
    this.#sql.exec(
      'insert into users (account, name, admin, policies, sealed_swift_key) values (?, ?, ?, ?, ?)',
      account,
      name,
      admin ? 1 : 0,
      JSON.stringify(policies),
      sealedSwiftKey ?? null,
    )
    for (const group of groups) this.#join(account, name, group)
    return this.#present(account, name)
  }

  change(account: string, name: string, change: UserChange): Outcome<User> {
    const present = this.find(account, name)
    if (!present) return missing('user', name)
    const { admin, disabled, policies, groups } = merged(present, change)
    const refusal =
      this.#refusePolicies(account, change.policies) ?? this.#refuseMissing('groups', account, change.groups)
    if (refusal) return refusal
    this.#sql.exec(
      'update users set admin = ?, disabled = ?, policies = ? where account = ? and name = ?',
      admin ? 1 : 0,
      disabled ? 1 : 0,
      JSON.stringify(policies),
      account,
      name,
    )
    this.#sql.exec('delete from memberships where account = ? and user = ?', account, name)
    for (const group of groups) this.#join(account, name, group)
    return this.#present(account, name)
  }

  /** Its keys go with it. */
  remove(account: string, name: string): Outcome<void> {
    if (!this.find(account, name)) return missing('user', name)
    this.#sql.exec('delete from users where account = ? and name = ?', account, name)
    this.#sql.exec('delete from memberships where account = ? and user = ?', account, name)
    this.#sql.exec('delete from access_keys where account = ? and user = ?', account, name)
    return done(undefined)
  }

  findGroup(account: string, name: string): Group | undefined {
    return this.#sql.exec<GroupRow>(`${GROUPS} where account = ? and name = ?`, account, name).toArray().map(group)[0]
  }

  listGroups(account: string): Group[] {
    return this.#sql.exec<GroupRow>(`${GROUPS} where account = ? order by name`, account).toArray().map(group)
  }

  addGroup(draft: Group): Outcome<Group> {
    const { account, name, policies, members } = draft
    if (this.findGroup(account, name)) return refused('Conflict', { problem: `there is a group "${name}" already` })
    const refusal = this.#refusePolicies(account, policies) ?? this.#refuseMissing('users', account, members)
    if (refusal) return refusal
    this.#sql.exec('insert into groups values (?, ?, ?)', account, name, JSON.stringify(policies))
    for (const member of members) this.#join(account, member, name)
    return done(this.findGroup(account, name) ?? draft)
  }

  changeGroup(account: string, name: string, change: GroupChange): Outcome<Group> {
    const present = this.findGroup(account, name)
    if (!present) return missing('group', name)
    const { policies, members } = merged(present, change)
    const refusal =
      this.#refusePolicies(account, change.policies) ?? this.#refuseMissing('users', account, change.members)
    if (refusal) return refusal
    this.#sql.exec(
      'update groups set policies = ? where account = ? and name = ?',
      JSON.stringify(policies),
      account,
      name,
    )
    this.#sql.exec('delete from memberships where account = ? and name = ?', account, name)
    for (const member of members) this.#join(account, member, name)
    return done(this.findGroup(account, name) ?? present)
  }

  removeGroup(account: string, name: string): Outcome<void> {
    if (!this.findGroup(account, name)) return missing('group', name)
    this.#sql.exec('delete from groups where account = ? and name = ?', account, name)
    this.#sql.exec('delete from memberships where account = ? and name = ?', account, name)
    return done(undefined)
  }

  #join(account: string, user: string, name: string): void {
    this.#sql.exec('insert or ignore into memberships values (?, ?, ?)', account, user, name)
  }

  #present(account: string, name: string): Outcome<User> {
    const present = this.find(account, name)
    return present ? done(present) : missing('user', name)
  }

  #refusePolicies(account: string, policies: string[] = []): Refusal | undefined {
    return this.#refuseMissing(
      'policies',
      account,
      policies.filter(name => !isManagedPolicy(name)),
    )
  }

  #refuseMissing(table: 'users' | 'groups' | 'policies', account: string, names: string[] = []): Refusal | undefined {
    const kind = ({ users: 'user', groups: 'group', policies: 'policy' } as const)[table]
    const lost = names.find(
      name =>
        this.#sql.exec(`select 1 from ${table} where account = ? and name = ?`, account, name).toArray().length === 0,
    )
    return lost === undefined ? undefined : missing(kind, lost)
  }
}

function user(row: UserRow): User {
  return {
    account: row.account,
    name: row.name,
    admin: row.admin === 1,
    disabled: row.disabled === 1,
    policies: JSON.parse(row.policies) as string[],
    groups: JSON.parse(row.groups) as string[],
  }
}

function group(row: GroupRow): Group {
  return {
    account: row.account,
    name: row.name,
    policies: JSON.parse(row.policies) as string[],
    members: JSON.parse(row.members) as string[],
  }
}
