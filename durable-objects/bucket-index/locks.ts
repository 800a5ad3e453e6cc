import type { Lock, LockFilter, LockHolder, LockKind } from '../../src/model/lock'
import { bounds } from './listing'

interface LockRow extends Record<string, SqlStorageValue> {
  fence: number
  key: string
  kind: LockKind
  id: string
  operation: string
  caller: string
  address: string
  request: string
  since: number
  until: number
}

export interface LockAsk {
  key: string
  kind: LockKind
  holder: LockHolder
  nowMillis: number
  untilMillis: number
}

/**
 * Takes a lease. Leases do not shut each other out: which of two writes wins, the transaction decides. They show what is
 * going on, and a write whose lease is gone is refused.
 * @returns its fence
 */
export function takeLock(sql: SqlStorage, { key, kind, holder, nowMillis, untilMillis }: LockAsk): number {
  sql.exec('delete from locks where until <= ?', nowMillis)
  return sql
    .exec<{ fence: number }>(
      `insert into locks (key, kind, id, operation, caller, address, request, since, until)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning fence`,
      key,
      kind,
      holder.id,
      holder.operation,
      holder.caller,
      holder.address,
      holder.requestId,
      nowMillis,
      untilMillis,
    )
    .one().fence
}

/** @returns whether it was still held */
export function renewLock(sql: SqlStorage, fence: number, nowMillis: number, untilMillis: number): boolean {
  const renewed = sql.exec(
    'update locks set until = ? where fence = ? and until > ? returning 1',
    untilMillis,
    fence,
    nowMillis,
  )
  return renewed.toArray().length > 0
}

export function releaseLock(sql: SqlStorage, fence: number): void {
  sql.exec('delete from locks where fence = ?', fence)
}

/** Ends the lease of a write that is being carried out. @returns whether it was still held */
export function takeFence(sql: SqlStorage, fence: number, nowMillis: number): boolean {
  return sql.exec('delete from locks where fence = ? and until > ? returning 1', fence, nowMillis).toArray().length > 0
}

/** The leases that fit, by key and then by age. */
export function listLocks(sql: SqlStorage, { prefix, minAgeMillis }: LockFilter, nowMillis: number): Lock[] {
  const { low, high } = bounds({ prefix })
  return sql
    .exec<LockRow>(
      `select * from locks where key >= ? and key < ? and since <= ? and until > ? order by key, since, fence limit ?`,
      low,
      high,
      nowMillis - minAgeMillis,
      nowMillis,
      MAX_LISTED,
    )
    .toArray()
    .map(row => ({
      key: row.key,
      kind: row.kind,
      fence: row.fence,
      id: row.id,
      operation: row.operation,
      caller: row.caller,
      address: row.address,
      requestId: row.request,
      sinceMillis: row.since,
      untilMillis: row.until,
    }))
}

/** More leases than one index can have requests in progress. */
const MAX_LISTED = 10_000

/**
 * Takes away every lease, young ones too, on the keys of which one fits.
 * @returns the leases that fitted
 */
export function clearLocks(sql: SqlStorage, filter: LockFilter, nowMillis: number): Lock[] {
  const cleared = listLocks(sql, filter, nowMillis)
  for (const key of new Set(cleared.map(lock => lock.key))) sql.exec('delete from locks where key = ?', key)
  return cleared
}
