import { flipBits, junkText, mangle } from './junk.mjs'
import { headLines, inChunks } from './message.mjs'

/**
 * A signed message, spoiled on the wire, so that it may be no request any more. What comes back is written as it is; then the connection ends.
 */
export function broken(random, message) {
  const lines = headLines(message)
  const { body } = message
  return random.pick(WAYS)(random, lines, body)
}

const headOf = lines => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
const length = size => `Content-Length: ${size}`
const whole = (lines, body) => Buffer.concat([headOf([...lines, length(body.length)]), body])

/** Each gives the bytes to write. */
const WAYS = [
  // bits
  (random, lines, body) => flipBits(random, whole(lines, body)),
  (random, lines, body) => Buffer.concat([flipBits(random, headOf([...lines, length(body.length)])), body]),
  (random, lines, body) => mangle(random, whole(lines, body), () => random.bytes(random.between(1, 5))),
  // lines of the head
  (random, lines, body) => whole(lines.toSpliced(random.between(1, lines.length), 1), body),
  (random, lines, body) => whole(lines.toSpliced(random.between(1, lines.length), 0, random.pick(lines)), body),
  (random, lines, body) => whole(lines.toSpliced(random.below(lines.length + 1), 0, junkText(random)), body),
  (random, lines, body) =>
    whole(
      lines.toSpliced(
        1,
        0,
        random.pick(['Host: other', 'Host:', 'Host: a/b', 'Host: a b', ' folded', 'a b: c', ': x', 'x', 'a\0: b']),
      ),
      body,
    ),
  (random, lines, body) =>
    whole(
      lines.map((line, at) => (at === 0 ? mangle(random, line, () => junkText(random, 1), 2) : line)),
      body,
    ),
  (random, lines, body) =>
    whole(
      [
        lines[0].replace('HTTP/1.1', random.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP', 'http/1.1', ''])),
        ...lines.slice(1),
      ],
      body,
    ),
  (random, lines, body) =>
    whole(
      [
        lines[0].replace(/^\S+/, random.pick(['BREW', 'get', 'LINK', 'PRI', '', 'G\0T', 'x'.repeat(5000)])),
        ...lines.slice(1),
      ],
      body,
    ),
  (random, lines, body) =>
    whole(
      [
        lines[0].replace(/ (\S+) /, ` ${random.pick(['http://other', 'ftp://a', '*', '//', '', '#', 'x'])}$1 `),
        ...lines.slice(1),
      ],
      body,
    ),
  (random, lines, body) =>
    whole(
      [
        ...lines,
        ...Array.from({ length: random.pick([100, 3000]) }, (_, at) => `x-${at}: ${'y'.repeat(random.pick([1, 90]))}`),
      ],
      body,
    ),
  (_, lines, body) => Buffer.from(whole(lines, body).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
  // lengths
  (random, lines, body) =>
    Buffer.concat([headOf([...lines, length(body.length + random.pick([1, 10, 100_000, 2 ** 40]))]), body]),
  (random, lines, body) =>
    Buffer.concat([headOf([...lines, length(random.pick([0, Math.max(0, body.length - 1)]))]), body, random.bytes(10)]),
  (random, lines, body) =>
    Buffer.concat([
      headOf([...lines, length(random.pick(['-1', 'x', '1e3', '0x10', '9'.repeat(30), '1, 1', '+1', '']))]),
      body,
    ]),
  (random, lines, body) =>
    Buffer.concat([headOf([...lines, length(body.length), length(random.pick([body.length, 0, 5]))]), body]),
  (_, lines, body) =>
    Buffer.concat([headOf([...lines, length(body.length), 'Transfer-Encoding: chunked']), inChunks(body)]),
  (random, lines, body) =>
    Buffer.concat([
      headOf([
        ...lines,
        `Transfer-Encoding: ${random.pick(['gzip', 'chunked, gzip', 'gzip, chunked', 'identity', 'x', '\u000bchunked', ''])}`,
      ]),
      inChunks(body),
    ]),
  (_, lines, body) => Buffer.concat([headOf(lines), body]),
  // chunks
  (random, lines, body) =>
    Buffer.concat([
      headOf([...lines, 'Transfer-Encoding: chunked']),
      mangle(random, inChunks(body, 50), () => random.bytes(3)),
    ]),
  (random, lines, body) =>
    Buffer.concat([headOf([...lines, 'Transfer-Encoding: chunked']), flipBits(random, inChunks(body, 50))]),
  (random, lines, body) =>
    Buffer.concat([
      headOf([...lines, 'Transfer-Encoding: chunked']),
      inChunks(body).subarray(0, -random.between(1, 6)),
    ]),
  (random, lines) =>
    Buffer.concat([
      headOf([...lines, 'Transfer-Encoding: chunked']),
      Buffer.from(`${random.pick(['ffffffffffffffff', '-1', 'g', '', '1;', '0x1'])}\r\nx\r\n0\r\n\r\n`),
    ]),
  (random, lines, body) =>
    Buffer.concat([
      headOf([...lines, 'Transfer-Encoding: chunked']),
      inChunks(body).subarray(0, -2),
      Buffer.from(`x-amz-acl: public-read\r\n${junkText(random)}\r\n\r\n`),
    ]),
  // ends
  (random, lines, body) => whole(lines, body).subarray(0, random.below(whole(lines, body).length)),
  (random, lines) => headOf([...lines, length(100)]).subarray(0, -random.between(0, 4)),
  (random, lines, body) =>
    Buffer.concat([
      headOf([...lines, length(body.length), 'Expect: 100-continue']),
      body.subarray(0, random.below(body.length + 1)),
    ]),
  (random, lines, body) => Buffer.concat([whole(lines, body), random.bytes(random.between(1, 200))]),
  (_, lines, body) => Buffer.concat([whole(lines, body), whole(lines, body)]),
  // nothing of a request
  random => random.bytes(random.between(1, 500)),
  random => Buffer.from(`${junkText(random)}\r\n${junkText(random)}\r\n\r\n`),
  random =>
    Buffer.from(
      random.pick([
        '\r\n\r\n',
        '\n',
        'GET',
        'GET / HTTP/1.1\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
        'CONNECT a:1 HTTP/1.1\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ]),
      'latin1',
    ),
]
