import { BadRequest } from './faults'

export type Members = Record<string, unknown>

/**
 * The members of a body that is a JSON object.
 * @param members  the names that may stand in it
 * @throws BadRequest
 */
export function readMembers(text: string, members: readonly string[]): Members {
  return asObject('the body', parse(text), members)
}

export function asObject(place: string, value: unknown, members: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequest(`${place} must be an object`)
  }
  const stranger = Object.keys(value).find(name => !members.includes(name))
  if (stranger !== undefined) throw new BadRequest(`${place} has no member "${stranger}"`)
  return value as Members
}

/** @returns undefined for what is not there */
export function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T | undefined {
  if (value === null || value === undefined) return undefined
  const choice = choices.find(one => one === value)
  if (choice === undefined) throw new BadRequest(`${name} must be one of ${choices.join(', ')}`)
  return choice
}

export function optionalFlag(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new BadRequest(`${name} must be true or false`)
}

const MAX_TEXT = 256

export function optionalText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value
  throw new BadRequest(`${name} must be a text of 1 to ${MAX_TEXT} characters`)
}

/** A name that stands well in a URL, an ARN and a configuration file. */
export function asName(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w+=,.@-]{1,64}$/.test(value)) return value
  throw new BadRequest(`${name} must have 1 to 64 characters of A-Z a-z 0-9 _ + = , . @ -`)
}

/** Each once. */
export function optionalNames(name: string, value: unknown): string[] | undefined {
  if (value === undefined) return undefined
  const isTexts = Array.isArray(value) && value.every(item => typeof item === 'string')
  if (!isTexts) throw new BadRequest(`${name} must be a list of names`)
  return Array.from(new Set(value))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadRequest('the body is not JSON')
  }
}
