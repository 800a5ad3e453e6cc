import type { Account, Caller } from '../model/caller'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import type { Group, GroupChange, User, UserChange } from '../model/people'
import { read, write } from '../store/calls'
import type { Stubs } from '../stubs'
import type { Identities } from './identities'
import { requireAdmin, requireHolder, requireRoot } from './people-rights'

/** Accounts, their users and groups. Whoever asks comes first, and is asked for its right; see people-rights.ts. */
export class People {
  readonly #stubs: Stubs
  readonly #identities: Identities

  constructor(stubs: Stubs, identities: Identities) {
    this.#stubs = stubs
    this.#identities = identities
  }

  /** Root sees all accounts, an admin its own. */
  async accounts(caller: Caller): Promise<Account[]> {
    requireAdmin(caller, caller.account.id, 'admin:ListAccounts')
    return caller.kind === 'root' ? read(() => this.#stubs.system().accounts()) : [caller.account]
  }

  /** @throws Fault AccessDenied, NoSuchEntity */
  async account(caller: Caller, id: string): Promise<Account> {
    requireAdmin(caller, id, 'admin:GetAccount')
    const account = await this.#identities.account(id)
    if (account) return account
    throw new Fault('NoSuchEntity', { kind: 'account', name: id, problem: `there is no account "${id}"` })
  }

  /** @throws Fault AccessDenied, Conflict where id or name are taken */
  async addAccount(caller: Caller, account: Account): Promise<Account> {
    requireRoot(caller, 'admin:CreateAccount')
    const isNew = unwrap(await write(() => this.#stubs.system().createAccount(account)))
    if (!isNew) throw new Fault('Conflict', { problem: `there is an account "${account.name}" already` })
    return account
  }

  /** @throws Fault AccessDenied, NoSuchEntity */
  async changeAccount(
    caller: Caller,
    id: string,
    change: { displayName?: string; email?: string | null },
  ): Promise<Account> {
    requireRoot(caller, 'admin:UpdateAccount')
    return this.#done(await write(() => this.#stubs.system().changeAccount(id, change)))
  }

  /**
   * Removes an account that owns nothing, with its groups and policies.
   * @throws Fault AccessDenied, NoSuchEntity, Conflict while it has users or buckets
   */
  async removeAccount(caller: Caller, id: string): Promise<void> {
    requireRoot(caller, 'admin:DeleteAccount')
    const { buckets } = await read(() => this.#stubs.namespace().list({ owner: id, limit: 1 }))
    if (buckets.length > 0) throw new Fault('Conflict', { problem: 'the account has buckets: delete them first' })
    this.#done(await write(() => this.#stubs.system().removeAccount(id)))
  }

  async users(caller: Caller, account: string): Promise<User[]> {
    requireAdmin(caller, account, 'admin:ListUsers')
    return read(() => this.#stubs.system().users(account))
  }

  /** A user may look at itself. */
  async user(caller: Caller, account: string, name: string): Promise<User> {
    requireHolder(caller, { account, user: name }, 'admin:GetUser')
    return unwrap(await read(() => this.#stubs.system().user(account, name)))
  }

  /** @throws Fault AccessDenied, NoSuchEntity (a policy, group or account that is named), Conflict */
  async addUser(caller: Caller, user: Omit<User, 'disabled'>): Promise<User> {
    requireAdmin(caller, user.account, 'admin:CreateUser')
    return this.#done(await write(() => this.#stubs.system().addUser(user)))
  }

  /** @throws Fault AccessDenied, NoSuchEntity */
  async changeUser(caller: Caller, account: string, name: string, change: UserChange): Promise<User> {
    requireAdmin(caller, account, 'admin:UpdateUser')
    return this.#done(await write(() => this.#stubs.system().changeUser(account, name, change)))
  }

  /** Its keys go with it. */
  async removeUser(caller: Caller, account: string, name: string): Promise<void> {
    requireAdmin(caller, account, 'admin:DeleteUser')
    this.#done(await write(() => this.#stubs.system().removeUser(account, name)))
  }

  async groups(caller: Caller, account: string): Promise<Group[]> {
    requireAdmin(caller, account, 'admin:ListGroups')
    return read(() => this.#stubs.system().groups(account))
  }

  async group(caller: Caller, account: string, name: string): Promise<Group> {
    requireAdmin(caller, account, 'admin:GetGroup')
    return unwrap(await read(() => this.#stubs.system().group(account, name)))
  }

  /** @throws Fault AccessDenied, NoSuchEntity (a policy, user or account that is named), Conflict */
  async addGroup(caller: Caller, group: Group): Promise<Group> {
    requireAdmin(caller, group.account, 'admin:CreateGroup')
    return this.#done(await write(() => this.#stubs.system().addGroup(group)))
  }

  /** @throws Fault AccessDenied, NoSuchEntity */
  async changeGroup(caller: Caller, account: string, name: string, change: GroupChange): Promise<Group> {
    requireAdmin(caller, account, 'admin:UpdateGroup')
    return this.#done(await write(() => this.#stubs.system().changeGroup(account, name, change)))
  }

  async removeGroup(caller: Caller, account: string, name: string): Promise<void> {
    requireAdmin(caller, account, 'admin:DeleteGroup')
    this.#done(await write(() => this.#stubs.system().removeGroup(account, name)))
  }

  #done<T>(outcome: Parameters<typeof unwrap<T>>[0]): T {
    const value = unwrap(outcome)
    this.#identities.forget()
    return value
  }
}
