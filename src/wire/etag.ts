/** An etag as HTTP writes it. */
export function quoted(etag: string): string {
  return `"${etag}"`
}

/** The etags of a condition header, without quotes and weakness marks; undefined where there is no header. */
export function parseEtags(header: string | null): string[] | undefined {
  if (header === null) return undefined
  return header.split(',').map(unquoted)
}

export function unquoted(etag: string): string {
  return etag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}
