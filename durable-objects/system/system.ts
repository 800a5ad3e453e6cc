import { DurableObject } from 'cloudflare:workers'
import type { Account } from '../../src/model/caller'
import { done, type Outcome, refused } from '../../src/model/outcome'
import type { NewUser, SealedIdentity, SealedRoot } from '../../src/model/people'
import { RESTARTED } from '../../src/model/restart'
import { addTraffic, noTraffic, type Traffic } from '../../src/model/traffic'

const TABLES = `
  create table if not exists accounts (
    id text primary key, name text not null unique, display_name text not null, email text
  ) without rowid;
  create table if not exists users (
    account text not null, name text not null, admin integer not null, policies text not null, sealed_swift_key text,
    primary key (account, name)
  ) without rowid;
  create table if not exists access_keys (
    access_key text primary key, account text not null, user text not null, sealed_secret text not null
  ) without rowid;
  create table if not exists notes (name text primary key, value text not null) without rowid;
`

/** What there is one of. */
interface Notes {
  root: SealedRoot
  /** Sealed. */
  configuration: string
  /** When the place was last told to restart, or its uptime was first asked for. */
  startedMillis: number
  traffic: Traffic
}

interface AccountRow extends Record<string, SqlStorageValue> {
  id: string
  name: string
  display_name: string
  email: string | null
}

interface IdentityRow extends AccountRow {
  user: string
  admin: number
  policies: string
  sealed_secret: string
}

/**
 * Accounts, users and their keys, root's credentials where they were changed, and what the management API keeps. Secrets
 * come in and go out sealed; the key that opens them is never here.
 */
export class System extends DurableObject {
  readonly #sql = this.ctx.storage.sql

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#sql.exec(TABLES)
  }

  /** Ends this instance of the object, once all it wrote is durable; the next call begins a new one. */
  async restart(): Promise<void> {
    await this.ctx.storage.sync()
    this.ctx.abort(RESTARTED)
  }

  /** Who holds this access key; undefined when nobody does. */
  identity(accessKey: string): SealedIdentity | undefined {
    const [row] = this.#sql
      .exec<IdentityRow>(
        `select accounts.*, users.name as user, users.admin, users.policies, access_keys.sealed_secret
         from access_keys
         join users on users.account = access_keys.account and users.name = access_keys.user
         join accounts on accounts.id = access_keys.account
         where access_key = ?`,
        accessKey,
      )
      .toArray()
    if (!row) return undefined
    return {
      account: account(row),
      user: row.user,
      admin: row.admin === 1,
      policies: JSON.parse(row.policies) as string[],
      sealedSecret: row.sealed_secret,
    }
  }

  account(id: string): Account | undefined {
    const [row] = this.#sql.exec<AccountRow>('select * from accounts where id = ?', id).toArray()
    return row && account(row)
  }

  /** Makes an account; one with the same id and name is left alone. */
  createAccount({ id, name, displayName, email }: Account): Outcome<void> {
    const [present] = this.#sql.exec<AccountRow>('select * from accounts where id = ? or name = ?', id, name).toArray()
    if (present) {
      return present.id === id && present.name === name ? done(undefined) : refused('Conflict', { account: name })
    }
    this.#sql.exec('insert into accounts values (?, ?, ?, ?)', id, name, displayName, email ?? null)
    return done(undefined)
  }

  /** Makes a user with its access key; a user that exists is left alone. A key belongs to one user for ever. */
  createUser(user: NewUser): Outcome<void> {
    return this.ctx.storage.transactionSync(() => {
      if (user.accessKey !== undefined) {
        const [holder] = this.#sql
          .exec<{ account: string; user: string }>(
            'select account, user from access_keys where access_key = ?',
            user.accessKey,
          )
          .toArray()
        const isAnothers = holder && (holder.account !== user.account || holder.user !== user.name)
        if (isAnothers || this.#note('root')?.accessKey === user.accessKey) {
          return refused('Conflict', { accessKey: user.accessKey })
        }
      }
      const [present] = this.#sql
        .exec('select 1 from users where account = ? and name = ?', user.account, user.name)
        .toArray()
      if (present) return done(undefined)
      this.#sql.exec(
        'insert into users values (?, ?, ?, ?, ?)',
        user.account,
        user.name,
        user.admin ? 1 : 0,
        JSON.stringify(user.policies),
        user.sealedSwiftKey ?? null,
      )
      if (user.accessKey !== undefined && user.sealedSecret !== undefined) {
        this.#sql.exec(
          'insert into access_keys values (?, ?, ?, ?)',
          user.accessKey,
          user.account,
          user.name,
          user.sealedSecret,
        )
      }
      return done(undefined)
    })
  }

  /** Root's credentials; undefined while they are the initial ones. */
  root(): SealedRoot | undefined {
    return this.#note('root')
  }

  /** Gives root another pair; from then on the one before, initial or not, is nobody's. */
  changeRoot(root: SealedRoot): Outcome<void> {
    return this.ctx.storage.transactionSync(() => {
      const [holder] = this.#sql.exec('select 1 from access_keys where access_key = ?', root.accessKey).toArray()
      if (holder) return refused('Conflict', { accessKey: root.accessKey })
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

  #note<K extends keyof Notes>(name: K): Notes[K] | undefined {
    const [row] = this.#sql.exec<{ value: string }>('select value from notes where name = ?', name).toArray()
    // Written by `keep` below.
    return row && (JSON.parse(row.value) as Notes[K])
  }

  #keep<K extends keyof Notes>(name: K, value: Notes[K]): void {
    this.#sql.exec('insert or replace into notes values (?, ?)', name, JSON.stringify(value))
  }
}

function account(row: AccountRow): Account {
  return { id: row.id, name: row.name, displayName: row.display_name, email: row.email ?? undefined }
}
