import type { Tag } from '../../model/tags'
import { percentDecode } from '../../wire/percent'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import { type Content, readChild, readChildren, readRoot, readString, required } from './wire-members'

export const MAX_OBJECT_TAGS = 10
export const MAX_BUCKET_TAGS = 50

// In UTF-16 code units, as S3 counts them.
const MAX_KEY = 128
const MAX_VALUE = 256
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/**
 * The tags of a `Tagging` document.
 *
 * @param max  MAX_OBJECT_TAGS or MAX_BUCKET_TAGS
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidTag, BadRequest
 */
export function readTagging(text: string, max: number): Tag[] {
  const tagging = readRoot(text, 'Tagging', ['TagSet'])
  return readTags(required(readChild(tagging, 'TagSet', ['Tag']), 'TagSet'), max)
}

/**
 * The `Tag` elements of one that holds them: `TagSet`, or `Tags` where a bucket is made.
 * @throws S3Error MalformedXML, InvalidTag, BadRequest
 */
export function readTags(parent: Content, max: number): Tag[] {
  const tags = readChildren(parent, 'Tag', ['Key', 'Value']).map(readTag)
  requireDistinct(tags, () => invalidTag('Cannot provide multiple Tags with the same key'))
  return requireCount(tags, max)
}

/** One tag, as a member of a list or of a filter. */
export function readTag(content: Content): Tag {
  const tag: Tag = [required(readString(content, 'Key'), 'Key'), required(readString(content, 'Value'), 'Value')]
  requireValid(tag)
  return tag
}

/**
 * The tags that `x-amz-tagging` brings for an object, in the form of a query; none for an empty one.
 * @throws S3Error InvalidArgument, InvalidTag, BadRequest
 */
export function readTaggingHeader(headers: Headers): Tag[] | undefined {
  const header = headers.get('x-amz-tagging')
  if (header === null) return undefined
  const malformed = () =>
    invalidArgument(
      'x-amz-tagging',
      header,
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    )
  const tags = header
    .split('&')
    .filter(pair => pair !== '')
    .map((pair): Tag => {
      const [name = '', ...rest] = pair.split('=')
      const key = percentDecode(name, { plusIsSpace: true })
      const value = percentDecode(rest.join('='), { plusIsSpace: true })
      if (key === undefined || value === undefined) throw malformed()
      return [key, value]
    })
  requireDistinct(tags, malformed)
  tags.forEach(requireValid)
  return requireCount(tags, MAX_OBJECT_TAGS)
}

/** Tags as `x-amz-tagging` would bring them. */
export function taggingHeader(tags: Tag[]): string {
  return tags.map(tag => tag.map(encodeURIComponent).join('=')).join('&')
}

/** The content of a `Tagging` document. */
export function taggingElements(tags: Tag[]): XmlElement {
  return { TagSet: { Tag: tags.map(tagElement) } }
}

export function tagElement([Key, Value]: Tag): XmlElement {
  return { Key, Value }
}

function requireValid([key, value]: Tag): void {
  if (key === '' || key.length > MAX_KEY || !ALLOWED.test(key)) {
    throw invalidTag('The TagKey you have provided is invalid', key)
  }
  if (value.length > MAX_VALUE || !ALLOWED.test(value)) {
    throw invalidTag('The TagValue you have provided is invalid', key)
  }
  if (/^aws:/i.test(key)) throw invalidTag('System tags cannot be added/updated by requester', key)
}

function requireDistinct(tags: Tag[], refusal: () => S3Error): void {
  if (new Set(tags.map(([key]) => key)).size < tags.length) throw refusal()
}

function requireCount(tags: Tag[], max: number): Tag[] {
  const what = max === MAX_OBJECT_TAGS ? 'Object' : 'Bucket'
  if (tags.length > max) throw new S3Error('BadRequest', `${what} tags cannot be greater than ${max}`)
  return tags
}

function invalidTag(message: string, key?: string): S3Error {
  return new S3Error('InvalidTag', message, key === undefined ? {} : { TagKey: key })
}
