import { createHmac } from 'node:crypto'
import { SCOPE_TERMINATOR, type SigV4Credential } from './sigv4-claim'

interface KeptKey {
  /** What the key was derived from: a changed secret must not verify with the old key. */
  secretKey: string
  key: CryptoKey
}

/**
 * Derives the key that signs everything of one day, region and service. It can verify, and cannot be read.
 *
 * @see S3 API reference, "Calculate signature"
 */
export function deriveSigningKey(credential: SigV4Credential, secretKey: string): Promise<CryptoKey> {
  let derived = hmac(`AWS4${secretKey}`, credential.scopeDate)
  for (const step of [credential.region, credential.service, SCOPE_TERMINATOR]) derived = hmac(derived, step)
  return crypto.subtle.importKey('raw', derived, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

/**
 * Whether `signature` is that of the text, compared in constant time. What is not 64 lower-case hex digits is just
 * wrong.
 */
export async function verifySignature(key: CryptoKey, signature: string, text: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false
  return crypto.subtle.verify('HMAC', key, Uint8Array.fromHex(signature), encoder.encode(text))
}

/** Derived keys of the last so many credentials, so that deriving one happens once a day and not once a request. */
export class SigningKeys {
  readonly #mostKeys: number
  // In order of use, the longest unused first.
  readonly #kept = new Map<string, KeptKey>()

  constructor(mostKeys: number) {
    this.#mostKeys = mostKeys
  }

  get size(): number {
    return this.#kept.size
  }

  find(credential: SigV4Credential, secretKey: string): CryptoKey | undefined {
    const name = nameOf(credential)
    const kept = this.#kept.get(name)
    if (kept === undefined || kept.secretKey !== secretKey) return undefined
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    return kept.key
  }

  /** For keys that have verified something: who only guesses cannot drive out the keys of others. */
  keep(credential: SigV4Credential, secretKey: string, key: CryptoKey): void {
    const name = nameOf(credential)
    this.#kept.delete(name)
    this.#kept.set(name, { secretKey, key })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#mostKeys && oldest !== undefined) this.#kept.delete(oldest)
  }
}

const encoder = new TextEncoder()

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

// None of the four can hold a slash.
function nameOf({ accessKey, scopeDate, region, service }: SigV4Credential): string {
  return `${accessKey}/${scopeDate}/${region}/${service}`
}
