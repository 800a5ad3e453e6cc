/**
 * What does not hold, as plain data:
 *   kind     what it is, in a word
 *   bucket, id   name and id of the bucket; missing where it concerns the whole state
 *   key, upload, part, blob, row, index   what it is about, as far as it is about such a thing
 *   text     the whole of it in words, which may hold figures that are others a moment later
 */
export class Findings {
  breaches = []
  notices = []
  #bucket

  constructor(bucket = {}) {
    this.#bucket = { bucket: bucket.name, id: bucket.id }
  }

  breach(kind, about, text) {
    this.breaches.push({ kind, ...this.#bucket, ...about, text })
  }

  /** Something that should not stay as it is, but by which nothing is lost. */
  notice(kind, about, text) {
    this.notices.push({ kind, ...this.#bucket, ...about, text })
  }
}

/** What tells one finding from another, and is the same in a second reading. */
export function identityOf({ kind, id, key, upload, part, blob, row, index }) {
  return JSON.stringify([kind, id, key, upload, part, blob, row, index])
}

/** A finding on one line. */
export function lineOf({ bucket, id, key, upload, part, blob, index, text }) {
  const places = [
    bucket !== undefined ? `bucket ${bucket}` : id !== undefined && `id ${id}`,
    key !== undefined && `key ${quoted(key)}`,
    upload !== undefined && `upload ${upload}`,
    part !== undefined && `part ${part}`,
    blob !== undefined && `blob ${blob}`,
    index !== undefined && `index ${index}`,
  ]
  return `${places.filter(Boolean).join(', ')}: ${text}`
}

/** A key may hold any character: JSON's quotes and escapes, also for what JSON leaves alone and terminals do not. */
export function quoted(text) {
  const escaped = character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped)
}
