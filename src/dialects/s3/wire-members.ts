import { isElement, readXml } from '../../wire/xml'
import { S3_ERRORS, S3Error } from './s3-error'

/** The members of an element, as `readXml` gives them. */
export type Content = Record<string, unknown>

/**
 * The root element of a document that consists of known members only: one that is taken no notice of would be missing
 * when the document is read back.
 *
 * @throws S3Error MissingRequestBodyError, MalformedXML; MalformedXml
 */
export function readRoot(text: string, root: string, members: readonly string[]): Content {
  if (text.trim() === '') throw new S3Error('MissingRequestBodyError')
  const content = readXml(text, root, [])
  refuseOthers(content, root, members)
  return content
}

/** The one child of this name; an empty element has no members. */
export function readChild(content: Content, name: string, members: readonly string[]): Content | undefined {
  return content[name] === undefined ? undefined : asElement(content[name], name, members)
}

/** All children of this name, in their order. */
export function readChildren(content: Content, name: string, members: readonly string[]): Content[] {
  return valuesOf(content, name).map(value => asElement(value, name, members))
}

/** A text as it is, with its white space. */
export function readString(content: Content, name: string): string | undefined {
  const value = content[name]
  if (value === undefined || typeof value === 'string') return value
  throw malformed(`${name} is not one text`)
}

/** All texts of this name, in their order. */
export function readStrings(content: Content, name: string): string[] {
  return valuesOf(content, name).map(value => {
    if (typeof value !== 'string') throw malformed(`${name} is not a text`)
    return value
  })
}

export function readOneOf<T extends string>(content: Content, name: string, values: readonly T[]): T | undefined {
  const text = readString(content, name)?.trim()
  if (text === undefined) return undefined
  const value = values.find(one => one === text)
  if (value === undefined) throw malformed(`${name} is not one of ${values.join(', ')}`)
  return value
}

export function readFlag(content: Content, name: string): boolean | undefined {
  const text = readString(content, name)?.trim().toLowerCase()
  if (text === undefined) return undefined
  if (text !== 'true' && text !== 'false') throw malformed(`${name} is neither true nor false`)
  return text === 'true'
}

const MAX_INTEGER = 2_147_483_647

/** A whole number of 32 bits, or up to `max`. */
export function readInteger(content: Content, name: string, max = MAX_INTEGER): number | undefined {
  const text = readString(content, name)?.trim()
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^[+-]?\d{1,16}$/.test(text) || Math.abs(value) > max) throw malformed(`${name} is not a whole number`)
  return value
}

/** @throws S3Error MalformedXML where a member is missing that has to be there */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw malformed(`${name} is missing`)
  return value
}

/** A list that must not be empty, nor longer than S3 takes it. */
export function requireLength<T>(list: T[], name: string, max: number): T[] {
  if (list.length === 0 || list.length > max) throw malformed(`there must be 1 to ${max} of ${name}`)
  return list
}

export function malformed(problem: string): S3Error {
  return new S3Error('MalformedXML', `${S3_ERRORS.MalformedXML[1]} (${problem})`)
}

function valuesOf(content: Content, name: string): unknown[] {
  const value = content[name]
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function asElement(value: unknown, name: string, members: readonly string[]): Content {
  // An element without children is read as its text.
  if (typeof value === 'string' && value.trim() === '') return {}
  if (!isElement(value)) throw malformed(`${name} is not one element`)
  refuseOthers(value, name, members)
  return value
}

function refuseOthers(content: Content, name: string, members: readonly string[]): void {
  for (const [member, value] of Object.entries(content)) {
    const isSpace = member === '#text' && typeof value === 'string' && value.trim() === ''
    if (!isSpace && !members.includes(member)) throw malformed(`${name} has no ${member}`)
  }
}
