import { createHash, createHmac } from 'node:crypto'

/*
 * A request before it is written: { method, path, query, headers, body, framing }. Path and query are as the wire has them, the query in pairs of
 * name and value (undefined leaves the `=` away); framing is 'length', 'chunked' or 'none'.
 */

export const EMPTY_SHA256 = sha256('')

export function sha256(data) {
  return createHash('sha256').update(data).digest('hex')
}

export function hmac(key, data, algorithm = 'sha256') {
  return createHmac(algorithm, key).update(data).digest()
}

export function encode(text) {
  return encodeBytes(Buffer.from(text), /[\w.~-]/)
}

export function encodePath(text) {
  return encodeBytes(Buffer.from(text), /[\w.~/-]/)
}

function encodeBytes(bytes, bare) {
  let encoded = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    encoded += bare.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** Each escape undone, as bytes; what is no escape stays as it is. */
function decodeBytes(text, plusIsSpace) {
  const sent = Buffer.from(text)
  const bytes = []
  for (let at = 0; at < sent.length; at++) {
    const hex = sent.toString('latin1', at + 1, at + 3)
    if (sent[at] === 0x25 && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else bytes.push(sent[at] === 0x2b && plusIsSpace ? 0x20 : sent[at])
  }
  return bytes
}

/** Signs in the header, over all that S3 wants signed. Headers that come twice are joined, as the server sees them. */
export function signInHeader(message, account, { payloadHash, time = timestamp(), moreNames = [] } = {}) {
  const hash = payloadHash ?? sha256(message.body)
  message.headers.push(['x-amz-content-sha256', hash], ['x-amz-date', time])
  const { names, lines } = headersToSign(message, moreNames)
  const text = canonicalRequest(message, message.query, { names, lines, hash })
  const signed = sign(text, account, time)
  const credential = `Credential=${account.accessKey}/${signed.scope}`
  const value = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signed.signature}`
  message.headers.push(['authorization', value])
  return signed
}

/** Makes a presigned URL of the message. */
export function signInQuery(message, account, { expires = '600', time = timestamp() } = {}) {
  const { names, lines } = headersToSign(message, [])
  const scope = `${time.slice(0, 8)}/${account.region}/s3/aws4_request`
  message.query.push(
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', encode(`${account.accessKey}/${scope}`)],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', encode(expires)],
    ['X-Amz-SignedHeaders', encode(names.join(';'))],
  )
  const hash = headerValue(message, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  const signed = sign(canonicalRequest(message, message.query, { names, lines, hash }), account, time)
  message.query.push(['X-Amz-Signature', signed.signature])
  return signed
}

/** The older scheme, in the header or in the query. Its list of sub-resources is short here: what is sent beside them must not be one. */
export function signOlder(message, account, form) {
  const value = name => headerValue(message, name) ?? ''
  const date = new Date().toUTCString()
  const expires = String(Math.floor(Date.now() / 1000) + 600)
  const amz = headersToSign(message, []).lines.filter(line => line.startsWith('x-amz-'))
  const signedNames = [
    'acl',
    'delete',
    'location',
    'partNumber',
    'tagging',
    'uploadId',
    'uploads',
    'versionId',
    'versions',
    'response-content-type',
  ]
  const pairs = message.query.filter(([name]) => signedNames.includes(name))
  const sub = pairs
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, text = '']) => (text === '' ? name : `${name}=${Buffer.from(decodeBytes(text, true))}`))
  const resource = sub.length === 0 ? message.path : `${message.path}?${sub.join('&')}`
  const when = form === 'query' ? expires : date
  const text = `${message.method}\n${value('content-md5')}\n${value('content-type')}\n${when}\n${amz.join('')}${resource}`
  const signature = hmac(account.secretKey, text, 'sha1').toString('base64')
  if (form === 'query')
    message.query.push(['AWSAccessKeyId', account.accessKey], ['Signature', encode(signature)], ['Expires', expires])
  else message.headers.push(['date', date], ['authorization', `AWS ${account.accessKey}:${signature}`])
}

export function timestamp(offMillis = 0) {
  return new Date(Date.now() + offMillis).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

export function headerValue({ headers }, wanted) {
  const values = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  return values.length === 0 ? undefined : values.join(',')
}

function headersToSign(message, moreNames) {
  const isSigned = name => name === 'host' || name.startsWith('x-amz-') || moreNames.includes(name)
  const names = [...new Set(message.headers.map(([name]) => name.toLowerCase()).filter(isSigned))].sort()
  const lines = names.map(name => `${name}:${headerValue(message, name).replace(/ {2,}/g, ' ').trim()}\n`)
  return { names, lines }
}

function canonicalRequest({ method, path }, query, { names, lines, hash }) {
  const pairs = query.filter(([name]) => name !== '').map(([name, value = '']) => [recode(name), recode(value)])
  pairs.sort(([name, value], [otherName, other]) =>
    name === otherName ? compare(value, other) : compare(name, otherName),
  )
  const canonicalQuery = pairs.map(([name, value]) => `${name}=${value}`).join('&')
  const canonicalPath = encodeBytes(decodeBytes(path, false), /[\w.~/-]/)
  return `${method}\n${canonicalPath}\n${canonicalQuery}\n${lines.join('')}\n${names.join(';')}\n${hash}`
}

function recode(text) {
  return encodeBytes(decodeBytes(text, true), /[\w.~-]/)
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other)
}

function sign(canonical, { secretKey, region }, time) {
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  const key = scope.split('/').reduce((derived, step) => hmac(derived, step), `AWS4${secretKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex')
  return { signature, scope, time, key }
}

/** The message's head, without what tells of its body. */
export function headLines({ method, path, query, headers }) {
  const search = query.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join('&')
  const target = query.length === 0 ? path : `${path}?${search}`
  return [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)]
}

/** All bytes of a message, well framed. */
export function write(message) {
  const { body, framing } = message
  const lines = headLines(message)
  if (framing === 'length') lines.push(`Content-Length: ${body.length}`)
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked')
  return {
    head: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    body: framing === 'chunked' ? inChunks(body) : framing === 'none' ? Buffer.alloc(0) : body,
  }
}

export function inChunks(body, size = 7000) {
  const pieces = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}
