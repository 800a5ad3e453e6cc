/** One write of one key, as its client saw it. */
export interface Write {
  /** undefined: a delete. */
  body: { tag: string; size: number } | undefined
  began: number
  /** undefined: never answered, so nobody knows whether it was carried out. */
  acknowledged: number | undefined
}

/**
 * All writes of each key, and what may be seen of them later. A key is one register: what is seen is one write as a whole,
 * and never one that was over before another, acknowledged one began.
 */
export class WriteHistory {
  readonly #writes = new Map<string, Write[]>()
  #now = 0
  /** How many writes were acknowledged in all. */
  acknowledged = 0

  get keys(): string[] {
    return [...this.#writes.keys()]
  }

  /** @returns to be called when the write is acknowledged */
  begin(key: string, body: Write['body']): () => void {
    const write: Write = { body, began: ++this.#now, acknowledged: undefined }
    this.#writes.set(key, [...(this.#writes.get(key) ?? []), write])
    return () => {
      write.acknowledged = ++this.#now
      this.acknowledged += 1
    }
  }

  /** The bodies that the key may hold now; undefined stands for no object. */
  possible(key: string): Write['body'][] {
    const before: Write = { body: undefined, began: 0, acknowledged: 0 }
    const writes = [before, ...(this.#writes.get(key) ?? [])]
    const isOver = ({ acknowledged }: Write) =>
      acknowledged !== undefined && writes.some(later => later.acknowledged !== undefined && later.began > acknowledged)
    return writes.filter(write => !isOver(write)).map(write => write.body)
  }

  /** After a crash nothing is in flight any more: what was seen then must stay. */
  settle(key: string, body: Write['body']) {
    const now = ++this.#now
    this.#writes.set(key, [{ body, began: now, acknowledged: now }])
  }
}

/** A body that tells which write it belongs to, all the way through. */
export function makeBody({ tag, size }: { tag: string; size: number }): Buffer {
  return Buffer.alloc(size, `<${tag}>`)
}
