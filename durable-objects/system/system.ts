import { DurableObject } from 'cloudflare:workers'
import type { Account } from '../../src/model/caller'
import { done, type Outcome, refused } from '../../src/model/outcome'
import type {
  AccessKey,
  AccessKeyChange,
  Group,
  GroupChange,
  NewAccessKey,
  NewUser,
  OwnPolicy,
  SealedIdentity,
  SealedRoot,
  User,
  UserChange,
} from '../../src/model/people'
import { RESTARTED } from '../../src/model/restart'
import { addTraffic, noTraffic, type Traffic } from '../../src/model/traffic'
import { AccessKeys } from './access-keys'
import { Accounts, missing } from './accounts'
import { Policies } from './policies'
import { prepareTables } from './schema'
import { Users } from './users'

/** What there is one of. */
interface Notes {
  root: SealedRoot
  /** Sealed. */
  configuration: string
  /** When the place was last told to restart, or its uptime was first asked for. */
  startedMillis: number
  traffic: Traffic
}

/**
 * Accounts, users, groups, their policies and keys, root's credentials where they were changed, and what the management API
 * keeps. Secrets come in and go out sealed; the key that opens them is never here. Who may ask is decided by the callers.
 */
export class System extends DurableObject {
  readonly #sql = this.ctx.storage.sql
  readonly #accounts = new Accounts(this.#sql)
  readonly #users = new Users(this.#sql)
  readonly #policies = new Policies(this.#sql)
  readonly #keys = new AccessKeys(this.#sql, {
    accounts: this.#accounts,
    users: this.#users,
    policies: this.#policies,
  })

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    prepareTables(this.#sql)
  }

  /** Ends this instance of the object, once all it wrote is durable; the next call begins a new one. */
  async restart(): Promise<void> {
    await this.ctx.storage.sync()
    this.ctx.abort(RESTARTED)
  }

  /** Who holds this access key, disabled or not; undefined when nobody does. */
  identity(accessKey: string): SealedIdentity | undefined {
    return this.#keys.identity(accessKey)
  }

  account(id: string): Account | undefined {
    return this.#accounts.find(id)
  }

  accounts(): Account[] {
    return this.#accounts.list()
  }

  /** @returns whether it was made: one with the same id and name is left alone */
  createAccount(account: Account): Outcome<boolean> {
    return this.#whole(() => this.#accounts.create(account))
  }

  changeAccount(id: string, change: { displayName?: string; email?: string | null }): Outcome<Account> {
    return this.#whole(() => this.#accounts.change(id, change))
  }

  removeAccount(id: string): Outcome<void> {
    return this.#whole(() => this.#accounts.remove(id))
  }

  /** Makes a user with its access key; a user that exists is left alone. A key belongs to one user for ever. */
  createUser(user: NewUser): Outcome<void> {
    return this.#whole(() => {
      const { account, name, accessKey, sealedSecret } = user
      if (accessKey !== undefined) {
        const holder = this.#keys.find(accessKey)
        const isAnothers = holder && (holder.account !== account || holder.user !== name)
        if (isAnothers || this.#note('root')?.accessKey === accessKey) return refused('Conflict', { accessKey })
      }
      if (this.#users.find(account, name)) return done(undefined)
      const added = this.#users.add(user)
      if (!added.ok) return added
      if (accessKey === undefined || sealedSecret === undefined || this.#keys.find(accessKey)) return done(undefined)
      const given = this.#keys.add({ accessKey, account, user: name, sealedSecret, disabled: false })
      return given.ok ? done(undefined) : given
    })
  }

  user(account: string, name: string): Outcome<User> {
    const user = this.#users.find(account, name)
    return user ? done(user) : missing('user', name)
  }

  users(account: string): User[] {
    return this.#users.list(account)
  }

  /** Makes a user that is not there yet. */
  addUser(user: NewUser): Outcome<User> {
    return this.#whole(() =>
      this.#accounts.find(user.account) ? this.#users.add(user) : missing('account', user.account),
    )
  }

  changeUser(account: string, name: string, change: UserChange): Outcome<User> {
    return this.#whole(() => this.#users.change(account, name, change))
  }

  removeUser(account: string, name: string): Outcome<void> {
    return this.#whole(() => this.#users.remove(account, name))
  }

  group(account: string, name: string): Outcome<Group> {
    const group = this.#users.findGroup(account, name)
    return group ? done(group) : missing('group', name)
  }

  groups(account: string): Group[] {
    return this.#users.listGroups(account)
  }

  addGroup(group: Group): Outcome<Group> {
    return this.#whole(() =>
      this.#accounts.find(group.account) ? this.#users.addGroup(group) : missing('account', group.account),
    )
  }

  changeGroup(account: string, name: string, change: GroupChange): Outcome<Group> {
    return this.#whole(() => this.#users.changeGroup(account, name, change))
  }

  removeGroup(account: string, name: string): Outcome<void> {
    return this.#whole(() => this.#users.removeGroup(account, name))
  }

  policy(account: string, name: string): Outcome<OwnPolicy> {
    const policy = this.#policies.find(account, name)
    return policy ? done(policy) : missing('policy', name)
  }

  policies(account: string): OwnPolicy[] {
    return this.#policies.list(account)
  }

  addPolicy(policy: OwnPolicy): Outcome<void> {
    return this.#whole(() =>
      this.#accounts.find(policy.account) ? this.#policies.add(policy) : missing('account', policy.account),
    )
  }

  changePolicy(policy: OwnPolicy): Outcome<void> {
    return this.#whole(() => this.#policies.change(policy))
  }

  removePolicy(account: string, name: string): Outcome<void> {
    return this.#whole(() => this.#policies.remove(account, name))
  }

  accessKey(accessKey: string): Outcome<AccessKey> {
    const key = this.#keys.find(accessKey)
    return key ? done(key) : missing('access key', accessKey)
  }

  /** @param user  undefined for those of all users of the account */
  accessKeys(account: string, user: string | undefined): AccessKey[] {
    return this.#keys.list(account, user)
  }

  addAccessKey(key: NewAccessKey): Outcome<AccessKey> {
    return this.#whole(() => {
      const { accessKey } = key
      return this.#note('root')?.accessKey === accessKey ? refused('Conflict', { accessKey }) : this.#keys.add(key)
    })
  }

  changeAccessKey(accessKey: string, change: AccessKeyChange): Outcome<AccessKey> {
    return this.#whole(() => this.#keys.change(accessKey, change))
  }

  removeAccessKey(accessKey: string): Outcome<void> {
    return this.#whole(() => this.#keys.remove(accessKey))
  }

  /** Root's credentials; undefined while they are the initial ones. */
  root(): SealedRoot | undefined {
    return this.#note('root')
  }

  /** Gives root another pair; from then on the one before, initial or not, is nobody's. */
  changeRoot(root: SealedRoot): Outcome<void> {
    return this.ctx.storage.transactionSync(() => {
      if (this.#keys.find(root.accessKey)) return refused('Conflict', { accessKey: root.accessKey })
      this.#keep('root', root)
      return done(undefined)
    })
  }

  /** The document that `keepConfiguration` was given last. */
  configuration(): string | undefined {
    return this.#note('configuration')
  }

  /** Keeps a configuration, and with it another pair for root, where there is one: both, or neither. */
  keepConfiguration(sealedDocument: string, root: SealedRoot | undefined): Outcome<void> {
    return this.ctx.storage.transactionSync(() => {
      const changed = root ? this.changeRoot(root) : done(undefined)
      if (changed.ok) this.#keep('configuration', sealedDocument)
      return changed
    })
  }

  /**
   * When the place was last told to restart; where it never was, when somebody first asked.
   * @param ifUnknown  noted as the answer where there is none yet
   */
  startedMillis(ifUnknown: number): number {
    const noted = this.#note('startedMillis')
    if (noted !== undefined) return noted
    this.#keep('startedMillis', ifUnknown)
    return ifUnknown
  }

  noteRestart(nowMillis: number): void {
    this.#keep('startedMillis', nowMillis)
  }

  /** Everything that went through the doors of all isolates, as far as they have told. */
  traffic(): Traffic {
    return this.#note('traffic') ?? noTraffic()
  }

  addTraffic(traffic: Traffic): void {
    const sum = this.traffic()
    addTraffic(sum, traffic)
    this.#keep('traffic', sum)
  }

  #whole<T>(work: () => Outcome<T>): Outcome<T> {
    return this.ctx.storage.transactionSync(work)
  }

  #note<K extends keyof Notes>(name: K): Notes[K] | undefined {
    const [row] = this.#sql.exec<{ value: string }>('select value from notes where name = ?', name).toArray()
    // Written by `keep` below.
    return row && (JSON.parse(row.value) as Notes[K])
  }

  #keep<K extends keyof Notes>(name: K, value: Notes[K]): void {
    this.#sql.exec('insert or replace into notes values (?, ?)', name, JSON.stringify(value))
  }
}
