import { adminRequest, mayRestart } from './admin-requests.mjs'
import { broken } from './broken.mjs'
import { chunkedPut } from './chunked-bodies.mjs'
import { flipBits, junkHeaderValue, junkText, mangle } from './junk.mjs'
import { headerValue, signInHeader, signInQuery, signOlder, timestamp, write } from './message.mjs'
import { Random } from './random.mjs'
import { s3Request } from './s3-requests.mjs'

/** What one request is of, and how often: most get past their signature, and reach deepest. */
const KINDS = [
  [60, 'signed'],
  [8, 'aws-chunked'],
  [8, 'presigned'],
  [4, 'older signature'],
  [8, 'management'],
  [4, 'false signature'],
  [2, 'unsigned'],
  [6, 'broken'],
]

/**
 * The request of this number: the same for the same seed, but for its time, and for the uploads that the server has begun.
 *
 * @returns { kind, method, pieces, isWhole, interrupts, message }: what to write, whether its framing is that of one request,
 *          and whether it may interrupt the others
 */
export function plan(seed, number, world, account) {
  const random = new Random(seed, number)
  const kind = random.weighted(KINDS)
  const message = make(random, kind, world, account)
  if (kind === 'broken') return { kind, method: message.method, pieces: [broken(random, message)], isWhole: false }
  message.framing = framingOf(random, message)
  const { head, body } = write(message)
  const interrupts = kind === 'management' && mayRestart(message)
  return { kind, method: message.method, pieces: piecesOf(random, head, body), isWhole: true, interrupts, message }
}

function make(random, kind, world, account) {
  if (kind === 'aws-chunked') return chunkedPut(random, world, account)
  const message = kind === 'management' ? adminRequest(random, world) : s3Request(random, world)
  message.headers.unshift(['host', account.host])
  if (kind === 'presigned') return presigned(random, message, account)
  if (kind === 'older signature') signOlder(message, account, random.pick(['header', 'query']))
  else if (kind === 'unsigned') return random.chance(0.5) ? message : withFormBody(random, message)
  else signInHeader(message, account, signing(random, kind, message))
  return kind === 'false signature' ? falsified(random, message) : message
}

function signing(random, kind, message) {
  const moreNames =
    kind === 'management'
      ? ['x-minio-operation', 'content-md5']
      : random.several(['content-type', 'range', 'content-md5'], 2)
  const time = random.chance(0.98) ? timestamp() : timestamp(random.pick([-16, -14, 14, 16, 100_000]) * 60_000)
  const payloadHash = random.weighted([
    [8, undefined],
    [4, 'UNSIGNED-PAYLOAD'],
    [1, random.bytes(32).toString('hex')],
    [
      1,
      random.pick([
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        junkHeaderValue(random),
      ]),
    ],
  ])
  return { payloadHash: message.body.length === 0 && random.chance(0.8) ? undefined : payloadHash, time, moreNames }
}

function presigned(random, message, account) {
  const isMoved = name => name.startsWith('x-amz-') && random.chance(0.5)
  for (const [name, value] of message.headers.filter(([name]) => isMoved(name))) {
    message.query.push([name, encodeURIComponent(value.toWellFormed())])
    message.headers = message.headers.filter(([other]) => other !== name)
  }
  signInQuery(message, account, { expires: random.chance(0.95) ? '600' : junkText(random) })
  if (random.chance(0.1)) message.query.push(random.pick(message.query))
  return message
}

/** Signed, and then changed: nothing of it may be done. */
function falsified(random, message) {
  const at = message.headers.findIndex(([name]) => name === 'authorization')
  const authorization = headerValue(message, 'authorization')
  const change = random.weighted([
    [3, () => mangle(random, authorization, () => junkText(random, 1).replace(/[\r\n\0]/g, ''), 2)],
    [
      2,
      () =>
        flipBits(random, Buffer.from(authorization), 2)
          .toString('latin1')
          .replace(/[\r\n\0]/g, ''),
    ],
    [2, () => authorization.replace(/[^=]*$/, random.bytes(32).toString('hex'))],
    [1, () => authorization.replace('Credential=', 'Credential=x')],
    [1, () => junkHeaderValue(random)],
  ])
  const changed = change()
  const isAnother = meaningOf(changed) !== meaningOf(authorization)
  message.headers[at] = ['authorization', isAnother ? changed : 'AWS4-HMAC-SHA256']
  return message
}

/** The header without what makes no difference: spaces, the order of its parts, and capitals in the names of headers. */
function meaningOf(authorization) {
  const parts = authorization
    .replace(/^AWS4-HMAC-SHA256\s/, '$&,')
    .replace(/\s/g, '')
    .split(',')
  return parts
    .map(part => (part.startsWith('SignedHeaders=') ? part.toLowerCase() : part))
    .sort()
    .join()
}

function withFormBody(random, message) {
  const body = `--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n${junkText(random)}\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n`
  message.headers.push(['content-type', 'multipart/form-data; boundary=b'])
  return { ...message, method: 'POST', body: Buffer.from(body) }
}

function framingOf(random, { method, body }) {
  if (body.length === 0 && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method))
    return random.chance(0.9) ? 'none' : 'length'
  if (body.length === 0 && random.chance(0.05)) return 'none'
  return random.chance(0.9) ? 'length' : 'chunked'
}

/** How the bytes come: mostly at once, sometimes piece by piece. */
function piecesOf(random, head, body) {
  const bytes = Buffer.concat([head, body])
  if (random.chance(0.9)) return [bytes]
  const cuts = Array.from({ length: random.between(1, 4) }, () => random.below(bytes.length + 1)).sort(
    (one, other) => one - other,
  )
  return [0, ...cuts]
    .map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length))
    .filter(piece => piece.length > 0)
}
