/** IMF-fixdate, in whole seconds. */
export function httpDate(millis: number): string {
  return new Date(millis).toUTCString()
}

const SHAPES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/,
]

/** Seconds since 1970 of an HTTP date (three forms) or an ISO date; undefined for anything else. */
export function parseHttpDate(text: string | null | undefined): number | undefined {
  if (!text) return undefined
  const trimmed = text.trim()
  const shape = SHAPES.findIndex(one => one.test(trimmed))
  if (shape < 0) return undefined
  const millis = Date.parse(shape === 2 ? `${trimmed} GMT` : trimmed)
  return Number.isNaN(millis) ? undefined : Math.floor(millis / 1000)
}
