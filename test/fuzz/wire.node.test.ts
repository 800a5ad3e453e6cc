import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Connection } from './connection.mjs'
import { signInHeader, write } from './message.mjs'
import { ROOT, startServer } from './server.mjs'

/** What no HTTP client of a library would put on the wire. */

let server: Awaited<ReturnType<typeof startServer>>
let host = ''
beforeAll(async () => {
  server = await startServer()
  host = `127.0.0.1:${server.port}`
  await signed('PUT', '/bucket')
  await signed('PUT', '/other')
  await signed('PUT', '/other/key', { body: 'of another bucket' })
})
afterAll(() => server.stop())

interface Ask {
  query?: [string, string][]
  body?: string
  /** What stands in the request line, where that is not what is signed. */
  target?: string
  /** The Host header that is sent and signed. */
  host?: string
}

interface Answer {
  status: number
  text: string
  code: string
}

/** A request signed by root, with its path as it stands here. */
async function signed(method: string, path: string, ask: Ask = {}): Promise<Answer> {
  const body = Buffer.from(ask.body ?? '')
  const message = {
    method,
    path,
    query: ask.query ?? [],
    headers: [['host', ask.host ?? host]],
    body,
    framing: 'length',
  }
  signInHeader(message, ROOT)
  const { head } = write(message)
  const text = head.toString()
  return exchange([ask.target === undefined ? text : text.replace(/ (\S+) HTTP/, ` ${ask.target} HTTP`), body], method)
}

async function exchange(pieces: (string | Buffer)[], method = 'GET'): Promise<Answer> {
  const connection = new Connection(server.port)
  const { status, body } = await connection.exchange([Buffer.concat(pieces.map(piece => Buffer.from(piece)))], method)
  connection.close()
  const text = body.toString()
  return { status, text, code: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? '' }
}

async function keys(): Promise<string[]> {
  const { text } = await signed('GET', '/bucket', { query: [['encoding-type', 'url']] })
  return Array.from(text.matchAll(/<Key>([^<]*)<\/Key>/g), match => decodeURIComponent(match[1] ?? ''))
}

describe('a path', () => {
  const paths: [string, string][] = [
    ['/bucket/..', '..'],
    ['/bucket/.', '.'],
    ['/bucket/../other/key', '../other/key'],
    ['/bucket/a/../b', 'a/../b'],
    ['/bucket/%2e%2e/other/key2', '../other/key2'],
    ['/bucket/%2E%2E%2Fother%2Fkey3', '../other/key3'],
    ['/bucket/%252e%252e/other', '%2e%2e/other'],
    ['/bucket//double', '/double'],
    ['/bucket/a//b', 'a//b'],
    ['/bucket/..\\other\\key', '..\\other\\key'],
    ['/bucket/a%5Cb', 'a\\b'],
    ['/bucket/a;b=c', 'a;b=c'],
    ['/bucket/a+b', 'a+b'],
    ['/bucket/ü', 'ü'],
  ]

  test('is a key as it stands: nothing of it is resolved, merged or decoded twice', async () => {
    for (const [path, key] of paths) {
      expect([path, (await signed('PUT', path, { body: key })).status]).toEqual([path, 200])
    }
    expect((await keys()).sort()).toEqual(paths.map(([, key]) => key).sort())
    for (const [path, key] of paths) expect((await signed('GET', path)).text).toBe(key)
    expect((await signed('GET', '/other/key')).text).toBe('of another bucket')
  })

  test('leads to no other bucket than its first part names', async () => {
    for (const path of [
      '/bucket%2Fkey',
      '/bucket/../other',
      '/..%2Fother/key',
      '/%2e%2e/other/key',
      '/../other/key',
      '/./other/key',
      '/.',
      '/..',
    ]) {
      const { status, code } = await signed('GET', path)
      expect([path, status, code]).toEqual([path, 404, expect.stringMatching(/^NoSuch(Bucket|Key)$/)])
    }
    expect((await signed('GET', '//other/key')).code).toBe('InvalidBucketName')
  })

  test('may come as a whole URL, of which the path alone counts', async () => {
    for (const target of [`http://${host}/other/key`, 'http://elsewhere/other/key', '/other/key#fragment']) {
      expect([target, (await signed('GET', '/other/key', { target })).text]).toEqual([target, 'of another bucket'])
      expect([target, (await signed('GET', '/bucket/key', { target })).code]).toEqual([target, 'SignatureDoesNotMatch'])
    }
  })
})

describe('a Host header', () => {
  test('cannot move into the path', async () => {
    for (const odd of ['127.0.0.1/bucket', '127.0.0.1/other?x=', 'a?b', 'a#b', 'a@b', '://x', 'a b', 'a, b', 'ü']) {
      const { status, code } = await signed('GET', '/key', { host: odd })
      expect([odd, status, code]).toEqual([odd, 400, 'BadRequest'])
    }
  })
})

describe('a request that the runtime would not answer', () => {
  test('for a tunnel is refused, first on a connection and later', async () => {
    const tunnel = Buffer.from('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n')
    const health = Buffer.from(`GET /_wharf/health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    const connection = new Connection(server.port)
    expect((await connection.exchange([tunnel], 'CONNECT')).status).toBe(405)
    for (let i = 0; i < 3; i++) expect((await connection.exchange([health], 'GET')).status).toBe(200)
    expect((await connection.exchange([tunnel], 'CONNECT')).status).toBe(405)
    connection.close()
    expect(server.complaints()).toBe('')
  })

  test('whose body is still on its way when it is refused, hears why', async () => {
    for (const size of [1000, 70_000, 300_000, 2_000_000, 10_000_000]) {
      const head = `PUT /bucket/refused HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\n\r\n`
      for (let i = 0; i < 5; i++) {
        expect([size, (await exchange([head, Buffer.alloc(size)], 'PUT')).code]).toEqual([size, 'AccessDenied'])
      }
    }
  })
})
