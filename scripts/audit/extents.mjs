const PLAIN_MD5 = /^[0-9a-f]{32}$/
const MD5_BASE64URL = /^[\w-]{22}$/

/**
 * The runs of bytes that a row names: `[blob, size]`, `[blob, size, offset]` or `[blob, size, offset, md5]`, the MD5 being
 * that of the whole blob, in base64url. Read by code of its own, so that a fault in Wharf's does not hide itself.
 *
 * @param etag  of an object: where it is a plain MD5, it is that of an only blob of which nothing else is said
 * @returns     the extents, with `md5` in hex where it is known; undefined where the text is none of that
 */
export function readExtents(text, etag = '') {
  if (text === null) return []
  const tuples = parse(text)
  if (!Array.isArray(tuples) || tuples.length === 0 || !tuples.every(isTuple)) return undefined
  const said = tuples.length === 1 && tuples[0].length === 2 && isPlainMd5(etag) ? etag : undefined
  return tuples.map(([blob, size, offset = 0, md5]) => ({
    blob,
    size,
    offset,
    md5: md5 === undefined ? said : Buffer.from(md5, 'base64url').toString('hex'),
  }))
}

export function isPlainMd5(etag) {
  return PLAIN_MD5.test(etag)
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isTuple(tuple) {
  if (!Array.isArray(tuple) || tuple.length < 2 || tuple.length > 4) return false
  const [blob, size, offset = 0, md5] = tuple
  return (
    typeof blob === 'string' &&
    isCount(size) &&
    isCount(offset) &&
    (md5 === undefined || (typeof md5 === 'string' && MD5_BASE64URL.test(md5)))
  )
}

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0
}
