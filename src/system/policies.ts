import { managedPolicyText } from '../auth/policy/managed'
import { readPolicy } from '../auth/policy/read'
import type { Caller } from '../model/caller'
import { Fault } from '../model/fault'
import { unwrap } from '../model/outcome'
import { isManagedPolicy, MANAGED_POLICIES, type OwnPolicy } from '../model/people'
import { read, write } from '../store/calls'
import type { Stubs } from '../stubs'
import type { Identities } from './identities'
import { requireAdmin } from './people-rights'

/** A policy as its readers see it: the managed ones belong to no account. */
export type KnownPolicy = Omit<OwnPolicy, 'account'> & { account?: string }

/** The policies that users and groups of an account can be given. */
export class Policies {
  readonly #stubs: Stubs
  readonly #identities: Identities

  constructor(stubs: Stubs, identities: Identities) {
    this.#stubs = stubs
    this.#identities = identities
  }

  /** The managed ones first. */
  async list(caller: Caller, account: string): Promise<KnownPolicy[]> {
    requireAdmin(caller, account, 'admin:ListPolicies')
    const own = await read(() => this.#stubs.system().policies(account))
    return [...MANAGED_POLICIES.map(managed), ...own]
  }

  /** Managed ones are everybody's to read. */
  async find(caller: Caller, account: string, name: string): Promise<KnownPolicy> {
    if (isManagedPolicy(name) && caller.kind !== 'anonymous') return managed(name)
    requireAdmin(caller, account, 'admin:GetPolicy')
    return unwrap(await read(() => this.#stubs.system().policy(account, name)))
  }

  /** @throws MalformedPolicy; Fault AccessDenied, NoSuchEntity (the account), Conflict */
  async add(caller: Caller, policy: OwnPolicy): Promise<OwnPolicy> {
    this.#admit(caller, policy, 'admin:CreatePolicy')
    unwrap(await write(() => this.#stubs.system().addPolicy(policy)))
    return policy
  }

  /** @throws MalformedPolicy; Fault AccessDenied, NoSuchEntity, Conflict */
  async change(caller: Caller, policy: OwnPolicy): Promise<OwnPolicy> {
    this.#admit(caller, policy, 'admin:UpdatePolicy')
    unwrap(await write(() => this.#stubs.system().changePolicy(policy)))
    this.#identities.forget()
    return policy
  }

  /** @throws Fault AccessDenied, NoSuchEntity, Conflict while somebody has it */
  async remove(caller: Caller, account: string, name: string): Promise<void> {
    requireAdmin(caller, account, 'admin:DeletePolicy')
    refuseManaged(name)
    unwrap(await write(() => this.#stubs.system().removePolicy(account, name)))
  }

  #admit(caller: Caller, { account, name, document }: OwnPolicy, action: string): void {
    requireAdmin(caller, account, action)
    refuseManaged(name)
    readPolicy(document, { kind: 'identity' })
  }
}

function managed(name: string): KnownPolicy {
  return { name, document: managedPolicyText(name) ?? '' }
}

function refuseManaged(name: string): void {
  if (isManagedPolicy(name)) throw new Fault('Conflict', { problem: `"${name}" is managed and stays as it is` })
}
