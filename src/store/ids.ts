/** 128 random bits in hex: names buckets, blobs and versions. Safe in URLs, and never begins with a dash. */
export function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
}

/** What tells one write of a key from another: 96 random bits, short since every row has one. */
export function randomVersion(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('base64url')
}

/** An id that sorts by the time it was made: uploads are listed in the order in which they began. */
export function timedId(nowMillis: number): string {
  return nowMillis.toString(36).padStart(9, '0') + randomId()
}
