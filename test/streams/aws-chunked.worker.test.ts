import { describe, expect, test } from 'vitest'
import { deriveSigningKey } from '../../src/auth/signing-keys'
import { verifyClaim } from '../../src/auth/sigv4'
import { readClaim } from '../../src/auth/sigv4-claim'
import { decodeAwsChunked } from '../../src/streams/aws-chunked'
import { ACCESS_KEY, EXAMPLE_MILLIS, EXAMPLE_SCOPE, EXAMPLE_TIME, SECRET_KEY, sha256 } from '../auth/independent-signer'
import {
  bytes,
  CRC32,
  decoded,
  encode,
  faultOf,
  inPieces,
  letters,
  native,
  optionsFor,
  SIGNED,
  SIGNED_TRAILER,
  trailerFor,
  UNSIGNED_TRAILER,
  verified,
} from './aws-chunked-sender'

describe('the examples of the S3 documentation decode', () => {
  const chunks = [letters(0).fill(97), new Uint8Array(65_536).fill(97), new Uint8Array(1024).fill(97)]

  async function verifiedExample(headers: Record<string, string>, signature: string) {
    const sent = {
      'content-encoding': 'aws-chunked',
      host: 's3.amazonaws.com',
      'x-amz-date': EXAMPLE_TIME,
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      ...headers,
    }
    const names = Object.keys(sent).sort().join(';')
    const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${EXAMPLE_SCOPE},SignedHeaders=${names},Signature=${signature}`
    const request = {
      method: 'PUT',
      rawPath: '/examplebucket/chunkObject.txt',
      rawQuery: '',
      headers: new Headers({ ...sent, authorization }),
    }
    const claim = readClaim(request)
    if (claim === undefined) throw new Error('the example is signed')
    const options = { region: 'us-east-1', services: ['s3'], nowMillis: EXAMPLE_MILLIS }
    return verifyClaim(claim, request, SECRET_KEY, options)
  }

  test('PUT object in chunks', async () => {
    const example = bytes(
      '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n',
      chunks[1] ?? '',
      '\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
      chunks[2] ?? '',
      '\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
    )
    expect(example.byteLength).toBe(66_824)
    const headers = { 'content-length': '66824', 'x-amz-content-sha256': SIGNED }
    const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
    const options = { mode: SIGNED, decodedSize: 66_560, verified: await verifiedExample(headers, seed) } as const
    expect(await decoded(native(example), options)).toEqual(bytes(...chunks))
  })

  test('PUT object in chunks with a trailer', async () => {
    const example = bytes(
      '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n',
      chunks[1] ?? '',
      '\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n',
      chunks[2] ?? '',
      '\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
      'x-amz-checksum-crc32c:sOO8/Q==\r\n',
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
    )
    const headers = { 'x-amz-content-sha256': SIGNED_TRAILER, 'x-amz-trailer': 'x-amz-checksum-crc32c' }
    const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
    const body = decodeAwsChunked(native(example), {
      mode: SIGNED_TRAILER,
      decodedSize: 66_560,
      verified: await verifiedExample(headers, seed),
      trailer: 'x-amz-checksum-crc32c',
    })
    expect(body).toMatchObject({ size: 66_560, native: undefined, promised: { checksum: { algorithm: 'crc32c' } } })
    let size = 0
    for await (const part of body.chunks()) size += part.byteLength
    expect(size).toBe(66_560)
    expect(body.promised.checksum).toEqual({ algorithm: 'crc32c', value: 'sOO8/Q==' })
  })
})

for (const mode of [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER] as const) {
  describe(mode, () => {
    const data = letters(40)
    const short = encode(mode, [data], trailerFor(mode))
    const shortOptions = optionsFor(mode, 40)

    test.each<[string, number[]]>([
      ['nothing', []],
      ['one byte', [1]],
      ['one chunk', [100_000]],
      ['chunks of 8 KiB', [...Array(100).fill(8192), 17]],
      ['chunks larger than a read', [1_000_000, 300_000]],
      ['chunks of all sizes', [8192, 262_144, 10_000, 524_288, 8193, 65_536, 1]],
    ])('gives back %s', async (_, sizes) => {
      const chunks = sizes.map(letters)
      const whole = bytes(...chunks)
      const options = optionsFor(mode, whole.byteLength)
      const result = await decoded(native(encode(mode, chunks, trailerFor(mode))), options)
      expect(sha256(result)).toBe(sha256(whole))
    })

    test('gives the same bytes wherever the reads are cut', async () => {
      for (let cut = 0; cut <= short.byteLength; cut++) {
        const stream = inPieces([short.subarray(0, cut), short.subarray(cut)])
        expect(await decoded(stream, shortOptions)).toEqual(data)
      }
      const single = Array.from(short, byte => Uint8Array.of(byte))
      expect(await decoded(inPieces(single), shortOptions)).toEqual(data)
    })

    test('gives the same bytes of many chunks in reads of random length', async () => {
      const chunks = [9000, 8192, 20_000, 8200, 3].map(letters)
      const body = encode(mode, chunks, trailerFor(mode))
      for (let round = 0; round < 30; round++) {
        const pieces: Uint8Array[] = []
        for (let at = 0; at < body.byteLength; ) {
          const length = 1 + Math.floor(Math.random() ** 3 * 12_000)
          pieces.push(body.subarray(at, at + length))
          at += length
        }
        const whole = bytes(...chunks)
        expect(sha256(await decoded(inPieces(pieces), optionsFor(mode, whole.byteLength)))).toBe(sha256(whole))
      }
    })

    test('is refused wherever it breaks off', async () => {
      for (let length = 0; length < short.byteLength; length++) {
        const fault = await faultOf(inPieces([short.subarray(0, length)]), shortOptions)
        expect([length, fault.code]).toEqual([length, 'BodyIncomplete'])
      }
    })

    test('is refused with anything after its end', async () => {
      for (const junk of ['\r\n', '0', 'x', '\0']) {
        expect((await faultOf(bytes(short, junk), shortOptions)).code).toBe('ChunkMalformed')
        expect((await faultOf(inPieces([short, bytes(junk)]), shortOptions)).code).toBe('ChunkMalformed')
      }
    })

    test('is refused when it is longer or shorter than announced', async () => {
      expect(await faultOf(short, optionsFor(mode, 39))).toMatchObject({
        code: 'BodyIncomplete',
        detail: { announcedBytes: 39, receivedBytes: 0 },
      })
      expect(await faultOf(short, optionsFor(mode, 41))).toMatchObject({
        code: 'BodyIncomplete',
        detail: { announcedBytes: 41, receivedBytes: 40 },
      })
      expect((await faultOf(encode(mode, [], trailerFor(mode)), shortOptions)).code).toBe('BodyIncomplete')
      expect((await faultOf(short, optionsFor(mode, 0))).code).toBe('BodyIncomplete')
    })

    test('is refused with a lone LF for a line end', async () => {
      const text = Buffer.from(short).toString('latin1')
      for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n', at + 1)) {
        await faultOf(bytes(text.slice(0, at) + text.slice(at + 1)), shortOptions)
      }
      await faultOf(bytes(text.replaceAll('\r\n', '\n')), shortOptions)
    })

    test.each([
      '',
      ' 28',
      '-28',
      '+28',
      '0x28',
      '2.8e1',
      '1e300',
      'Infinity',
      '28 ',
      'ffffffffffffffffff',
      '2\n8',
      'g',
    ])('is refused with the chunk size "%s"', async size => {
      const body = bytes(Buffer.from(short).toString('latin1').replace(/^28/, size))
      expect(['ChunkMalformed', 'BodyIncomplete']).toContain((await faultOf(body, shortOptions)).code)
    })

    test('takes leading zeros and capitals in sizes, and extensions that it does not know', async () => {
      const body = bytes(Buffer.from(short).toString('latin1').replace(/^28/, '000028;name=value;flag'))
      expect(await decoded(native(body), shortOptions)).toEqual(data)
      const ten = encode(mode, [letters(10)], trailerFor(mode))
      const capital = bytes(Buffer.from(ten).toString('latin1').replace(/^a/, 'A'))
      expect(await decoded(native(capital), optionsFor(mode, 10))).toEqual(letters(10))
    })

    test('is refused with a header line of more than 1 KiB, however it arrives', async () => {
      const text = Buffer.from(short).toString('latin1')
      const headerLength = text.indexOf('\r\n') + 2
      const fits = bytes(text.replace(/^28/, `28;${'x'.repeat(1024 - headerLength - 1)}`))
      expect(await decoded(native(fits), shortOptions)).toEqual(data)
      const tooLong = bytes(text.replace(/^28/, `28;${'x'.repeat(1024 - headerLength)}`))
      expect((await faultOf(tooLong, shortOptions)).code).toBe('ChunkMalformed')
      const slowly = inPieces(Array.from({ length: 2000 }, () => bytes('1')))
      expect((await faultOf(slowly, shortOptions)).code).toBe('ChunkMalformed')
    })

    test('is read only as far as needed when nobody wants the rest', async () => {
      const many = encode(mode, [letters(9000), letters(9000)], trailerFor(mode))
      let isCancelled = false
      const stream = new ReadableStream<Uint8Array>({
        start: controller => controller.enqueue(many.slice(0, 10_000)),
        cancel() {
          isCancelled = true
        },
      })
      for await (const part of decodeAwsChunked(stream, optionsFor(mode, 18_000)).chunks()) {
        expect(part.byteLength).toBeGreaterThan(0)
        break
      }
      expect(isCancelled).toBe(true)
    })
  })
}

describe('signed chunks', () => {
  const chunks = [letters(8192), letters(20)]

  test.each([SIGNED, SIGNED_TRAILER] as const)('a single changed byte anywhere is refused: %s', async mode => {
    const body = encode(mode, [letters(24)], trailerFor(mode))
    for (let at = 0; at < body.byteLength; at++) {
      for (const flip of [1, 0x40, 0x80]) {
        const changed = body.slice()
        changed[at] = (body[at] ?? 0) ^ flip
        await faultOf(inPieces([changed]), optionsFor(mode, 24))
      }
    }
  })

  test('a changed digit of any chunk signature is a mismatch', async () => {
    const text = Buffer.from(encode(SIGNED, chunks)).toString('latin1')
    for (const match of text.matchAll(/chunk-signature=/g)) {
      for (let at = match.index + 16; at < match.index + 80; at++) {
        const changed = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1)
        const fault = await faultOf(inPieces([bytes(changed)]), optionsFor(SIGNED, 8212))
        expect(fault).toMatchObject({ code: 'SignatureMismatch', detail: { signatureProvided: expect.any(String) } })
      }
    }
  })

  test('another seed, key or time is a mismatch', async () => {
    const body = encode(SIGNED, chunks)
    const credential = { accessKey: ACCESS_KEY, scopeDate: '20130524', region: 'us-east-1', service: 's3' }
    for (const change of [
      { seedSignature: sha256('another') },
      { timestamp: '20130524T000001Z' },
      { scope: '20130524/us-east-1/s3x/aws4_request' },
      { signingKey: await deriveSigningKey(credential, 'another secret') },
    ]) {
      const options = { ...optionsFor(SIGNED, 8212), verified: { ...verified, ...change } }
      expect((await faultOf(body, options)).code).toBe('SignatureMismatch')
    }
  })

  test('swapped or repeated chunks are refused', async () => {
    const text = Buffer.from(encode(SIGNED, [letters(8192), letters(8192).fill(98)])).toString('latin1')
    const second = text.indexOf('2000;', 5)
    const end = text.indexOf('0;chunk', second + 100)
    const [first, next, last] = [text.slice(0, second), text.slice(second, end), text.slice(end)]
    expect((await faultOf(bytes(next, first, last), optionsFor(SIGNED, 16_384))).code).toBe('SignatureMismatch')
    expect((await faultOf(bytes(first, first, last), optionsFor(SIGNED, 16_384))).code).toBe('SignatureMismatch')
  })

  test('a chunk without a signature, or with two, is malformed', async () => {
    const text = Buffer.from(encode(SIGNED, [letters(40)])).toString('latin1')
    const without = text.replace(/;chunk-signature=\w+/, '')
    expect((await faultOf(bytes(without), optionsFor(SIGNED, 40))).code).toBe('ChunkMalformed')
    const twice = text.replace(/;chunk-signature=\w+/, '$&$&')
    expect((await faultOf(bytes(twice), optionsFor(SIGNED, 40))).code).toBe('ChunkMalformed')
  })

  test('only the last may be shorter than 8 KiB', async () => {
    const body = encode(SIGNED, [letters(8191), letters(8192)])
    expect(await faultOf(body, optionsFor(SIGNED, 16_383))).toMatchObject({
      code: 'ChunkTooSmall',
      detail: { size: 8191, leastSize: 8192 },
    })
  })

  test('nothing of a read is handed on when a chunk that ended in it was forged', async () => {
    const body = encode(SIGNED, chunks)
    body[100] = 1
    const got: Uint8Array[] = []
    const reading = (async () => {
      for await (const part of decodeAwsChunked(native(body), optionsFor(SIGNED, 8212)).chunks()) got.push(part)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SignatureMismatch' })
    expect(got).toEqual([])
  })

  test('need to know their decoded length', () => {
    for (const decodedSize of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY]) {
      const decode = () => decodeAwsChunked(native(bytes()), optionsFor(SIGNED, decodedSize))
      expect(decode).toThrow(expect.objectContaining({ code: 'LengthRequired' }))
    }
  })

  test('need the signature that they are chained to', () => {
    expect(() => decodeAwsChunked(native(bytes()), { mode: SIGNED, decodedSize: 0 })).toThrow('needs a verified')
  })
})

describe('unsigned chunks', () => {
  test('may be small, and may carry signatures that nobody looks at', async () => {
    const small = encode(UNSIGNED_TRAILER, [letters(3), letters(1), letters(5000), letters(2)], CRC32)
    expect((await decoded(native(small), optionsFor(UNSIGNED_TRAILER, 5006))).byteLength).toBe(5006)
    const body = bytes(`3;chunk-signature=1\r\nabc\r\n0;chunk-signature=2\r\n${CRC32}\r\n\r\n`)
    expect(await decoded(native(body), optionsFor(UNSIGNED_TRAILER, 3))).toEqual(bytes('abc'))
  })
})
