import type { ReadConditions, WriteConditions } from '../../model/conditions'
import { parseEtags } from '../../wire/etag'
import { parseHttpDate } from '../../wire/http-date'

/** Conditions of a read; undefined where there are none. */
export function readConditions(headers: Headers, prefix = ''): ReadConditions | undefined {
  const conditions: ReadConditions = {
    ifMatch: parseEtags(headers.get(`${prefix}if-match`)),
    ifNoneMatch: parseEtags(headers.get(`${prefix}if-none-match`)),
    ifModifiedSinceSeconds: pastDate(headers.get(`${prefix}if-modified-since`)),
    ifUnmodifiedSinceSeconds: parseHttpDate(headers.get(`${prefix}if-unmodified-since`)),
  }
  return Object.values(conditions).some(one => one !== undefined) ? conditions : undefined
}

/** Conditions of a write on what its key holds now; undefined where there are none. */
export function writeConditions(headers: Headers): WriteConditions | undefined {
  const ifMatch = parseEtags(headers.get('if-match'))
  const ifNoneMatch = parseEtags(headers.get('if-none-match'))
  return ifMatch || ifNoneMatch ? { ifMatch, ifNoneMatch } : undefined
}

/** A date in the future is ignored. */
function pastDate(text: string | null): number | undefined {
  const seconds = parseHttpDate(text)
  return seconds !== undefined && seconds * 1000 <= Date.now() ? seconds : undefined
}
