const SHAPE =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/**
 * Milliseconds since 1970 of an ISO 8601 date, with or without a time of day; undefined for anything else.
 * A time of day needs its zone, a date alone is midnight UTC.
 */
export function parseIsoDate(text: string): number | undefined {
  const [trimmed, date = ''] = SHAPE.exec(text.trim()) ?? []
  if (trimmed === undefined) return undefined
  // The runtime takes the 30th of February for the 2nd of March.
  if (new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) return undefined
  return Date.parse(trimmed)
}

/** As S3 writes it in documents and headers: UTC, with milliseconds. */
export function isoDate(millis: number): string {
  return new Date(millis).toISOString()
}
