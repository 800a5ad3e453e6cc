/** Conditions of a read, on the record that is found. Etags without quotes; '*' stands for any. Dates in whole seconds. */
export interface ReadConditions {
  ifMatch?: string[]
  ifNoneMatch?: string[]
  ifModifiedSinceSeconds?: number
  ifUnmodifiedSinceSeconds?: number
}

/** Conditions of a write, checked in the transaction that carries it out. */
export interface WriteConditions {
  ifMatch?: string[]
  ifNoneMatch?: string[]
}

interface Comparable {
  etag: string
  modifiedMillis: number
}

/**
 * How a read ends: 'go', 'unchanged' (304) or the name of the condition that failed (412).
 * @see RFC 9110, section 13.2.2
 */
export function judgeRead(found: Comparable, wanted: ReadConditions): 'go' | 'unchanged' | string {
  const modifiedSeconds = Math.floor(found.modifiedMillis / 1000)
  if (wanted.ifMatch) {
    if (!matches(found.etag, wanted.ifMatch)) return 'If-Match'
  } else if (wanted.ifUnmodifiedSinceSeconds !== undefined && modifiedSeconds > wanted.ifUnmodifiedSinceSeconds) {
    return 'If-Unmodified-Since'
  }
  if (wanted.ifNoneMatch) {
    if (matches(found.etag, wanted.ifNoneMatch)) return 'unchanged'
  } else if (wanted.ifModifiedSinceSeconds !== undefined && modifiedSeconds <= wanted.ifModifiedSinceSeconds) {
    return 'unchanged'
  }
  return 'go'
}

/** Whether a write may go on: 'go', 'missing' (If-Match without an object) or the name of the condition that failed. */
export function judgeWrite(present: { etag: string } | undefined, wanted: WriteConditions): 'go' | 'missing' | string {
  if (wanted.ifMatch) {
    if (!present) return 'missing'
    if (!matches(present.etag, wanted.ifMatch)) return 'If-Match'
  }
  if (wanted.ifNoneMatch && present && matches(present.etag, wanted.ifNoneMatch)) return 'If-None-Match'
  return 'go'
}

function matches(etag: string, wanted: string[]): boolean {
  return wanted.includes('*') || wanted.includes(etag)
}
