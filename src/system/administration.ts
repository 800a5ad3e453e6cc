import { seal, unseal } from '../auth/sealing'
import type { Config } from '../config'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import type { Traffic } from '../model/traffic'
import { read, write } from '../store/calls'
import type { Stubs } from '../stubs'
import type { RootCredentials } from './root-credentials'
import type { TrafficCounter } from './traffic'

const HOLDER = 'configuration'

/** What whoever runs the place may see and set, beside buckets and users. */
export class Administration {
  readonly #config: Config
  readonly #stubs: Stubs
  readonly #root: RootCredentials
  readonly #counter: TrafficCounter
  readonly #now: () => number

  constructor(
    { config, stubs, root, counter }: { config: Config; stubs: Stubs; root: RootCredentials; counter: TrafficCounter },
    now: () => number,
  ) {
    this.#config = config
    this.#stubs = stubs
    this.#root = root
    this.#counter = counter
    this.#now = now
  }

  /** Since the server was started, or was told to restart; where no server tells, since the place was first used. */
  async uptimeMillis(): Promise<number> {
    const now = this.#now()
    const started = this.#config.startedMillis ?? now
    const noted = await read(() => this.#stubs.system().startedMillis(started))
    return Math.max(0, now - Math.max(noted, this.#config.startedMillis ?? 0))
  }

  /** What went through the doors of all isolates; of others than this one what they have told so far. */
  async traffic(): Promise<Traffic> {
    await this.#counter.tell()
    return read(() => this.#stubs.system().traffic())
  }

  /**
   * The text of the configuration document that was kept last.
   * @returns undefined where none was
   * @throws Fault NotConfigured where it cannot be opened
   */
  async configuration(): Promise<string | undefined> {
    const sealed = await read(() => this.#stubs.system().configuration())
    if (sealed === undefined) return undefined
    const { masterKey } = this.#config
    try {
      if (masterKey) return await unseal(masterKey, sealed, HOLDER)
    } catch {
      // The sentence below is for another key, too.
    }
    throw new Fault(
      'NotConfigured',
      {},
      'The configuration cannot be read: set the WHARF_MASTER_KEY that it was kept with.',
    )
  }

  /**
   * Keeps a configuration document, and with it another pair of credentials for root where there is one: both, or neither.
   * It is kept encrypted, since such documents hold secrets of other services.
   *
   * @throws Fault NotConfigured without a master key, Conflict when the access key is a user's
   */
  async keepConfiguration(document: string, pair?: { accessKey: string; secretKey: string }): Promise<void> {
    const { masterKey } = this.#config
    if (!masterKey) {
      throw new Fault(
        'NotConfigured',
        {},
        'The configuration is kept encrypted: set WHARF_MASTER_KEY; make one with: openssl rand -base64 32',
      )
    }
    const sealed = await seal(masterKey, document, HOLDER)
    const sealedPair = pair && (await this.#root.seal(pair))
    unwrap(await write(() => this.#stubs.system().keepConfiguration(sealed, sealedPair)))
    if (pair) this.#root.noteChange(pair)
  }
}
