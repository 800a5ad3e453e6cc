import { describe, expect, test } from 'vitest'
import { type AwsChunkedOptions, decodeAwsChunked } from '../../src/streams/aws-chunked'
import {
  bytes,
  CRC32,
  decoded,
  encode,
  faultOf,
  letters,
  native,
  optionsFor,
  SIGNED,
  SIGNED_TRAILER,
  UNSIGNED_TRAILER,
  verified,
} from './aws-chunked-sender'

describe('the trailer', () => {
  const options = optionsFor(UNSIGNED_TRAILER, 3)
  const withTrailer = (text: string): Uint8Array => bytes(`3\r\nabc\r\n0\r\n${text}\r\n`)

  test.each([
    ['in capitals, with spaces', 'X-Amz-Checksum-CRC32 :  y/U6OA==  \r\n'],
    ['as minio-go ends its line', `${CRC32}\n\r\n`],
  ])('is read %s', async (_, text) => {
    const body = decodeAwsChunked(native(withTrailer(text)), options)
    for await (const part of body.chunks()) expect(part).toEqual(bytes('abc'))
    expect(body.promised.checksum).toEqual({ algorithm: 'crc32', value: 'y/U6OA==' })
  })

  test('is read as minio-go ends its line when it is signed', async () => {
    const body = encode(SIGNED_TRAILER, [letters(5)], CRC32, '\n\r\n')
    expect(await decoded(native(body), optionsFor(SIGNED_TRAILER, 5))).toEqual(letters(5))
  })

  test.each([
    ['missing', ''],
    ['another checksum', 'x-amz-checksum-crc32c:y/U6OA==\r\n'],
    ['another field', 'x-amz-meta-a:b\r\n'],
    ['another field more', `${CRC32}\r\nx-amz-meta-a:b\r\n`],
    ['twice', `${CRC32}\r\n${CRC32}\r\n`],
    ['not base64', 'x-amz-checksum-crc32:y/U6O!==\r\n'],
    ['too short', 'x-amz-checksum-crc32:y/U6\r\n'],
    ['of another algorithm', 'x-amz-checksum-crc32:AAAAAAAAAAA=\r\n'],
    ['empty', 'x-amz-checksum-crc32:\r\n'],
    ['without a colon', 'x-amz-checksum-crc32\r\n'],
    ['with a lone LF inside', 'x-amz-checksum-crc32:\ny/U6OA==\r\n'],
    ['signed where nothing is', `${CRC32}\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n`],
    ['longer than 8 KiB', `x-amz-checksum-crc32:${' '.repeat(8192)}y/U6OA==\r\n`],
  ])('is malformed: %s', async (_, text) => {
    expect((await faultOf(withTrailer(text), options)).code).toBe('TrailerMalformed')
  })

  test('is malformed when it is not signed but must be, or when something follows the signature', async () => {
    const text = Buffer.from(encode(SIGNED_TRAILER, [letters(5)], CRC32)).toString('latin1')
    const signedOptions = optionsFor(SIGNED_TRAILER, 5)
    const unsigned = text.replace(/x-amz-trailer-signature:\w+\r\n/, '')
    expect((await faultOf(bytes(unsigned), signedOptions)).code).toBe('TrailerMalformed')
    const signature = /x-amz-trailer-signature:\w+\r\n/.exec(text)?.[0] ?? ''
    const moved = unsigned.replace(`${CRC32}\r\n`, `${signature}${CRC32}\r\n`)
    expect((await faultOf(bytes(moved), signedOptions)).code).toBe('TrailerMalformed')
    expect((await faultOf(bytes(text.replace(signature, signature + signature)), signedOptions)).code).toBe(
      'TrailerMalformed',
    )
  })

  test('with another checksum than was signed is a mismatch', async () => {
    const text = Buffer.from(encode(SIGNED_TRAILER, [letters(5)], CRC32)).toString('latin1')
    const changed = bytes(text.replace('y/U6OA==', 'AAAAAA=='))
    expect((await faultOf(changed, optionsFor(SIGNED_TRAILER, 5))).code).toBe('SignatureMismatch')
  })

  test('must be empty where none was announced', async () => {
    const unannounced = { ...options, trailer: undefined }
    expect(await decoded(native(withTrailer('')), unannounced)).toEqual(bytes('abc'))
    expect((await faultOf(withTrailer(`${CRC32}\r\n`), unannounced)).code).toBe('TrailerMalformed')
    const signedEmpty = encode(SIGNED_TRAILER, [letters(5)])
    const signedOptions = { ...optionsFor(SIGNED_TRAILER, 5), trailer: undefined }
    expect(await decoded(native(signedEmpty), signedOptions)).toEqual(letters(5))
  })

  test('does not belong to a mode without one', async () => {
    const body = encode(SIGNED, [letters(5)])
    const withField = bytes(body.subarray(0, -2), `${CRC32}\r\n\r\n`)
    expect((await faultOf(withField, optionsFor(SIGNED, 5))).code).toBe('ChunkMalformed')
  })

  test.each<[string, Partial<AwsChunkedOptions>]>([
    ['names no checksum', { trailer: 'x-amz-meta-a' }],
    ['names an unknown checksum', { trailer: 'x-amz-checksum-crc1' }],
    ['names two', { trailer: 'x-amz-checksum-crc32, x-amz-checksum-sha1' }],
    ['is empty', { trailer: '' }],
    ['comes in a mode without trailer', { mode: SIGNED, verified }],
    ['comes beside a checksum header', { promised: { checksum: { algorithm: 'crc32', value: 'AAAAAA==' } } }],
  ])('is refused before anything is read when the header %s', (_, change) => {
    const decode = () => decodeAwsChunked(native(withTrailer(CRC32)), { ...options, ...change })
    expect(decode).toThrow(
      expect.objectContaining({
        code: 'TrailerMalformed',
        detail: expect.objectContaining({ header: 'x-amz-trailer' }),
      }),
    )
  })

  test('leaves the other promises as they were', () => {
    const promised = { md5: 'abc', checksum: { algorithm: 'crc32' } } as const
    const body = decodeAwsChunked(native(withTrailer(CRC32)), { ...options, promised })
    expect(body.promised).toEqual({ md5: 'abc', checksum: { algorithm: 'crc32' } })
    const header = { md5: 'abc', checksum: { algorithm: 'sha1', value: 'x' } } as const
    const plain = decodeAwsChunked(native(bytes()), { ...optionsFor(SIGNED, 0), promised: header })
    expect(plain.promised).toEqual(header)
  })
})
