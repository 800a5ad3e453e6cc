import { Fault } from '../model/fault'
import { deriveSigningKey, verifySignature } from './signing-keys'
import { checkScope, type VerifyOptions } from './sigv4'
import { readCredential, readTimestamp, type SigV4Credential } from './sigv4-claim'

/** Thrown where a policy document is not what it should be. */
export class MalformedPostPolicy extends Error {}

/** What a browser's form may hold, as whoever signed it decided. */
export interface PostPolicy {
  expiresMillis: number
  conditions: FieldCondition[]
  /** Of the file, in bytes; where several ranges are given, what all of them allow. */
  size?: SizeRange
}

export interface FieldCondition {
  match: 'eq' | 'starts-with'
  /** Lower case. */
  field: string
  value: string
}

/** Both inclusive, in bytes. */
export interface SizeRange {
  min: number
  max: number
}

/** What a form says about who signed its policy. Nothing of it is proven before `verifyPostClaim`. */
export type PostClaim = PostSigV4Claim | PostSigV2Claim

interface PostSigV4Claim extends SigV4Credential {
  scheme: 'sigv4'
  /** yyyymmddThhmmssZ */
  timestamp: string
  /** Hex, as sent. */
  signature: string
  /** Base64, as sent: that is what was signed. */
  policy: string
  /** Of temporary credentials. */
  securityToken?: string
}

interface PostSigV2Claim {
  scheme: 'sigv2'
  accessKey: string
  /** Base64, as sent. */
  signature: string
  policy: string
  securityToken?: string
}

/** @throws Fault QueryCredentialMalformed */
export function readPostSigV4Claim(sent: {
  credential: string
  date: string
  signature: string
  policy: string
  securityToken?: string
}): PostClaim {
  const credential = readCredential(sent.credential)
  if (credential === undefined) {
    throw malformed('x-amz-credential is not AKID/yyyymmdd/REGION/SERVICE/aws4_request')
  }
  if (readTimestamp(sent.date) === undefined) throw malformed('x-amz-date is not yyyymmddThhmmssZ')
  const { date: timestamp, signature, policy, securityToken } = sent
  return { scheme: 'sigv4', ...credential, timestamp, signature, policy, securityToken }
}

/**
 * Checks a form's signature against the secret that belongs to its access key, in constant time. How long it holds is said
 * by the policy alone.
 *
 * @throws Fault QueryCredentialMalformed, WrongRegion, SignatureMismatch
 * @see    S3 API reference, "Calculating a signature" of browser-based uploads
 */
export async function verifyPostClaim(
  claim: PostClaim,
  secretKey: string,
  options: Pick<VerifyOptions, 'region' | 'services'>,
): Promise<void> {
  const isRight = claim.scheme === 'sigv4' ? await fitsV4(claim, secretKey, options) : await fitsV2(claim, secretKey)
  if (isRight) return
  const { accessKey, signature, policy } = claim
  throw new Fault('SignatureMismatch', { accessKey, signatureProvided: signature, stringToSign: policy })
}

/**
 * Reads a policy document.
 * @param encoded  base64, as sent
 * @throws MalformedPostPolicy
 * @see    S3 API reference, "POST Policy"
 */
export function readPostPolicy(encoded: string): PostPolicy {
  const document = parse(encoded)
  if (!isObject(document)) throw new MalformedPostPolicy('it is not an object')
  const { expiration, conditions } = document
  const expiresMillis =
    typeof expiration === 'string' && ISO_TIME.test(expiration) ? Date.parse(expiration) : Number.NaN
  if (Number.isNaN(expiresMillis)) throw new MalformedPostPolicy('expiration is not a time in ISO 8601')
  if (!Array.isArray(conditions)) throw new MalformedPostPolicy('conditions is not a list')
  const policy: PostPolicy = { expiresMillis, conditions: [] }
  for (const condition of conditions) addCondition(policy, condition)
  return policy
}

/**
 * Holds a form against its policy: each condition must be met, and each field be allowed by one. The size of the file is
 * for whoever reads it.
 *
 * @param fields  by lower-case name, with variables replaced; of the bucket, the one that the request is addressed to
 * @throws Fault  AccessDenied
 */
export function checkPostPolicy(
  { expiresMillis, conditions }: PostPolicy,
  fields: ReadonlyMap<string, string>,
  nowMillis: number,
): void {
  if (nowMillis >= expiresMillis) throw denied('Policy expired.')
  for (const condition of conditions) {
    const value = fields.get(condition.field)
    if (value === undefined || !isMet(condition, value)) {
      const shown = JSON.stringify([condition.match, `$${condition.field}`, condition.value])
      throw denied(`Policy Condition failed: ${shown}`)
    }
  }
  const covered = new Set(conditions.map(condition => condition.field))
  for (const name of fields.keys()) {
    if (covered.has(name) || NOT_COVERED.has(name) || name.startsWith('x-ignore-')) continue
    throw denied(`Extra input fields: ${name}`)
  }
}

/** Fields that need no condition: what proves the policy, and the policy itself. */
const NOT_COVERED = new Set(['policy', 'signature', 'x-amz-signature', 'awsaccesskeyid'])

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

async function fitsV4(
  claim: PostSigV4Claim,
  secretKey: string,
  options: Pick<VerifyOptions, 'region' | 'services'>,
): Promise<boolean> {
  checkScope({ ...claim, form: 'presigned' }, options)
  return verifySignature(await deriveSigningKey(claim, secretKey), claim.signature, claim.policy)
}

async function fitsV2({ signature, policy }: PostSigV2Claim, secretKey: string): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-1' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(secretKey), algorithm, false, ['verify'])
  return crypto.subtle.verify('HMAC', key, Buffer.from(signature, 'base64'), Buffer.from(policy))
}

function parse(encoded: string): unknown {
  const text = encoded.replace(/\s/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new MalformedPostPolicy('it is not base64')
  try {
    return JSON.parse(utf8.decode(Buffer.from(text, 'base64')).replace(/\\(.)/gs, readEscape))
  } catch {
    throw new MalformedPostPolicy('it is not JSON')
  }
}

/** Two escapes that S3's policies know besides those of JSON. */
function readEscape(whole: string, character: string): string {
  if (character === '$') return '$'
  return character === 'v' ? '\\u000b' : whole
}

function addCondition(policy: PostPolicy, condition: unknown): void {
  if (Array.isArray(condition)) addListed(policy, condition)
  else if (isObject(condition)) policy.conditions.push(readSimple(condition))
  else throw new MalformedPostPolicy('a condition is neither a list nor an object')
}

/** `{"field": "value"}` */
function readSimple(condition: Record<string, unknown>): FieldCondition {
  const [[field, value] = ['', undefined], ...others] = Object.entries(condition)
  if (typeof value !== 'string' || others.length > 0) {
    throw new MalformedPostPolicy('a simple condition is not one field with a text')
  }
  return { match: 'eq', field: field.toLowerCase(), value }
}

/** `["eq" or "starts-with", "$field", "value"]` or `["content-length-range", min, max]` */
function addListed(policy: PostPolicy, [operator, first, second, ...others]: unknown[]): void {
  const match = typeof operator === 'string' ? operator.toLowerCase() : ''
  if (others.length > 0) throw new MalformedPostPolicy('a condition has more than three members')
  if (match === 'content-length-range') {
    policy.size = narrowed(policy.size, { min: readCount(first), max: readCount(second) })
    return
  }
  if (match !== 'eq' && match !== 'starts-with') throw new MalformedPostPolicy('a condition has no known operator')
  if (typeof first !== 'string' || !first.startsWith('$') || typeof second !== 'string') {
    throw new MalformedPostPolicy('a condition is not about a $field and a text')
  }
  policy.conditions.push({ match, field: first.slice(1).toLowerCase(), value: second })
}

function narrowed(known: SizeRange | undefined, { min, max }: SizeRange): SizeRange {
  return known ? { min: Math.max(known.min, min), max: Math.min(known.max, max) } : { min, max }
}

function readCount(value: unknown): number {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw new MalformedPostPolicy('content-length-range has not two numbers of bytes')
  }
  return count
}

function isMet({ match, field, value: wanted }: FieldCondition, value: string): boolean {
  if (match === 'eq') return value === wanted
  // Several types in one field are a list, and none of them may be another.
  const values = field === 'content-type' && !wanted.includes(',') ? value.split(',').map(one => one.trim()) : [value]
  return values.every(one => one.startsWith(wanted))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function denied(problem: string): Fault {
  return new Fault('AccessDenied', { problem: `Invalid according to Policy: ${problem}` })
}

function malformed(problem: string): Fault {
  return new Fault('QueryCredentialMalformed', { problem })
}
