import type { BucketCounters } from '../../src/model/bucket'

/** The next number of the counter that orders versions. */
export function nextSeq(sql: SqlStorage): number {
  return sql.exec<{ seq: number }>('update tally set seq = seq + 1 returning seq').one().seq
}

export function count(sql: SqlStorage, { objects, bytes }: BucketCounters): void {
  if (objects === 0 && bytes === 0) return
  sql.exec('update tally set objects = objects + ?, bytes = bytes + ?', objects, bytes)
}

export function readCounters(sql: SqlStorage): BucketCounters {
  const { objects, bytes } = sql.exec<{ objects: number; bytes: number }>('select objects, bytes from tally').one()
  return { objects, bytes }
}
