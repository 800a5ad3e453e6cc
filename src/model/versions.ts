/** Whether a bucket keeps versions; one that never did has no state. */
export type VersioningState = 'Enabled' | 'Suspended'

/**
 * What tells the versions of a key apart: the number that the index's counter gave it, or null for the one that was
 * written while no versions were kept.
 */
export type Stamp = number | null

const DIGITS = 12

/** The version id that clients are shown. Ids of later versions sort behind those of earlier ones. */
export function versionIdOf(stamp: Stamp): string {
  return stamp === null ? 'null' : `v${stamp.toString(36).padStart(DIGITS, '0')}`
}

/** @returns undefined for what was never a version id of ours */
export function readVersionId(text: string): Stamp | undefined {
  if (text === 'null') return null
  if (!/^v[0-9a-z]{12}$/.test(text)) return undefined
  const stamp = Number.parseInt(text.slice(1), 36)
  return Number.isSafeInteger(stamp) ? stamp : undefined
}
