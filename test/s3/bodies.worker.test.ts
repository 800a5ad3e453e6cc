import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../../src/model/checksum'
import { digestOf } from '../../src/streams/digest'
import { hmacHex, sha256, signingKeyBytes } from '../auth/independent-signer'
import { codeOf, freshBucket, md5, ROOT, randomBytes, type S3Ask, s3 } from '../support/s3'

const SIZES = { 'rests in the index': 5000, 'goes to R2': 200_000 }
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const md5Base64 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64')

for (const [where, size] of Object.entries(SIZES)) {
  describe(`a body that ${where}`, () => {
    const bytes = randomBytes(size)
    const other = randomBytes(size)
    /** Stores `bytes`, then tries to overwrite them with a body that breaks a promise. */
    const refuses = async (ask: S3Ask): Promise<string> => {
      const bucket = await freshBucket()
      await s3('PUT', `/${bucket}/key`, { body: bytes })
      const code = await codeOf(await s3('PUT', `/${bucket}/key`, ask))
      const still = new Uint8Array(await (await s3('GET', `/${bucket}/key`)).arrayBuffer())
      expect(md5(still)).toBe(md5(bytes))
      return code
    }

    test('with another SHA-256 than was signed is refused and changes nothing', async () => {
      expect(await refuses({ body: other, payloadHash: sha256('something else') })).toBe('XAmzContentSHA256Mismatch')
    })

    test('with another MD5 is refused and changes nothing', async () => {
      expect(await refuses({ body: other, headers: { 'content-md5': md5Base64(bytes) } })).toBe('BadDigest')
      const unsigned = { payloadHash: 'UNSIGNED-PAYLOAD', headers: { 'content-md5': md5Base64(bytes) } }
      expect(await refuses({ body: other, ...unsigned })).toBe('BadDigest')
      expect(await refuses({ body: other, headers: { 'content-md5': 'nonsense' } })).toBe('InvalidDigest')
    })

    for (const algorithm of CHECKSUM_ALGORITHMS) {
      test(`carries ${algorithm} as a header: verified, kept and given back`, async () => {
        const header = `x-amz-checksum-${algorithm}`
        const value = base64(digestOf(algorithm, bytes))
        expect(await refuses({ body: other, headers: { [header]: value } })).toBe('BadDigest')
        const bucket = await freshBucket()
        const put = await s3('PUT', `/${bucket}/key`, { body: bytes, headers: { [header]: value } })
        expect([put.status, put.headers.get(header)]).toEqual([200, value])
        const head = await s3('HEAD', `/${bucket}/key`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
        expect([head.headers.get(header), head.headers.get('x-amz-checksum-type')]).toEqual([value, 'FULL_OBJECT'])
        expect((await s3('HEAD', `/${bucket}/key`)).headers.get(header)).toBeNull()
        const part = await s3('GET', `/${bucket}/key`, {
          headers: { 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-9' },
        })
        expect(part.headers.get(header)).toBeNull()
        await part.arrayBuffer()
      })

      test(`carries ${algorithm} as a trailer, signed and unsigned`, async () => {
        const value = base64(digestOf(algorithm, bytes))
        for (const mode of ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER']) {
          const bucket = await freshBucket()
          const put = await putChunked(bucket, bytes, mode, { algorithm, value })
          expect([mode, put.status, put.headers.get(`x-amz-checksum-${algorithm}`)]).toEqual([mode, 200, value])
          const got = await s3('GET', `/${bucket}/key`)
          expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(bytes))
          expect(got.headers.get('content-encoding')).toBeNull()
          const wrong = base64(digestOf(algorithm, other))
          expect(await codeOf(await putChunked(bucket, bytes, mode, { algorithm, value: wrong }))).toBe('BadDigest')
        }
      })
    }

    test('in signed chunks is stored; one changed byte is refused', async () => {
      const bucket = await freshBucket()
      const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
      expect((await putChunked(bucket, bytes, mode)).status).toBe(200)
      expect(md5(new Uint8Array(await (await s3('GET', `/${bucket}/key`)).arrayBuffer()))).toBe(md5(bytes))
      for (const flip of ['data', 'signature'] as const) {
        expect(await codeOf(await putChunked(bucket, other, mode, undefined, flip))).toBe('SignatureDoesNotMatch')
      }
      expect(md5(new Uint8Array(await (await s3('GET', `/${bucket}/key`)).arrayBuffer()))).toBe(md5(bytes))
    })

    test('in chunks that end early is refused', async () => {
      const bucket = await freshBucket()
      const mode = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
      expect(await codeOf(await putChunked(bucket, bytes, mode, undefined, 'cut'))).toBe('IncompleteBody')
      expect((await s3('GET', `/${bucket}/key`)).status).toBe(404)
    })
  })
}

test('more than one checksum, or a malformed one, is refused', async () => {
  const bucket = await freshBucket()
  const put = (headers: Record<string, string>) => s3('PUT', `/${bucket}/key`, { body: 'x', headers }).then(codeOf)
  const crc32 = base64(digestOf('crc32', Buffer.from('x')))
  expect(await put({ 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-sha1': crc32 })).toBe('InvalidRequest')
  expect(await put({ 'x-amz-checksum-crc32': 'AA==' })).toBe('InvalidRequest')
  expect(await put({ 'x-amz-checksum-md17': crc32 })).toBe('InvalidRequest')
  expect(await put({ 'x-amz-sdk-checksum-algorithm': 'CRC32' })).toBe('InvalidRequest')
  expect(await put({ 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': crc32 })).toBe('InvalidRequest')
})

test('a PUT without any length is refused', async () => {
  const bucket = await freshBucket()
  const put = await s3('PUT', `/${bucket}/key`)
  expect([put.status, await codeOf(put)]).toEqual([411, 'MissingContentLength'])
})

/** A PUT of `bytes` in chunks of 64 KiB, framed and signed here by hand. */
async function putChunked(
  bucket: string,
  bytes: Uint8Array,
  mode: string,
  trailer?: { algorithm: ChecksumAlgorithm; value: string },
  damage?: 'data' | 'signature' | 'cut',
): Promise<Response> {
  const isSigned = mode.includes('HMAC')
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(bytes.length),
    ...(trailer ? { 'x-amz-trailer': `x-amz-checksum-${trailer.algorithm}` } : {}),
  }
  const { signed } = await import('../auth/independent-signer')
  const sent = signed({
    method: 'PUT',
    path: `/${bucket}/key`,
    headers: { host: 'localhost', ...headers },
    payloadHash: mode,
    time,
    ...ROOT,
  })
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`
  const key = signingKeyBytes(ROOT.secretKey, scope)
  let previous = /Signature=([0-9a-f]+)/.exec(sent.headers.get('authorization') ?? '')?.[1] ?? ''
  const pieces: Buffer[] = []
  for (let at = 0; ; at += 65_536) {
    const data = Buffer.from(bytes.slice(at, at + 65_536))
    let extension = ''
    if (isSigned) {
      previous = hmacHex(key, ['AWS4-HMAC-SHA256-PAYLOAD', time, scope, previous, sha256(''), sha256(data)].join('\n'))
      extension = `;chunk-signature=${damage === 'signature' ? previous.replace(/^./, c => (c === 'a' ? 'b' : 'a')) : previous}`
    }
    if (damage === 'data' && data.length > 0) data[0] = (data[0] ?? 0) ^ 1
    pieces.push(Buffer.from(`${data.length.toString(16)}${extension}\r\n`), data)
    if (data.length === 0) break
    pieces.push(Buffer.from('\r\n'))
    if (damage === 'cut') break
  }
  if (trailer && damage !== 'cut') {
    const line = `x-amz-checksum-${trailer.algorithm}:${trailer.value}`
    pieces.push(Buffer.from(`${line}\r\n`))
    if (isSigned) {
      const text = ['AWS4-HMAC-SHA256-TRAILER', time, scope, previous, sha256(`${line}\n`)].join('\n')
      pieces.push(Buffer.from(`x-amz-trailer-signature:${hmacHex(key, text)}\r\n`))
    }
  }
  if (damage !== 'cut') pieces.push(Buffer.from('\r\n'))
  const { send } = await import('../support/s3')
  const body = Buffer.concat(pieces)
  sent.headers.set('content-length', String(body.length))
  return send('PUT', sent.rawPath, sent.rawQuery, sent.headers, body)
}
