import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { Fault } from '../model/fault'
import { ROOT_USER } from '../model/people'

/*
 * Who may manage people. Nobody can give more than they have:
 * - root may do everything, and nobody else touches root's own keys
 * - an account's admin may do everything inside its account, since it has all rights there
 * - a user has its own keys, none of which can do more than the user
 * - a key that is held to less than its user, or that ends, gives nothing to anybody
 */

/** @throws Fault AccessDenied */
export function requireRoot(caller: Caller, action: string): void {
  requireWhole(caller, action)
  if (caller.kind !== 'root') throw denied(action)
}

/** @throws Fault AccessDenied */
export function requireAdmin(caller: Caller, account: string, action: string): void {
  requireWhole(caller, action)
  if (!isAdminOf(caller, account)) throw denied(action)
}

/** @throws Fault AccessDenied where the caller is neither the holder nor above it */
export function requireHolder(caller: Caller, holder: { account: string; user: string }, action: string): void {
  requireWhole(caller, action)
  if (caller.kind === 'root') return
  const isRootsOwn = holder.account === ROOT_ACCOUNT.id && holder.user === ROOT_USER
  const isOwn = caller.account.id === holder.account && caller.user === holder.user
  if (isRootsOwn || !(isOwn || isAdminOf(caller, holder.account))) throw denied(action)
}

export function isAdminOf({ kind, admin, account }: Caller, id: string): boolean {
  return kind === 'root' || (kind === 'user' && admin && account.id === id)
}

/** Somebody signed, with all that is theirs. */
function requireWhole({ kind, layers, expiresMillis }: Caller, action: string): void {
  if (kind === 'anonymous') throw denied(action)
  if ((layers?.session.length ?? 0) === 0 && expiresMillis === undefined) return
  const problem = 'an access key that is limited by a policy or in time cannot manage people and keys'
  throw denied(action, problem)
}

function denied(action: string, problem?: string): Fault {
  return new Fault('AccessDenied', problem === undefined ? { action } : { action, problem })
}
