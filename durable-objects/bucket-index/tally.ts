import type { BucketCounters } from '../../src/model/bucket'

/**
 * Counts a write.
 * @param change  by how much the objects and bytes grow
 * @returns       the next number of the counter that orders versions
 */
export function countWrite(sql: SqlStorage, { objects, bytes }: BucketCounters): number {
  return sql
    .exec<{ seq: number }>(
      'update tally set seq = seq + 1, objects = objects + ?, bytes = bytes + ? returning seq',
      objects,
      bytes,
    )
    .one().seq
}

export function countRemoval(sql: SqlStorage, bytes: number): void {
  sql.exec('update tally set objects = objects - 1, bytes = bytes - ?', bytes)
}

export function readCounters(sql: SqlStorage): BucketCounters {
  const { objects, bytes } = sql.exec<{ objects: number; bytes: number }>('select objects, bytes from tally').one()
  return { objects, bytes }
}
