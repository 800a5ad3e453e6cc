import { Fault } from './fault'

/** Paths of other dialects begin with these, so no bucket may bear them, whoever makes it. */
const RESERVED_BUCKET_NAMES = new Set(['api', 'auth', 'docs', 'healthcheck', 'info', 'metrics', 'minio', 'swift'])

export const MAX_KEY_BYTES = 1024

const IPV4_SHAPE = /^\d{1,3}(\.\d{1,3}){3}$/

/**
 * The naming rules of S3, for buckets that are made through it.
 * @throws Fault InvalidBucketName
 */
export function requireNewBucketName(name: string): void {
  const shaped = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)
  const odd =
    name.includes('..') ||
    IPV4_SHAPE.test(name) ||
    name.startsWith('xn--') ||
    name.startsWith('sthree-') ||
    name.endsWith('-s3alias') ||
    name.endsWith('--ol-s3')
  if (!shaped || odd || RESERVED_BUCKET_NAMES.has(name)) throw new Fault('InvalidBucketName', { bucket: name })
}

/**
 * Keys are UTF-8 of 1 to 1,024 bytes, kept as they are. NUL is refused: the index's text functions end at it.
 * @throws Fault InvalidKey, KeyTooLong
 */
export function requireKey(key: string): void {
  if (key === '' || key.includes('\0')) throw new Fault('InvalidKey', { key })
  // Each UTF-16 unit becomes at most three bytes, so short keys need no encoding.
  if (key.length * 3 > MAX_KEY_BYTES && new TextEncoder().encode(key).length > MAX_KEY_BYTES) {
    throw new Fault('KeyTooLong', { key, maxBytes: MAX_KEY_BYTES })
  }
}
