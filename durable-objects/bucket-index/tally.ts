import type { BucketCounters } from '../../src/model/bucket'

/** So many numbers of the counter that orders versions are taken at once; a restart skips what was left of them. */
const SEQ_BLOCK = 1000

/** How long after the first write of a burst the counters are put down. */
const SETTLE_MILLIS = 1000

/**
 * How many objects and bytes there are, and the counter that orders versions. Written down with each object they would cost
 * a row and a page more for each; so they are kept in memory, and put down once a second while there are writes. The first
 * write after that marks the row as not exact: should the index end before they are put down, the objects are counted anew.
 */
export class Tally {
  readonly #sql: SqlStorage
  /** The true counters while the row is not exact; undefined while it is, or nobody knows. */
  #counters: BucketCounters | undefined
  /** Whether the row was seen to be exact, and nothing was counted since. */
  #isRowExact = false
  #seq = 0
  #lastOfBlock = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * To be called before a transaction changes anything: counts the objects anew where the last instance of the index ended
   * in the middle of a burst. In the middle of a change it would be too late.
   */
  prepare(): void {
    if (this.#counters || this.#isRowExact) return
    if (!this.#readRow()) this.#putDown(this.#recount())
    this.#isRowExact = true
  }

  /**
   * Counts a write, inside the transaction of that write.
   * @param change  by how much the objects and bytes grow
   * @returns       the next number of the counter that orders versions
   */
  countWrite(change: BucketCounters): number {
    this.#add(change)
    if (this.#seq === this.#lastOfBlock) {
      const next = 'update tally set seq = seq + ? returning seq'
      this.#lastOfBlock = this.#sql.exec<{ seq: number }>(next, SEQ_BLOCK).one().seq
      this.#seq = this.#lastOfBlock - SEQ_BLOCK
    }
    this.#seq += 1
    return this.#seq
  }

  countRemoval(bytes: number): void {
    this.#add({ objects: -1, bytes: -bytes })
  }

  read(): BucketCounters {
    return this.#counters ?? this.#readRow() ?? this.#recount()
  }

  /** After a transaction that was undone: what was counted in it never happened, nor was its block of numbers taken. */
  forget(): void {
    this.#counters = undefined
    this.#isRowExact = false
    this.#seq = 0
    this.#lastOfBlock = 0
  }

  /** Counts anew, whatever was counted. */
  recount(): void {
    this.#counters = undefined
    this.#putDown(this.#recount())
    this.#isRowExact = true
  }

  #add({ objects, bytes }: BucketCounters): void {
    const present = this.read()
    if (!this.#counters) {
      this.#sql.exec('update tally set exact = 0')
      this.#isRowExact = false
      setTimeout(() => this.#settle(), SETTLE_MILLIS)
    }
    this.#counters = { objects: present.objects + objects, bytes: present.bytes + bytes }
  }

  #settle(): void {
    if (!this.#counters) return
    this.#putDown(this.#counters)
    this.#counters = undefined
    this.#isRowExact = true
  }

  #putDown({ objects, bytes }: BucketCounters): void {
    this.#sql.exec('update tally set objects = ?, bytes = ?, exact = 1', objects, bytes)
  }

  #readRow(): BucketCounters | undefined {
    return this.#sql.exec<BucketRow>('select objects, bytes from tally where exact = 1').toArray()[0]
  }

  #recount(): BucketCounters {
    return this.#sql.exec<BucketRow>('select count(*) as objects, coalesce(sum(size), 0) as bytes from objects').one()
  }
}

interface BucketRow extends BucketCounters, Record<string, SqlStorageValue> {
  objects: number
  bytes: number
}
