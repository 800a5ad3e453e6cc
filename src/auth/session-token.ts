import { createHash, randomBytes, randomInt } from 'node:crypto'
import { seal, unseal } from './sealing'

/** Temporary credentials, as their token holds them. Nothing else is kept of them. */
export interface Session {
  accessKey: string
  secretKey: string
  /** The access key that asked for them: without it they are nothing. */
  parent: string
  /** Of the parent's secret: with another secret they are nothing either. */
  proof: string
  /** JSON text of the policy that holds them to less. */
  policy?: string
  expiresMillis: number
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const KEY_CHARACTERS = 18

/** The id of an access key: what it is shows in its first letters. */
export function newAccessKey(kind: 'lasting' | 'temporary'): string {
  const random = Array.from({ length: KEY_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)])
  return (kind === 'temporary' ? 'WT' : 'WK') + random.join('')
}

export function isTemporary(accessKey: string): boolean {
  return /^WT[A-Z2-7]{18}$/.test(accessKey)
}

/** 40 characters that every client and configuration file takes. */
export function newSecretKey(): string {
  return randomBytes(30).toString('base64url')
}

/** What tells that a secret is still the same, without telling the secret. */
export function proofOf(secretKey: string): string {
  return createHash('sha256').update(`wharf session\n${secretKey}`).digest('base64url')
}

/** The token that a client sends with each request: the session itself, encrypted. */
export async function sealSession(masterKey: Uint8Array, session: Session): Promise<string> {
  return seal(masterKey, JSON.stringify(session), holderOf(session.accessKey))
}

/** @returns undefined where the token is none of ours, or belongs to another access key */
export async function openSession(
  masterKey: Uint8Array,
  accessKey: string,
  token: string,
): Promise<Session | undefined> {
  try {
    // Sealed by `sealSession`, since nobody else has the key.
    return JSON.parse(await unseal(masterKey, token, holderOf(accessKey))) as Session
  } catch {
    return undefined
  }
}

function holderOf(accessKey: string): string {
  return `session ${accessKey}`
}
