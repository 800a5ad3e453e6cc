import { describe, expect, test } from 'vitest'
import { deriveSigningKey, SigningKeys, verifySignature } from '../../src/auth/signing-keys'
import type { VerifiedSignature } from '../../src/auth/sigv4'
import { verifyClaim } from '../../src/auth/sigv4'
import { readClaim, type SentRequest } from '../../src/auth/sigv4-claim'
import { Fault } from '../../src/model/fault'
import {
  ACCESS_KEY,
  EXAMPLE_MILLIS,
  EXAMPLE_TIME,
  hmacHex,
  presigned,
  SECRET_KEY,
  signed,
  signingKeyBytes,
  type Wanted,
} from './independent-signer'

interface Settings {
  region?: string
  services?: string[]
  nowMillis?: number
  secretKey?: string
}

async function verify(request: SentRequest, settings: Settings = {}): Promise<VerifiedSignature> {
  const { region = 'us-east-1', services = ['s3'], nowMillis = EXAMPLE_MILLIS, secretKey = SECRET_KEY } = settings
  const claim = readClaim(request)
  if (claim === undefined) throw new Error('the request carries no credential')
  return verifyClaim(claim, request, secretKey, { region, services, nowMillis })
}

async function faultOf(request: SentRequest, settings: Settings = {}): Promise<Fault> {
  try {
    await verify(request, settings)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was accepted')
}

const both: [string, (wanted: Wanted) => SentRequest][] = [
  ['header', signed],
  ['presigned', presigned],
]

for (const [form, sign] of both) {
  describe(`a request signed in the ${form} form`, () => {
    const acceptable: [string, Wanted][] = [
      ['with a plain key', { path: '/bucket/a/b.txt' }],
      ['with an empty path', { rawPath: '', canonicalPath: '/' }],
      ['with a key of many alphabets', { path: '/bucket/ü ሴ 😀/~-._' }],
      ['with characters that clients leave bare', { path: "/b/!'()*$&+,;=@:", rawPath: "/b/!'()*$&+,;=@:" }],
      ['with characters escaped that need it not', { path: '/b/a-z~', rawPath: '/b/%61%2dz%7E' }],
      ['with lower-case hex', { path: '/b/ü', rawPath: '/b/%c3%bc' }],
      ['with raw UTF-8 on the wire', { path: '/b/ü😀', rawPath: '/b/ü😀' }],
      ['with dots and doubled slashes, as they are', { path: '/b//a/./../b//', rawPath: '/b//a/./../b//' }],
      ['with an escaped slash that was signed as a slash', { path: '/b/a/c', rawPath: '/b/a%2Fc' }],
      ['with an escaped slash that was signed verbatim', { canonicalPath: '/b/a%2Fc', rawPath: '/b/a%2Fc' }],
      ['with escapes that are not UTF-8', { rawPath: '/b/%ff%FE', canonicalPath: '/b/%FF%FE' }],
      ['with a header that was not signed and is not Amazon’s', { unsignedHeaders: { 'content-type': 'text/plain' } }],
      [
        'with runs of spaces in a header',
        { headers: { 'x-amz-meta-a': 'a b' }, unsignedHeaders: { 'x-amz-meta-a': ' a   b ' } },
      ],
      ['with UTF-8 in a header', { headers: { 'x-amz-meta-a': 'ü😀' } }],
      ['with an empty header', { headers: { 'x-amz-meta-a': '' } }],
      ['with an upper-case host and a port', { headers: { host: 'LocalHost:9000' } }],
    ]
    test.each(acceptable)('is accepted %s', async (_, wanted) => {
      await expect(verify(sign(wanted))).resolves.toBeDefined()
    })

    test('is accepted whichever way a repeated header was joined', async () => {
      const arrived = { unsignedHeaders: { 'x-amz-object-attributes': 'ETag, Checksum' } }
      const bare = sign({ headers: { 'x-amz-object-attributes': 'ETag,Checksum' }, ...arrived })
      await expect(verify(bare)).resolves.toBeDefined()
      const spaced = sign({ headers: { 'x-amz-object-attributes': 'ETag, Checksum' }, ...arrived })
      await expect(verify(spaced)).resolves.toBeDefined()
    })

    test.each([
      ['as the client sent it', 'gzip;q=0.5', 'br, gzip'],
      ['as it arrived', 'something else', 'zstd'],
      ['as identity', 'something else', 'br, gzip'],
    ])('is accepted with Accept-Encoding %s', async (_, clientAcceptEncoding, visible) => {
      for (const value of [clientAcceptEncoding, visible, 'identity']) {
        const request = sign({ headers: { 'accept-encoding': value } })
        request.headers.set('accept-encoding', visible)
        await expect(verify({ ...request, clientAcceptEncoding })).resolves.toBeDefined()
      }
    })

    test('is refused with an Accept-Encoding that is none of the three', async () => {
      const request = sign({ headers: { 'accept-encoding': 'deflate' } })
      request.headers.set('accept-encoding', 'gzip')
      expect((await faultOf({ ...request, clientAcceptEncoding: 'br' })).code).toBe('SignatureMismatch')
    })

    test('is refused with a single digit of its signature changed', async () => {
      const request = sign({ path: '/bucket/key' })
      const signature = readClaim(request)?.signature ?? ''
      const digits = [...signature]
      expect(digits).toHaveLength(64)
      for (const [at, digit] of digits.entries()) {
        for (const other of [
          digit === '0' ? '1' : '0',
          'g',
          digit.toUpperCase() === digit ? 'F' : digit.toUpperCase(),
        ]) {
          const forged = digits.toSpliced(at, 1, other).join('')
          expect((await faultOf(withSignature(request, signature, forged))).code).toBe('SignatureMismatch')
        }
      }
      for (const forged of [signature.slice(1), `${signature}0`, 'FWeDfwojDSdS2Ztmpfeubhd9isU']) {
        expect((await faultOf(withSignature(request, signature, forged))).code).toBe('SignatureMismatch')
      }
    })

    test.each<[string, (request: SentRequest) => SentRequest]>([
      ['another method', request => ({ ...request, method: 'PUT' })],
      ['another path', request => ({ ...request, rawPath: '/bucket/kez' })],
      ['another spelling of a slash that was doubled', request => ({ ...request, rawPath: '/bucket//key' })],
      ['a query parameter more', request => ({ ...request, rawQuery: `${request.rawQuery}&acl` })],
      ['another host', request => withHeader(request, 'host', 'other')],
      ['another metadata value', request => withHeader(request, 'x-amz-meta-a', 'c')],
      ['a signed header missing', request => withHeader(request, 'x-amz-meta-a', undefined)],
    ])('is refused with %s', async (_, change) => {
      const request = sign({ path: '/bucket/key', headers: { 'x-amz-meta-a': 'b' } })
      await expect(verify(request)).resolves.toBeDefined()
      expect((await faultOf(change(request))).code).toBe('SignatureMismatch')
    })

    test('is refused without its signed header even when that was empty', async () => {
      const request = sign({ headers: { 'x-amz-meta-a': '' } })
      expect((await faultOf(withHeader(request, 'x-amz-meta-a', undefined))).code).toBe('SignatureMismatch')
    })

    test('is refused when host or an x-amz- header is not signed, and told which', async () => {
      const unsigned = sign({ unsignedHeaders: { 'x-amz-acl': 'public-read', 'x-amz-copy-source': '/b/k' } })
      const fault = await faultOf(unsigned)
      expect(fault).toMatchObject({
        code: 'HeadersNotSigned',
        detail: { headersNotSigned: 'x-amz-acl, x-amz-copy-source' },
      })
      const names = form === 'header' ? ['x-amz-content-sha256', 'x-amz-date'] : ['range']
      const withoutHost = sign({ headers: { range: 'bytes=0-1' }, signedNames: names })
      expect(await faultOf(withoutHost)).toMatchObject({
        code: 'HeadersNotSigned',
        detail: { headersNotSigned: 'host' },
      })
    })

    test('is refused with another secret, and never shows the right signature or the secret', async () => {
      const wrong = sign({ secretKey: 'wrong', path: '/bucket/key' })
      const right = readClaim(sign({ path: '/bucket/key' }))?.signature ?? ''
      const fault = await faultOf(wrong)
      expect(fault.code).toBe('SignatureMismatch')
      expect(fault.detail).toMatchObject({
        accessKey: ACCESS_KEY,
        signatureProvided: readClaim(wrong)?.signature,
        canonicalRequest: expect.stringContaining('GET\n/bucket/key\n'),
        stringToSign: expect.stringMatching(
          /^AWS4-HMAC-SHA256\n20130524T000000Z\n20130524\/us-east-1\/s3\/aws4_request\n/,
        ),
      })
      const shown = JSON.stringify(fault) + fault.stack
      expect(shown).not.toContain(right)
      expect(shown).not.toContain(SECRET_KEY)
    })

    test('is refused with the old secret once that has changed, and accepted with the new one', async () => {
      const old = sign({ accessKey: `changing-${form}` })
      const renewed = sign({ accessKey: `changing-${form}`, secretKey: 'new secret' })
      await expect(verify(old)).resolves.toBeDefined()
      expect((await faultOf(old, { secretKey: 'new secret' })).code).toBe('SignatureMismatch')
      await expect(verify(renewed, { secretKey: 'new secret' })).resolves.toBeDefined()
      expect((await faultOf(old, { secretKey: 'new secret' })).code).toBe('SignatureMismatch')
    })

    test('is refused for another region, and told the right one', async () => {
      expect(await faultOf(sign({ region: 'eu-west-1' }), { region: 'eu-central-1' })).toMatchObject({
        code: 'WrongRegion',
        detail: { region: 'eu-central-1' },
      })
    })

    test.each(['auto', 'us-east-1', '', 'eu-central-1'])('is accepted for the region "%s"', async region => {
      await expect(verify(sign({ region }), { region: 'eu-central-1' })).resolves.toBeDefined()
    })

    test('is accepted for any region where any is', async () => {
      await expect(verify(sign({ region: 'mars-north-1' }), { region: '*' })).resolves.toBeDefined()
    })

    test('is refused for another service', async () => {
      const code = form === 'header' ? 'CredentialMalformed' : 'QueryCredentialMalformed'
      expect((await faultOf(sign({ service: 'sts' }))).code).toBe(code)
      await expect(verify(sign({ service: 'sts' }), { services: ['s3', 'sts'] })).resolves.toBeDefined()
    })

    test('is refused when a percent escape is broken', async () => {
      expect((await faultOf({ ...sign({}), rawPath: '/b/%zz' })).code).toBe('InvalidKey')
      expect((await faultOf({ ...sign({}), rawPath: '/b/100%' })).code).toBe('InvalidKey')
      const request = sign({})
      expect((await faultOf({ ...request, rawQuery: `${request.rawQuery}&a=%2` })).code).toBe('InvalidKey')
    })

    test('gives what the chunk signatures are chained to', async () => {
      const request = sign({})
      const verified = await verify(request)
      expect(verified).toMatchObject({
        timestamp: EXAMPLE_TIME,
        scope: '20130524/us-east-1/s3/aws4_request',
        seedSignature: readClaim(request)?.signature,
      })
      expect(verified.signingKey).toMatchObject({ extractable: false, usages: ['verify'] })
      expect(await verifySignature(verified.signingKey, hmacHex(signingKeyBytes(), 'text'), 'text')).toBe(true)
    })
  })
}

describe('the query is signed', () => {
  test.each<[string, Wanted]>([
    [
      'in any order',
      {
        query: [
          ['b', '2'],
          ['a', '1'],
          ['a', '0'],
          ['A', '3'],
        ],
      },
    ],
    [
      'by its encoded names: a dash comes before a letter',
      {
        query: [
          ['a', '1'],
          ['a-b', '2'],
          ['a b', '3'],
        ],
      },
    ],
    ['with plus for space', { query: [['prefix', 'a b']], rawQuery: 'prefix=a+b' }],
    [
      'with bare slashes',
      {
        query: [
          ['prefix', 'a/b/'],
          ['delimiter', '/'],
        ],
        rawQuery: 'prefix=a/b/&delimiter=/',
      },
    ],
    ['with an equals sign in a value', { query: [['a', 'b=c=']], rawQuery: 'a=b=c=' }],
    [
      'with names that have no value',
      {
        query: [
          ['acl', ''],
          ['b', ''],
        ],
        rawQuery: 'acl&b=',
      },
    ],
    ['with empty pieces', { query: [['a', '1']], rawQuery: '&a=1&&' }],
    ['with lower-case hex', { query: [['prefix', 'ü']], rawQuery: 'prefix=%c3%bc' }],
  ])('%s', async (_, wanted) => {
    await expect(verify(signed(wanted))).resolves.toBeDefined()
  })
})

test('a query in the header form may be signed as it is sent, as curl does', async () => {
  const sent = signed({ rawQuery: 'lock&bucket=b', canonicalQuery: 'lock&bucket=b' })
  await expect(verify(sent)).resolves.toBeDefined()
  for (const rawQuery of ['bucket=b&lock', 'lock=&bucket=b', 'lock&bucket=c', 'lock&bucket=b&heal']) {
    expect([rawQuery, (await faultOf({ ...sent, rawQuery })).code]).toEqual([rawQuery, 'SignatureMismatch'])
  }
})

describe('time', () => {
  const MINUTES = 60_000
  test('a header signature holds 15 minutes either way', async () => {
    for (const minutes of [-15, 0, 15]) {
      await expect(verify(signed(), { nowMillis: EXAMPLE_MILLIS + minutes * MINUTES })).resolves.toBeDefined()
    }
    expect(await faultOf(signed(), { nowMillis: EXAMPLE_MILLIS + 15 * MINUTES + 1000 })).toMatchObject({
      code: 'ClockSkewed',
      detail: { requestTime: EXAMPLE_TIME, serverTime: '2013-05-24T00:15:01Z', maxAllowedSkewMilliseconds: 900_000 },
    })
    expect((await faultOf(signed(), { nowMillis: EXAMPLE_MILLIS - 15 * MINUTES - 1 })).code).toBe('ClockSkewed')
  })
  test('a presigned URL holds from 15 minutes before its date until it expires', async () => {
    const url = presigned({ expires: '60' })
    await expect(verify(url, { nowMillis: EXAMPLE_MILLIS - 15 * MINUTES })).resolves.toBeDefined()
    await expect(verify(url, { nowMillis: EXAMPLE_MILLIS + MINUTES })).resolves.toBeDefined()
    expect(await faultOf(url, { nowMillis: EXAMPLE_MILLIS + MINUTES + 1 })).toMatchObject({
      code: 'RequestExpired',
      detail: {
        problem: 'Request has expired',
        expiresSeconds: 60,
        expires: '2013-05-24T00:01:00Z',
        serverTime: '2013-05-24T00:01:00Z',
      },
    })
    expect(await faultOf(url, { nowMillis: EXAMPLE_MILLIS - 15 * MINUTES - 1 })).toMatchObject({
      code: 'RequestExpired',
      detail: { problem: 'Request is not valid yet' },
    })
  })
  test('a presigned URL for no time at all has expired', async () => {
    expect((await faultOf(presigned({ expires: '0' }), { nowMillis: EXAMPLE_MILLIS + 1 })).code).toBe('RequestExpired')
  })
  test('the date of the scope must be that of the timestamp', async () => {
    const header = signed()
    header.headers.set('x-amz-date', '20130523T235959Z')
    expect((await faultOf(header)).code).toBe('CredentialMalformed')
    const url = presigned()
    const moved = { ...url, rawQuery: url.rawQuery.replace('20130524T000000Z', '20130523T235959Z') }
    expect((await faultOf(moved)).code).toBe('QueryCredentialMalformed')
  })
  test('an HTTP Date stands in for a missing x-amz-date', async () => {
    const request = signed({
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT' },
      signedNames: ['date', 'host', 'x-amz-content-sha256'],
    })
    request.headers.delete('x-amz-date')
    expect(readClaim(request)?.timestamp).toBe(EXAMPLE_TIME)
    await expect(verify(request)).resolves.toBeDefined()
    request.headers.set('date', 'Fri, 24 May 2013 02:00:00 +0200')
    expect(readClaim(request)?.signedMillis).toBe(EXAMPLE_MILLIS)
  })
})

describe('derived keys', () => {
  const credential = { accessKey: 'A', scopeDate: '20130524', region: 'us-east-1', service: 's3' }
  test('are found again for the same secret alone', async () => {
    const keys = new SigningKeys(10)
    const key = await deriveSigningKey(credential, 'secret')
    keys.keep(credential, 'secret', key)
    expect(keys.find(credential, 'secret')).toBe(key)
    expect(keys.find(credential, 'other secret')).toBeUndefined()
    for (const other of [{ accessKey: 'B' }, { scopeDate: '20130525' }, { region: '' }, { service: 'sts' }]) {
      expect(keys.find({ ...credential, ...other }, 'secret')).toBeUndefined()
    }
  })
  test('never become more than was allowed; the one that was not used for longest goes first', async () => {
    const keys = new SigningKeys(2)
    const key = await deriveSigningKey(credential, 'secret')
    const [first, second, third] = ['1', '2', '3'].map(accessKey => ({ ...credential, accessKey }))
    if (!(first && second && third)) throw new Error('there are three')
    keys.keep(first, 'secret', key)
    keys.keep(second, 'secret', key)
    keys.find(first, 'secret')
    keys.keep(third, 'secret', key)
    expect(keys.size).toBe(2)
    expect(keys.find(second, 'secret')).toBeUndefined()
    expect(keys.find(first, 'secret')).toBe(key)
    expect(keys.find(third, 'secret')).toBe(key)
  })
})

function withSignature(request: SentRequest, signature: string, forged: string): SentRequest {
  const headers = new Headers(request.headers)
  const authorization = headers.get('authorization')
  if (authorization !== null) headers.set('authorization', authorization.replace(signature, forged))
  return { ...request, headers, rawQuery: request.rawQuery.replace(signature, forged) }
}

function withHeader(request: SentRequest, name: string, value: string | undefined): SentRequest {
  const headers = new Headers(request.headers)
  if (value === undefined) headers.delete(name)
  else headers.set(name, value)
  return { ...request, headers }
}
