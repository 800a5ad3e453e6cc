import { readPolicy } from '../auth/policy/read'
import { newAccessKey, newSecretKey } from '../auth/session-token'
import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import type { AccessKey, AccessKeyChange } from '../model/people'
import { read, write } from '../store/calls'
import type { Stubs } from '../stubs'
import type { Identities } from './identities'
import { requireHolder } from './people-rights'

export interface AccessKeyAsk {
  account: string
  user: string
  /** JSON text; see `AccessKey`. */
  policy?: string
  expiresMillis?: number
  description?: string
  /** Undefined has a pair made. */
  pair?: { accessKey: string; secretKey: string }
}

/** The access keys of users: their own business, and that of their admins. */
export class AccessKeys {
  readonly #stubs: Stubs
  readonly #identities: Identities
  readonly #now: () => number

  constructor(stubs: Stubs, identities: Identities, now: () => number) {
    this.#stubs = stubs
    this.#identities = identities
    this.#now = now
  }

  /** @param user  undefined for those of all users of the account, which is for its admin to see */
  async list(caller: Caller, account: string, user: string | undefined): Promise<AccessKey[]> {
    requireHolder(caller, { account, user: user ?? '' }, 'admin:ListAccessKeys')
    return read(() => this.#stubs.system().accessKeys(account, user))
  }

  /** @throws Fault AccessDenied, also where there is no such key and the caller is not root */
  async find(caller: Caller, accessKey: string, action = 'admin:GetAccessKey'): Promise<AccessKey> {
    const outcome = await read(() => this.#stubs.system().accessKey(accessKey))
    // Whose keys there are is nobody's business.
    const holder = outcome.ok ? outcome.value : { account: '', user: '' }
    requireHolder(caller, holder, action)
    return unwrap(outcome)
  }

  /**
   * Makes a key for a user. Its secret is in the answer, and never shown again.
   * @throws MalformedPolicy; Fault AccessDenied, NoSuchEntity, Conflict where the access key is taken, NotConfigured
   */
  async add(caller: Caller, ask: AccessKeyAsk): Promise<AccessKey & { secretKey: string }> {
    const { pair, ...key } = ask
    requireHolder(caller, key, 'admin:CreateAccessKey')
    if (key.policy !== undefined) readPolicy(key.policy, { kind: 'identity' })
    const { accessKey, secretKey } = pair ?? { accessKey: newAccessKey('lasting'), secretKey: newSecretKey() }
    const root = await this.#identities.root.current()
    if (root?.accessKey === accessKey) throw new Fault('Conflict', { accessKey })
    const sealedSecret = await this.#identities.sealSecret(accessKey, secretKey)
    const draft = { ...key, accessKey, sealedSecret, disabled: false, createdMillis: this.#now() }
    const made = unwrap(await write(() => this.#stubs.system().addAccessKey(draft)))
    return { ...made, secretKey }
  }

  /** @throws MalformedPolicy; Fault AccessDenied, NoSuchEntity */
  async change(caller: Caller, accessKey: string, change: AccessKeyChange): Promise<AccessKey> {
    await this.find(caller, accessKey, 'admin:UpdateAccessKey')
    if (typeof change.policy === 'string') readPolicy(change.policy, { kind: 'identity' })
    const changed = unwrap(await write(() => this.#stubs.system().changeAccessKey(accessKey, change)))
    this.#identities.forget()
    return changed
  }

  async remove(caller: Caller, accessKey: string): Promise<void> {
    await this.find(caller, accessKey, 'admin:DeleteAccessKey')
    unwrap(await write(() => this.#stubs.system().removeAccessKey(accessKey)))
    this.#identities.forget()
  }
}
