import { parseGoDuration } from '../../wire/go-duration'
import { AdminError } from './admin-error'

type Query = ReadonlyMap<string, string>

const MAX_NAME_BYTES = 1024
const MAX_INT = 2n ** 63n - 1n
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** @throws AdminError InvalidBucketName */
export function requireBucketName(query: Query): string {
  const name = query.get('bucket') ?? ''
  const labels = name.split('.')
  const isAddress = labels.length === 4 && labels.every(label => /^\d+$/.test(label))
  const isSound = name.length >= 3 && name.length <= 63 && labels.every(label => LABEL.test(label)) && !isAddress
  if (!isSound) throw new AdminError('InvalidBucketName')
  return name
}

/** @throws AdminError InvalidObjectName */
export function requirePrefix(query: Query): string {
  const prefix = query.get('prefix') ?? ''
  requireText(prefix)
  return prefix
}

/** @throws AdminError InvalidObjectName */
export function requireObjectName(query: Query): string {
  const name = query.get('object') ?? ''
  requireText(name)
  if (name === '' || name.startsWith('/') || name.endsWith('/')) throw new AdminError('InvalidObjectName')
  return name
}

/** A delimiter is a slash or none. @throws AdminError NotImplemented */
export function requireDelimiter(query: Query): '/' | undefined {
  const delimiter = query.get('delimiter') ?? ''
  if (delimiter === '') return undefined
  if (delimiter !== '/') throw new AdminError('NotImplemented')
  return delimiter
}

/** A place to go on from lies inside what is listed. @throws AdminError NotImplemented */
export function requireWithin(marker: string, prefix: string): void {
  if (marker !== '' && !marker.startsWith(prefix)) throw new AdminError('NotImplemented')
}

/** @returns milliseconds, rounded up; negative ones too. @throws AdminError InvalidDuration */
export function readDuration(query: Query): number {
  const text = query.get('duration') || query.get('older-than') || '0s'
  const nanos = parseGoDuration(text)
  if (nanos === undefined) throw new AdminError('InvalidDuration')
  return Math.ceil(Number(nanos) / 1_000_000)
}

/** @returns as it was asked for, since the answer repeats it. @throws AdminError InvalidMaxKeys */
export function readMaxKeys(query: Query): bigint {
  const value = readInteger(query.get('max-key') || '0')
  if (value === undefined || value < 0) throw new AdminError('InvalidMaxKeys')
  return value
}

/** @throws AdminError InvalidMaxUploads */
export function readMaxUploads(query: Query): number {
  const value = Number(readInteger(query.get('max-uploads') || '1000') ?? 0)
  if (value < 1 || value > 1000) throw new AdminError('InvalidMaxUploads')
  return value
}

/** Its presence says it, whatever its value. */
export function isDryRun(query: Query): boolean {
  return query.has('dry-run')
}

/** As Go's Atoi; undefined where it is no number, or none that fits. */
function readInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return value > MAX_INT || value < -MAX_INT - 1n ? undefined : value
}

/** UTF-8 without backslashes, and without NUL, at which the index's text functions end. */
function requireText(text: string): void {
  const isSound = text.isWellFormed() && !/[\\\0]/.test(text)
  if (!isSound || new TextEncoder().encode(text).length > MAX_NAME_BYTES) throw new AdminError('InvalidObjectName')
}
