import { junkText } from './junk.mjs'
import { Random } from './random.mjs'

/** What the requests are about. The buckets stay, since each holds a key that no request names; the others come and go. */
export const BUCKETS = ['fuzz-one', 'fuzz-two']
export const PASSING_BUCKETS = Array.from({ length: 8 }, (_, at) => `fuzz-passing-${at}`)
export const ANCHOR = 'anchor that no request names'

/** Objects that must come back byte for byte, whatever else is asked of the server. */
export const CANARY_BUCKET = 'canary'
export const CANARIES = new Map([
  ['in-index', new Random(1).bytes(5000)],
  ['in-r2', new Random(2).bytes(300_000)],
])

const MOST_UPLOADS = 50

/** Names that the requests share, and uploads that the server has begun for them. */
export class World {
  keys
  uploads = []

  constructor(seed) {
    const random = new Random(seed)
    this.keys = ['key', 'a/b', 'a/', ...Array.from({ length: 200 }, () => junkText(random, 3))]
  }

  begun(bucket, key, id) {
    this.uploads.push({ bucket, key, id, parts: new Map() })
    if (this.uploads.length > MOST_UPLOADS) this.uploads.shift()
  }

  hasPart(id, number, etag) {
    this.uploads.find(upload => upload.id === id)?.parts.set(number, etag)
  }
}
