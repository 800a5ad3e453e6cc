/** Which blobs records and parts hold, and how many hold each. Most have one holder, and cost one entry. */
export class Holders {
  #first = new Map()
  #more = new Map()

  /** @param extents  of one record or part, which holds a blob once however many runs of it */
  add(extents, about) {
    for (const blob of new Set(extents.map(extent => extent.blob))) {
      if (this.#first.has(blob)) this.#more.set(blob, (this.#more.get(blob) ?? 0) + 1)
      else this.#first.set(blob, about)
    }
  }

  count(blob) {
    return this.#first.has(blob) ? 1 + (this.#more.get(blob) ?? 0) : 0
  }

  /** What holds it: `{ key }`, or `{ key, upload, part }`. */
  first(blob) {
    return this.#first.get(blob)
  }

  /** Blobs with more than one holder. */
  shared() {
    return this.#more.keys()
  }
}
