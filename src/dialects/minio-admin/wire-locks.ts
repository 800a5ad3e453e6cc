import type { Lock } from '../../model/lock'
import { nanos } from './wire-server'

/** The leases as clients read them: one entry a key, with all who hold it, in the order in which they are given. */
export function lockInfos(bucket: string, locks: Lock[], nowMillis: number): object[] {
  const byKey = new Map<string, Lock[]>()
  for (const lock of locks) byKey.set(lock.key, [...(byKey.get(lock.key) ?? []), lock])
  return Array.from(byKey, ([key, owners]) => ({
    bucket,
    object: key,
    readLocks: owners.filter(({ kind }) => kind === 'read').length,
    writeLocks: owners.filter(({ kind }) => kind === 'write').length,
    lockOwners: owners.map(owner => lockOwner(owner, nowMillis)),
  }))
}

/** A lease is held or it is not there: nobody is ever seen waiting for one. */
function lockOwner(lock: Lock, nowMillis: number): object {
  return {
    id: lock.id,
    source: sourceOf(lock),
    type: lock.kind === 'read' ? 'RLock' : 'WLock',
    status: 'Running',
    since: new Date(lock.sinceMillis).toISOString(),
    duration: nanos(Math.max(0, nowMillis - lock.sinceMillis)),
  }
}

function sourceOf({ operation, caller, address }: Lock): string {
  return address === '' ? `[${operation} by ${caller}]` : `[${operation} by ${caller} from ${address}]`
}
