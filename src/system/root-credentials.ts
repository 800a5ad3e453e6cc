import { seal, unseal } from '../auth/sealing'
import type { Config } from '../config'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import type { SealedRoot } from '../model/people'
import { read, write } from '../store/calls'
import type { Stubs } from '../stubs'

/** Who root is, and how it came to be: set by the owner, initial, or changed through the management API. */
export interface RootPair {
  accessKey: string
  secretKey: string
  origin: 'configured' | 'initial' | 'changed'
}

/** What this isolate knows of root's credentials; believed as long as other identities are. */
export interface RootMemory {
  pair?: RootPair
  untilMillis: number
  /** How often they were changed here: what was asked before a change is not believed after it. */
  changes: number
}

const NEEDS_MASTER_KEY =
  'Credentials can only be changed where WHARF_MASTER_KEY is set, which encrypts them; make one with: openssl rand -base64 32'
const UNREADABLE =
  "Root's credentials were changed through the management API and cannot be read: set the WHARF_MASTER_KEY of that " +
  'time, or set WHARF_ROOT_USER and WHARF_ROOT_PASSWORD, which win over them.'

/** Root's credentials: final ones of the owner, or initial ones until the management API changes them. */
export class RootCredentials {
  readonly #config: Config
  readonly #stubs: Stubs
  readonly #memory: RootMemory
  readonly #now: () => number

  constructor(config: Config, stubs: Stubs, memory: RootMemory, now: () => number) {
    this.#config = config
    this.#stubs = stubs
    this.#memory = memory
    this.#now = now
  }

  /**
   * The pair that counts. Final credentials take no hop, others one now and then.
   *
   * @returns undefined where no credentials are set at all
   * @throws Fault NotConfigured where they were changed and cannot be read
   */
  async current(): Promise<RootPair | undefined> {
    const { root } = this.#config
    if (!root) return undefined
    const { accessKey, secretKey } = root
    if (root.isFinal) return { accessKey, secretKey, origin: 'configured' }
    if (this.#memory.pair && this.#memory.untilMillis > this.#now()) return this.#memory.pair
    const { changes } = this.#memory
    const sealed = await read(() => this.#stubs.system().root())
    const pair = sealed ? await this.#open(sealed) : { accessKey, secretKey, origin: 'initial' as const }
    if (changes !== this.#memory.changes) return this.current()
    return this.#remember(pair)
  }

  /**
   * Gives root another pair; the one before is invalid at once in this isolate, and in others once they ask again.
   * @throws Fault NotConfigured without a master key, AccessDenied where the credentials are final, Conflict when the
   *         access key is a user's
   */
  async change(pair: { accessKey: string; secretKey: string }): Promise<void> {
    const sealed = await this.seal(pair)
    unwrap(await write(() => this.#stubs.system().changeRoot(sealed)))
    this.noteChange(pair)
  }

  /** For whoever had the pair kept together with something else: makes it count in this isolate. */
  noteChange(pair: { accessKey: string; secretKey: string }): void {
    this.#memory.changes += 1
    this.#remember({ ...pair, origin: 'changed' })
  }

  /** The pair as it is kept. */
  async seal({ accessKey, secretKey }: { accessKey: string; secretKey: string }): Promise<SealedRoot> {
    const { masterKey, root } = this.#config
    if (root?.isFinal)
      throw new Fault('AccessDenied', {}, 'The credentials are set by WHARF_ROOT_USER and WHARF_ROOT_PASSWORD.')
    if (!masterKey) throw new Fault('NotConfigured', {}, NEEDS_MASTER_KEY)
    return { accessKey, sealedSecret: await seal(masterKey, secretKey, holderOf(accessKey)) }
  }

  async #open({ accessKey, sealedSecret }: SealedRoot): Promise<RootPair> {
    const { masterKey } = this.#config
    if (!masterKey) throw new Fault('NotConfigured', {}, UNREADABLE)
    try {
      return { accessKey, secretKey: await unseal(masterKey, sealedSecret, holderOf(accessKey)), origin: 'changed' }
    } catch {
      throw new Fault('NotConfigured', {}, UNREADABLE)
    }
  }

  #remember(pair: RootPair): RootPair {
    this.#memory.pair = pair
    this.#memory.untilMillis = this.#now() + this.#config.identityCacheMillis
    return pair
  }
}

function holderOf(accessKey: string): string {
  return `root ${accessKey}`
}
