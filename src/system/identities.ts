import { managedPolicyText } from '../auth/policy/managed'
import { seal, unseal } from '../auth/sealing'
import {
  isTemporary,
  newAccessKey,
  newSecretKey,
  openSession,
  proofOf,
  type Session,
  sealSession,
} from '../auth/session-token'
import type { Config } from '../config'
import { type Account, type Caller, type Identity, ROOT_ACCOUNT } from '../model/caller'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import type { SealedIdentity } from '../model/people'
import { read } from '../store/calls'
import type { Stubs } from '../stubs'
import { RootCredentials, type RootMemory, type RootPair } from './root-credentials'

const MAX_CACHED = 10_000
/** Longer than any token of ours. */
const MAX_TOKEN_LENGTH = 8192

interface Cached {
  identity: Identity
  untilMillis: number
}

/** Temporary credentials whose token was opened, with what they were made of last. */
interface OpenedSession {
  token: string
  session: Session
  parent?: Identity
  identity?: Identity
}

/** Identities that this isolate has met, believed for a short while: a revoked key dies within that time. */
export class IdentityCache {
  readonly users = new Map<string, Cached>()
  readonly sessions = new Map<string, OpenedSession>()
  readonly root: RootMemory = { untilMillis: 0, changes: 0 }
  rootIdentity?: Identity

  clear(): void {
    this.users.clear()
    this.sessions.clear()
    this.root.untilMillis = 0
  }
}

/** Shown once: nothing is kept of them. */
export interface TemporaryCredentials {
  accessKey: string
  secretKey: string
  token: string
  expiresMillis: number
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
  readonly #cache: IdentityCache
  readonly #now: () => number

  constructor(config: Config, stubs: Stubs, cache: IdentityCache, now: () => number) {
    this.#config = config
    this.#stubs = stubs
    this.#cache = cache
    this.#now = now
    this.root = new RootCredentials(config, stubs, cache.root, now)
  }

  /**
   * Who signs with this access key, and the secret that proves it.
   *
   * @param token  what temporary credentials bring along; of others there is none
   * @throws Fault UnknownAccessKey, also where key or user are disabled, or a key that lasts has expired; InvalidToken,
   *         ExpiredToken; NotConfigured where a key is kept that cannot be opened
   */
  async require(accessKey: string, token?: string): Promise<Identity> {
    if (token !== undefined) return this.#requireSession(accessKey, token)
    const root = await this.root.current()
    if (root && accessKey === root.accessKey) return this.#rootIdentity(root)
    const { users } = this.#cache
    const cached = users.get(accessKey)
    const known = cached && cached.untilMillis > this.#now() ? cached.identity : await this.#lookUp(accessKey)
    if (!known || isOver(known.caller, this.#now())) {
      users.delete(accessKey)
      throw isTemporary(accessKey) ? new Fault('InvalidToken') : new Fault('UnknownAccessKey', { accessKey })
    }
    if (known === cached?.identity) return known
    if (users.size >= MAX_CACHED) users.clear()
    users.set(accessKey, { identity: known, untilMillis: this.#now() + this.#config.identityCacheMillis })
    return known
  }

  /**
   * Temporary credentials with the rights of the caller's own key, held to less by a policy where there is one. They end with
   * that key, and with its secret.
   *
   * @param policy  JSON text that was checked
   * @throws Fault AccessDenied for the anonymous caller, and for credentials that are temporary themselves; NotConfigured
   */
  async assume(
    caller: Caller,
    { policy, durationMillis }: { policy?: string; durationMillis: number },
  ): Promise<TemporaryCredentials> {
    const { accessKey: parent } = caller
    if (parent === undefined || isTemporary(parent)) throw new Fault('AccessDenied', { action: 'sts:AssumeRole' })
    const masterKey = this.#requireMasterKey('Temporary credentials need')
    const { secretKey } = await this.require(parent)
    const expiresMillis = Math.min(this.#now() + durationMillis, caller.expiresMillis ?? Number.POSITIVE_INFINITY)
    const own = { accessKey: newAccessKey('temporary'), secretKey: newSecretKey(), expiresMillis }
    return { ...own, token: await sealSession(masterKey, { ...own, parent, proof: proofOf(secretKey), policy }) }
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
    const { root } = this.#config
    const masterKey = this.#requireMasterKey('Users need')
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

  /** For keys that are to be kept. */
  sealSecret(accessKey: string, secretKey: string): Promise<string> {
    return seal(this.#requireMasterKey('Access keys need'), secretKey, `access key ${accessKey}`)
  }

  /** After a change: this isolate believes the old no longer, others within `identityCacheMillis`. */
  forget(): void {
    this.#cache.clear()
  }

  async #lookUp(accessKey: string): Promise<Identity | undefined> {
    const { masterKey } = this.#config
    const sealed = await read(() => this.#stubs.system().identity(accessKey))
    if (!sealed || sealed.disabled || sealed.key.disabled) return undefined
    if (!masterKey) throw new Fault('NotConfigured', {}, 'Set WHARF_MASTER_KEY: without it no user key can be read.')
    return {
      secretKey: await unseal(masterKey, sealed.sealedSecret, `access key ${accessKey}`),
      caller: callerOf(sealed),
    }
  }

  async #requireSession(accessKey: string, token: string): Promise<Identity> {
    const opened = await this.#openSession(accessKey, token)
    const { session } = opened
    if (session.expiresMillis <= this.#now()) throw new Fault('ExpiredToken')
    const parent = await this.#parentOf(session)
    if (opened.identity && opened.parent === parent) return opened.identity
    opened.parent = parent
    opened.identity = { secretKey: session.secretKey, caller: sessionCaller(parent.caller, session) }
    return opened.identity
  }

  async #openSession(accessKey: string, token: string): Promise<OpenedSession> {
    const { sessions } = this.#cache
    const known = sessions.get(accessKey)
    if (known?.token === token) return known
    const { masterKey } = this.#config
    const isOurs = masterKey && isTemporary(accessKey) && token.length <= MAX_TOKEN_LENGTH
    const session = isOurs ? await openSession(masterKey, accessKey, token) : undefined
    if (!session) throw new Fault('InvalidToken')
    const opened: OpenedSession = { token, session }
    if (sessions.size >= MAX_CACHED) sessions.clear()
    sessions.set(accessKey, opened)
    return opened
  }

  /** @throws Fault UnknownAccessKey where the parent has gone, has expired, is disabled, or has another secret now */
  async #parentOf({ accessKey, parent, proof }: Session): Promise<Identity> {
    try {
      const identity = await this.require(parent)
      if (proofOf(identity.secretKey) === proof) return identity
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'UnknownAccessKey')) throw error
    }
    throw new Fault('UnknownAccessKey', { accessKey })
  }

  #rootIdentity({ accessKey, secretKey }: RootPair): Identity {
    const known = this.#cache.rootIdentity
    if (known?.secretKey === secretKey && known.caller.accessKey === accessKey) return known
    const caller: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'root', accessKey, admin: true, policies: [] }
    this.#cache.rootIdentity = { secretKey, caller }
    return this.#cache.rootIdentity
  }

  #requireMasterKey(who: string): Uint8Array {
    const { masterKey } = this.#config
    if (masterKey) return masterKey
    throw new Fault('NotConfigured', {}, `${who} WHARF_MASTER_KEY; make one with: openssl rand -base64 32`)
  }
}

function callerOf({ account, user, isRoot, admin, policies, key }: SealedIdentity): Caller {
  return {
    kind: isRoot ? 'root' : 'user',
    account,
    user,
    admin,
    accessKey: key.accessKey,
    policies: policies.map(({ name }) => name),
    layers: {
      identity: policies.flatMap(({ name, document }) => managedPolicyText(name) ?? document ?? []),
      session: key.policy === undefined ? [] : [key.policy],
    },
    expiresMillis: key.expiresMillis,
  }
}

function sessionCaller(parent: Caller, { accessKey, policy, expiresMillis }: Session): Caller {
  const { identity, session } = parent.layers ?? { identity: [], session: [] }
  const layers = { identity, session: policy === undefined ? session : [...session, policy] }
  return { ...parent, accessKey, layers, expiresMillis }
}

function isOver({ expiresMillis }: Caller, nowMillis: number): boolean {
  return expiresMillis !== undefined && expiresMillis <= nowMillis
}
