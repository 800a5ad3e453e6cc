/** 128 random bits in hex: names buckets, blobs and versions. Safe in URLs, and never begins with a dash. */
export function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
}

let isolateMark = ''
let versions = 0

/** What tells one write of a key from another: a random mark of this isolate, and a count. Short, since every row has one. */
export function newVersion(): string {
  if (isolateMark === '') isolateMark = Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString('base64url')
  versions += 1
  return isolateMark + versions.toString(36)
}

/** What names a blob within its hour: 120 random bits. */
export function blobId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('base64url')
}

/** An id that sorts by the time it was made: uploads are listed in the order in which they began. */
export function timedId(nowMillis: number): string {
  return nowMillis.toString(36).padStart(9, '0') + randomId()
}

const LOCK_ID_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** What names a lease to an operator: 16 characters of 0-9 and A-Z. */
export function lockId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(random, byte => LOCK_ID_CHARACTERS[byte % LOCK_ID_CHARACTERS.length]).join('')
}
