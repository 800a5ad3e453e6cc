import type { Caller } from '../model/caller'
import type { Policy, Principal } from '../model/policy'
import type { IdentityLayers } from './policy/decide'
import { managedPolicy } from './policy/managed'
import { readPolicy } from './policy/read'

/** What a caller brings along, for the engine; made once for each identity that the isolate remembers. */
export function layersOf(caller: Caller): IdentityLayers {
  const known = remembered.get(caller)
  if (known) return known
  const layers = { own: caller.admin ? ('everything' as const) : ownPolicies(caller), limits: limitsOf(caller) }
  remembered.set(caller, layers)
  return layers
}

const remembered = new WeakMap<Caller, IdentityLayers>()

function ownPolicies({ policies, layers }: Caller): Policy[] {
  if (!layers) return policies.flatMap(name => managedPolicy(name) ?? [])
  return layers.identity.map(readIdentity)
}

function limitsOf({ layers }: Caller): Policy[] {
  return layers?.session.map(readIdentity) ?? []
}

/** Throws where a text cannot be read: what it might deny must not be left out. */
function readIdentity(text: string): Policy {
  return readPolicy(text, { kind: 'identity' })
}

/** A caller as policies and ACLs see it. */
export function principalOf({ kind, account, user, admin }: Caller): Principal {
  const own = `arn:aws:iam::${account.id}:user/${user}`
  const arns = kind === 'anonymous' ? [] : admin ? [own, `arn:aws:iam::${account.id}:root`] : [own]
  return { kind, accountId: account.id, user, arns }
}
