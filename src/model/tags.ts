/** A tag of an object or a bucket. A list of these keeps the order in which they were given; no key comes twice. */
export type Tag = [key: string, value: string]

/** Whether all wanted tags are there, each with its value. */
export function includesTags(tags: Tag[], wanted: Tag[]): boolean {
  return wanted.every(([key, value]) => tags.some(tag => tag[0] === key && tag[1] === value))
}
