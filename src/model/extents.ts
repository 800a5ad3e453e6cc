import type { Extent } from './object'

/**
 * [blob, size], the offset where the run does not begin with its blob, and R2's MD5 of the whole blob in base64url, where
 * nothing else in the row tells it.
 */
type ExtentTuple = [string, number] | [string, number, number] | [string, number, number, string]

/** The most that one record's extents may take as text: a row of the index holds 2 MB with everything else. */
export const MAX_EXTENTS_TEXT = 1_000_000

const PLAIN_MD5 = /^[0-9a-f]{32}$/

/**
 * Extents as they lie in a row, as short as can be: an upload may have 10,000 parts. Null when there are none.
 * @param etag  of the object; where it is the MD5 of its only blob, that is not written twice
 */
export function writeExtents(extents: Extent[], etag?: string): string | null {
  if (extents.length === 0) return null
  const isSaid = extents.length === 1 && extents[0]?.offset === 0 && extents[0].md5 === etag
  const tuples = extents.map(({ blob, size, offset, md5 }): ExtentTuple => {
    if (md5 !== undefined && !isSaid) return [blob, size, offset, Buffer.from(md5, 'hex').toString('base64url')]
    return offset === 0 ? [blob, size] : [blob, size, offset]
  })
  return JSON.stringify(tuples)
}

/**
 * @param text  what `writeExtents` wrote
 * @param etag  what was given to it
 */
export function readExtents(text: string | null, etag = ''): Extent[] {
  if (text === null) return []
  const tuples = JSON.parse(text) as ExtentTuple[]
  const said = tuples.length === 1 && tuples[0]?.length === 2 && PLAIN_MD5.test(etag) ? etag : undefined
  return tuples.map(([blob, size, offset = 0, md5]) => {
    const digest = md5 === undefined ? said : Buffer.from(md5, 'base64url').toString('hex')
    return digest === undefined ? { blob, offset, size } : { blob, offset, size, md5: digest }
  })
}
