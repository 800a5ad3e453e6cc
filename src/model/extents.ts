import type { Extent } from './object'

/** [blob, size], and the offset where the run does not begin with its blob. */
type ExtentTuple = [string, number] | [string, number, number]

/** The most that one record's extents may take as text: a row of the index holds 2 MB with everything else. */
export const MAX_EXTENTS_TEXT = 1_000_000

/** Extents as they lie in a row, as short as can be: an upload may have 10,000 parts. Null when there are none. */
export function writeExtents(extents: Extent[]): string | null {
  if (extents.length === 0) return null
  const tuples = extents.map(
    ({ blob, size, offset }): ExtentTuple => (offset === 0 ? [blob, size] : [blob, size, offset]),
  )
  return JSON.stringify(tuples)
}

/** @param text  what `writeExtents` wrote */
export function readExtents(text: string | null): Extent[] {
  if (text === null) return []
  const tuples = JSON.parse(text) as ExtentTuple[]
  return tuples.map(([blob, size, offset = 0]) => ({ blob, offset, size }))
}
