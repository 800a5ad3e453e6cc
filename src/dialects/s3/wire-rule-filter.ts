import type { RuleFilter } from '../../model/rule-filter'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import { type Content, malformed, readChild, readChildren, readInteger, readString } from './wire-members'
import { readTag, tagElement } from './wire-tags'

const SIZES = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const
const MAX_PREFIX = 1024

/** How many rules a bucket may have, and how long their ids may be. */
export const MAX_RULES = 1000
export const MAX_RULE_ID = 255

/**
 * The `Filter` of a rule: nothing, one condition, or an `And` of several.
 *
 * @param sizes  whether it may ask for the object's size
 * @throws S3Error MalformedXML, InvalidTag, InvalidArgument, InvalidRequest
 */
export function readFilter(rule: Content, { sizes }: { sizes: boolean }): RuleFilter | undefined {
  const members = sizes ? ['Prefix', 'Tag', ...SIZES] : ['Prefix', 'Tag']
  const content = readChild(rule, 'Filter', [...members, 'And'])
  if (!content) return undefined
  const and = readChild(content, 'And', members)
  const filter = readConditions(content)
  const single = [filter.prefix, filter.sizeAbove, filter.sizeBelow, ...(filter.tags ?? []), and]
  if (single.filter(one => one !== undefined).length > 1) throw malformed('a Filter has one condition, or And')
  if (!and) return filter
  const conditions = readConditions(and)
  if (Object.values(conditions).every(one => one === undefined)) throw malformed('And is empty')
  return { ...conditions, and: true }
}

/** The content of a `Filter`. */
export function filterElements({ prefix, tags, sizeAbove, sizeBelow, and }: RuleFilter): XmlElement {
  const conditions: XmlElement = {
    Prefix: prefix,
    Tag: tags?.map(tagElement),
    ObjectSizeGreaterThan: sizeAbove,
    ObjectSizeLessThan: sizeBelow,
  }
  return and ? { And: conditions } : conditions
}

/**
 * The ids of a list of rules, in its order; where one has none it gets one.
 * @throws S3Error InvalidArgument
 */
export function readRuleIds(rules: Content[], name: 'ID' | 'Id' = 'ID'): string[] {
  const ids = rules.map(rule => readString(rule, name) || crypto.randomUUID())
  const long = ids.find(id => id.length > MAX_RULE_ID)
  if (long !== undefined) {
    throw invalidArgument(name, long, `${name} length should not exceed allowed limit of ${MAX_RULE_ID}`)
  }
  const double = ids.find((id, i) => ids.indexOf(id) !== i)
  if (double !== undefined)
    throw invalidArgument(name, double, `Rule ${name} must be unique. Found same ID for more than one rule`)
  return ids
}

/** @throws S3Error MalformedXML, InvalidArgument */
export function readPrefix(content: Content): string | undefined {
  const prefix = readString(content, 'Prefix')
  if ((prefix?.length ?? 0) > MAX_PREFIX)
    throw invalidArgument('Prefix', '', `The maximum size of a prefix is ${MAX_PREFIX}.`)
  return prefix
}

function readConditions(content: Content): RuleFilter {
  const prefix = readPrefix(content)
  const tags = readChildren(content, 'Tag', ['Key', 'Value']).map(readTag)
  const [sizeAbove, sizeBelow] = SIZES.map(name => readSize(content, name))
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new S3Error('InvalidRequest', 'Duplicate Tag Keys are not allowed.')
  }
  if (sizeAbove !== undefined && sizeBelow !== undefined && sizeAbove >= sizeBelow) {
    throw new S3Error('InvalidRequest', `${SIZES[1]} has to be a value greater than ${SIZES[0]}`)
  }
  return { prefix, tags: tags.length > 0 ? tags : undefined, sizeAbove, sizeBelow }
}

function readSize(content: Content, name: (typeof SIZES)[number]): number | undefined {
  const size = readInteger(content, name, Number.MAX_SAFE_INTEGER)
  if (size !== undefined && size < 0) throw invalidArgument(name, String(size), `'${name}' should not be negative`)
  return size
}
