import { crc32 } from 'node:zlib'
import { flipBits, junkHeaderValue, mangle } from './junk.mjs'
import { hmac, sha256, signInHeader } from './message.mjs'
import { objectPath } from './s3-requests.mjs'

const MODES = [
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
]

/** A PUT whose body is aws-chunked and signed, and then mostly spoiled. The message comes back signed. */
export function chunkedPut(random, world, account) {
  const mode = random.pick(MODES)
  const payload = random.bytes(
    random.weighted([
      [4, random.below(300)],
      [2, 0],
      [2, random.between(8000, 20_000)],
      [1, random.between(20_000, 60_000)],
    ]),
  )
  const hasTrailer = mode.endsWith('TRAILER') && random.chance(0.9)
  const size = random.chance(0.85)
    ? payload.length
    : random.pick([0, 1, payload.length + 1, payload.length * 2, 2 ** 40, -1, 'x', ''])
  const message = {
    method: 'PUT',
    path: objectPath(random, world),
    query: [],
    headers: [
      ['host', account.host],
      ['x-amz-decoded-content-length', String(size)],
      ...(hasTrailer ? [['x-amz-trailer', random.chance(0.9) ? 'x-amz-checksum-crc32' : junkHeaderValue(random)]] : []),
      ...(random.chance(0.5) ? [['content-encoding', random.pick(['aws-chunked', 'gzip,aws-chunked'])]] : []),
      ...(random.chance(0.1) ? [['x-amz-sdk-checksum-algorithm', random.pick(['CRC32', 'SHA1', 'x'])]] : []),
    ],
    body: Buffer.alloc(0),
  }
  if (world.uploads.length > 0 && random.chance(0.2)) {
    const upload = random.pick(world.uploads)
    message.query.push(['partNumber', '1'], ['uploadId', upload.id])
  }
  const signed = signInHeader(message, account, { payloadHash: mode })
  const frames = framesOf(random, payload, mode, hasTrailer, signed)
  message.body = spoiled(random, frames)
  return message
}

function framesOf(random, payload, mode, hasTrailer, { signature, scope, time, key }) {
  const isSigned = mode.includes('HMAC')
  const chain = (kind, hashes) =>
    hmac(key, [`AWS4-HMAC-SHA256-${kind}`, time, scope, previous, hashes].join('\n')).toString('hex')
  let previous = signature
  const frames = []
  const step = isSigned ? random.between(8192, 20_000) : random.between(1, 20_000)
  for (let at = 0; ; at += step) {
    const chunk = payload.subarray(at, at + step)
    if (isSigned) previous = chain('PAYLOAD', `${sha256('')}\n${sha256(chunk)}`)
    const header = `${chunk.length.toString(16)}${isSigned ? `;chunk-signature=${previous}` : ''}\r\n`
    frames.push(
      chunk.length === 0 ? Buffer.from(header) : Buffer.concat([Buffer.from(header), chunk, Buffer.from('\r\n')]),
    )
    if (chunk.length === 0) break
  }
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(payload))
  const line = `x-amz-checksum-crc32:${crc.toString('base64')}`
  const fields = hasTrailer ? `${line}\n` : ''
  const trailer = hasTrailer ? `${line}\r\n` : ''
  const isTrailerSigned = isSigned && mode.endsWith('TRAILER')
  const signedTrailer = isTrailerSigned ? `x-amz-trailer-signature:${chain('TRAILER', sha256(fields))}\r\n` : ''
  return [...frames, Buffer.from(`${trailer}${signedTrailer}\r\n`)]
}

function spoiled(random, frames) {
  const at = random.below(frames.length)
  const whole = () => Buffer.concat(frames)
  return random.weighted([
    [4, whole],
    [2, () => flipBits(random, whole())],
    [2, () => mangle(random, whole(), () => random.bytes(random.between(1, 8)))],
    [1, () => Buffer.concat(frames.toSpliced(at, 1))],
    [1, () => Buffer.concat(frames.toSpliced(at, 0, random.pick(frames)))],
    [1, () => Buffer.concat([...frames].reverse())],
    [1, () => whole().subarray(0, random.below(whole().length + 1))],
    [1, () => Buffer.concat([whole(), random.bytes(random.between(1, 100))])],
    [
      1,
      () =>
        Buffer.from(
          whole()
            .toString('latin1')
            .replaceAll('\r\n', random.pick(['\n', '\r', '\r\n\r\n', ' \r\n'])),
          'latin1',
        ),
    ],
    [
      1,
      () =>
        Buffer.from(
          whole()
            .toString('latin1')
            .replace(/^[0-9a-f]+/, random.pick(['-1', 'ffffffffffffffff', '0', 'g', '', '7fffffff'])),
          'latin1',
        ),
    ],
    [
      1,
      () =>
        Buffer.concat([
          Buffer.from(random.pick(['0', 'a', ';', '\r\n']).repeat(random.pick([10, 2000, 20_000]))),
          whole(),
        ]),
    ],
  ])()
}
