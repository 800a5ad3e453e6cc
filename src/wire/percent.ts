/** How a slash and a plus are to be taken; both are ordinary reserved characters unless told otherwise. */
export interface PercentOptions {
  /** Leaves `/` bare, as in a path. */
  keepSlash?: boolean
  /** Reads `+` as a space, as in a query. */
  plusIsSpace?: boolean
}

/**
 * Encodes all but the unreserved characters `A-Z a-z 0-9 - . _ ~`, byte for byte in UTF-8, with upper-case hex.
 * Stricter than encodeURIComponent, which leaves `! ' ( ) *` bare. A lone surrogate becomes U+FFFD.
 *
 * @see RFC 3986, section 2.3; S3 API reference, "UriEncode"
 */
export function percentEncode(text: string, { keepSlash = false }: PercentOptions = {}): string {
  const encoded = encodeURIComponent(text.toWellFormed()).replace(LEFT_BARE, escapeAscii)
  return keepSlash ? encoded.replaceAll('%2F', '/') : encoded
}

/**
 * Decodes each escape once.
 *
 * @returns undefined where an escape is malformed, or the bytes are not UTF-8
 */
export function percentDecode(text: string, { plusIsSpace = false }: PercentOptions = {}): string | undefined {
  const spaced = plusIsSpace ? text.replaceAll('+', ' ') : text
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}

/**
 * Decodes each escape once and encodes strictly again: two spellings of the same bytes come out as one. Works on bytes,
 * so that escapes which are not UTF-8 survive.
 *
 * @returns undefined where an escape is malformed
 */
export function percentRecode(text: string, options: PercentOptions = {}): string | undefined {
  if (UNRESERVED_ONLY.test(text)) return text
  if (MALFORMED_ESCAPE.test(text)) return undefined
  return text.toWellFormed().replace(ESCAPE_OR_RESERVED, piece => recodePiece(piece, options))
}

const LEFT_BARE = /[!'()*]/g
const UNRESERVED_ONLY = /^[A-Za-z0-9\-._~]*$/
const MALFORMED_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const ESCAPE_OR_RESERVED = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu

function recodePiece(piece: string, { keepSlash = false, plusIsSpace = false }: PercentOptions): string {
  if (piece === '+' && plusIsSpace) return '%20'
  if (piece.length < 3) return percentEncode(piece, { keepSlash })
  const decoded = String.fromCharCode(Number.parseInt(piece.slice(1), 16))
  return UNRESERVED_ONLY.test(decoded) || (keepSlash && decoded === '/') ? decoded : piece.toUpperCase()
}

function escapeAscii(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
