import { includesTags, type Tag } from './tags'

/** Which objects a rule of a bucket is for: those that meet all that is said here. */
export interface RuleFilter {
  prefix?: string
  tags?: Tag[]
  /** In bytes; only larger ones. */
  sizeAbove?: number
  /** In bytes; only smaller ones. */
  sizeBelow?: number
  /** The document joined its conditions by `And`, as it has to for several. */
  and?: boolean
}

export interface Filtered {
  key: string
  size: number
  tags: Tag[]
}

export function passes({ prefix = '', tags = [], sizeAbove, sizeBelow }: RuleFilter, object: Filtered): boolean {
  if (!object.key.startsWith(prefix) || !includesTags(object.tags, tags)) return false
  if (sizeAbove !== undefined && object.size <= sizeAbove) return false
  return sizeBelow === undefined || object.size < sizeBelow
}

/** Whether it looks at more than the key. */
export function looksInside({ tags = [], sizeAbove, sizeBelow }: RuleFilter): boolean {
  return tags.length > 0 || sizeAbove !== undefined || sizeBelow !== undefined
}
