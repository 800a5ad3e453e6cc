import type { Caller } from '../model/caller'
import type { Policy, Principal } from '../model/policy'
import type { IdentityLayers } from './policy/decide'
import { managedPolicy } from './policy/managed'

/** What a caller brings along, for the engine; made once for each identity that the isolate remembers. */
export function layersOf(caller: Caller): IdentityLayers {
  const known = remembered.get(caller)
  if (known) return known
  const own = caller.admin ? ('everything' as const) : caller.policies.flatMap(name => managedPolicy(name) ?? [])
  const layers = { own, limits: [] as Policy[] }
  remembered.set(caller, layers)
  return layers
}

const remembered = new WeakMap<Caller, IdentityLayers>()

/** A caller as policies and ACLs see it. */
export function principalOf({ kind, account, user, admin }: Caller): Principal {
  const own = `arn:aws:iam::${account.id}:user/${user}`
  const arns = kind === 'anonymous' ? [] : admin ? [own, `arn:aws:iam::${account.id}:root`] : [own]
  return { kind, accountId: account.id, user, arns }
}
