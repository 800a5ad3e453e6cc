import { seal, unseal } from '../auth/sealing'
import type { Config } from '../config'
import { type Account, type Caller, type Identity, ROOT_ACCOUNT } from '../model/caller'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import { read } from '../store/calls'
import type { Stubs } from '../stubs'
import { RootCredentials, type RootMemory, type RootPair } from './root-credentials'

const MAX_CACHED = 10_000

interface Cached {
  identity: Identity
  untilMillis: number
}

/** Identities that this isolate has met, believed for a short while: a revoked key dies within that time. */
export class IdentityCache {
  readonly users = new Map<string, Cached>()
  readonly root: RootMemory = { untilMillis: 0, changes: 0 }

  clear(): void {
    this.users.clear()
    this.root.untilMillis = 0
  }
}

export interface UserAsk {
  account: string
  name: string
  admin: boolean
  policies: string[]
  accessKey?: string
  secretKey?: string
  swiftKey?: string
}

/** Who holds which key. */
export class Identities {
  readonly root: RootCredentials
  readonly #config: Config
  readonly #stubs: Stubs
  readonly #users: IdentityCache['users']
  readonly #now: () => number

  constructor(config: Config, stubs: Stubs, cache: IdentityCache, now: () => number) {
    this.#config = config
    this.#stubs = stubs
    this.#users = cache.users
    this.#now = now
    this.root = new RootCredentials(config, stubs, cache.root, now)
  }

  /**
   * Who signs with this access key, and the secret that proves it.
   * @throws Fault UnknownAccessKey, NotConfigured where a key is kept that cannot be opened
   */
  async require(accessKey: string): Promise<Identity> {
    const root = await this.root.current()
    if (root && accessKey === root.accessKey) return rootIdentity(root)
    const cached = this.#users.get(accessKey)
    if (cached && cached.untilMillis > this.#now()) return cached.identity
    const identity = await this.#lookUp(accessKey)
    if (!identity) {
      this.#users.delete(accessKey)
      throw new Fault('UnknownAccessKey', { accessKey })
    }
    if (this.#users.size >= MAX_CACHED) this.#users.clear()
    this.#users.set(accessKey, { identity, untilMillis: this.#now() + this.#config.identityCacheMillis })
    return identity
  }

  /** The account of this id; undefined when there is none. */
  async account(id: string): Promise<Account | undefined> {
    return id === ROOT_ACCOUNT.id ? ROOT_ACCOUNT : await read(() => this.#stubs.system().account(id))
  }

  /** Makes an account; what exists already is left alone. */
  async createAccount(account: Account): Promise<void> {
    unwrap(await this.#stubs.system().createAccount(account))
  }

  /**
   * Makes a user; what exists already is left alone. Its secrets are encrypted before they leave this isolate.
   * @throws Fault NotConfigured without a master key, Conflict when the access key is another user's
   */
  async createUser({ secretKey, swiftKey, ...user }: UserAsk): Promise<void> {
    const { masterKey, root } = this.#config
    if (!masterKey) {
      throw new Fault('NotConfigured', {}, 'Users need WHARF_MASTER_KEY; make one with: openssl rand -base64 32')
    }
    if (user.accessKey !== undefined && user.accessKey === root?.accessKey) {
      throw new Fault('Conflict', { accessKey: user.accessKey })
    }
    const sealedSecret =
      user.accessKey !== undefined && secretKey !== undefined
        ? await seal(masterKey, secretKey, `access key ${user.accessKey}`)
        : undefined
    const sealedSwiftKey =
      swiftKey === undefined ? undefined : await seal(masterKey, swiftKey, `swift key ${user.account}:${user.name}`)
    unwrap(await this.#stubs.system().createUser({ ...user, sealedSecret, sealedSwiftKey }))
  }

  async #lookUp(accessKey: string): Promise<Identity | undefined> {
    const { masterKey } = this.#config
    const sealed = await read(() => this.#stubs.system().identity(accessKey))
    if (!sealed) return undefined
    if (!masterKey) throw new Fault('NotConfigured', {}, 'Set WHARF_MASTER_KEY: without it no user key can be read.')
    const secretKey = await unseal(masterKey, sealed.sealedSecret, `access key ${accessKey}`)
    const { account, user, admin, policies } = sealed
    return { secretKey, caller: { kind: 'user', account, user, admin, policies, accessKey } }
  }
}

function rootIdentity({ accessKey, secretKey }: RootPair): Identity {
  const caller: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', accessKey, admin: true, policies: [] }
  return { secretKey, caller }
}
