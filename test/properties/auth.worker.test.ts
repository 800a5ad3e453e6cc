import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSigV2Claim, verifySigV2 } from '../../src/auth/sigv2'
import { verifyClaim } from '../../src/auth/sigv4'
import { readClaim, type SentRequest } from '../../src/auth/sigv4-claim'
import { Fault, type FaultCode } from '../../src/model/fault'
import {
  ACCESS_KEY,
  EXAMPLE_MILLIS,
  EXAMPLE_TIME,
  presigned,
  SECRET_KEY,
  sha256,
  signed,
  uriEncode,
  type Wanted,
} from '../auth/independent-signer'
import { headerText, mangled, nastyText, spelled } from './texts'

const CREDENTIAL = `${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request`
const SIGNATURE = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'

/** What reading a claim may end in. */
const READING: FaultCode[] = [
  'SeveralCredentials',
  'UnsupportedSignature',
  'CredentialMalformed',
  'QueryCredentialMalformed',
  'PayloadHashMissing',
  'PayloadHashInvalid',
  'InvalidKey',
  'AccessDenied',
]
/** And verifying it. */
const VERIFYING: FaultCode[] = [
  'ClockSkewed',
  'RequestExpired',
  'CredentialMalformed',
  'QueryCredentialMalformed',
  'WrongRegion',
  'HeadersNotSigned',
  'InvalidKey',
  'SignatureMismatch',
]

describe('whatever text stands for a credential', () => {
  const junk = fc.oneof(
    fc.constantFrom(',', '/', '=', ' ', ';', '\t', ', ', 'Credential=', 'Signature=', '\u0001', '%', '+', '&', 'é'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  )
  const authorization = fc.oneof(
    mangled(
      fc.constantFrom(
        `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`,
        `AWS4-HMAC-SHA256 Credential=${CREDENTIAL},SignedHeaders=host,Signature=${SIGNATURE}`,
        'AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=',
      ),
      junk,
    ),
    fc.string({ unit: 'binary' }),
    fc.constant(''),
  )
  const queryName = fc.constantFrom(
    ...['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(name => `X-Amz-${name}`),
    'x-amz-signature',
    'X%2DAmz-Date',
    'X-Amz-Security-Token',
    'X-Amz-Content-Sha256',
    'AWSAccessKeyId',
    'Signature',
    'Expires',
    'acl',
    '',
  )
  const queryValue = fc.oneof(
    fc.constantFrom('AWS4-HMAC-SHA256', encodeURIComponent(CREDENTIAL), EXAMPLE_TIME, '60', 'host', SIGNATURE, '%', ''),
    junk,
  )
  const query = fc.oneof(
    fc
      .array(fc.tuple(queryName, queryValue), { maxLength: 10 })
      .map(pairs => pairs.map(([name, value]) => `${name}=${value}`).join('&')),
    mangled(fc.constant(presigned().rawQuery), junk),
    fc.constant(''),
  )
  const headerValue = fc.oneof(
    mangled(fc.constantFrom(EXAMPLE_TIME, 'Fri, 24 May 2013 00:00:00 GMT', 'UNSIGNED-PAYLOAD', SIGNATURE), junk),
    junk,
  )
  const request: fc.Arbitrary<SentRequest> = fc
    .record({
      method: fc.constantFrom('GET', 'PUT', 'POST', '', 'é'),
      rawPath: fc.oneof(fc.constant('/b/k'), fc.string({ unit: 'binary' })),
      rawQuery: fc.oneof(query, fc.string({ unit: 'binary' })),
      authorization,
      others: fc.dictionary(
        fc.constantFrom('date', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'host', 'content-length'),
        headerValue,
      ),
    })
    .map(({ authorization, others, ...target }) => ({ ...target, headers: headersOf({ authorization, ...others }) }))

  test('SigV4 says what is wrong with it, in words that it knows', async () => {
    await fc.assert(
      fc.asyncProperty(request, async sent => {
        await ends(READING, VERIFYING, async verifying => {
          const claim = readClaim(sent)
          verifying()
          if (claim) await verifyClaim(claim, sent, SECRET_KEY, OPTIONS)
          expect(claim).toBeUndefined()
        })
      }),
      { numRuns: 1500 },
    )
  })

  test('SigV2 says what is wrong with it, in words that it knows', async () => {
    const refused: FaultCode[] = ['RequestExpired', 'ClockSkewed', 'AccessDenied', 'SignatureMismatch']
    await fc.assert(
      fc.asyncProperty(request, async sent => {
        await ends(['AccessDenied'], refused, async verifying => {
          const claim = readSigV2Claim(sent)
          verifying()
          if (claim) await verifySigV2(claim, sent, SECRET_KEY, { hostBucket: undefined, nowMillis: EXAMPLE_MILLIS })
          expect(claim).toBeUndefined()
        })
      }),
      { numRuns: 1500 },
    )
  })

  /** Runs what may end in one of these faults, the later ones once it says that it verifies. */
  async function ends(
    reading: FaultCode[],
    verifying: FaultCode[],
    run: (verifying: () => void) => Promise<void>,
  ): Promise<void> {
    let allowed = reading
    try {
      await run(() => {
        allowed = verifying
      })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      expect(allowed).toContain(error.code)
    }
  }
})

const OPTIONS = { region: 'us-east-1', services: ['s3'], nowMillis: EXAMPLE_MILLIS }

/** Values that no header can hold are left away, and those that the runtime complains of on stderr. */
function headersOf(values: Record<string, string>): Headers {
  const sendable = Object.entries(values).filter(([, value]) => /^[\t -~]*$/.test(value))
  return new Headers(sendable)
}

describe('a claim', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abzAZ09.-_~+:@!*()'), minLength: 1, maxLength: 12 })
  const names = fc.uniqueArray(fc.constantFrom('host', 'x-amz-date', 'content-type', 'range', 'x-amz-meta-1', 'date'), {
    minLength: 1,
  })
  const parts = fc.record({
    accessKey: word,
    region: fc.oneof(word, fc.constant('')),
    service: word,
    names,
    signature: word,
    capitals: fc.boolean(),
  })

  test('is read in any layout of the header', () => {
    const gaps = fc.array(fc.constantFrom('', ' ', '  ', '\t'), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(parts, gaps, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (wanted, gaps, order) => {
        const listed = wanted.names.join(';')
        const components = [
          `Credential=${wanted.accessKey}/20130524/${wanted.region}/${wanted.service}/aws4_request`,
          `SignedHeaders=${wanted.capitals ? listed.toUpperCase() : listed}`,
          `Signature=${wanted.signature}`,
        ]
        const text = order.map((which, i) => `${gaps[2 * i]}${components[which]}${gaps[2 * i + 1]}`).join(',')
        const headers = new Headers({
          authorization: `AWS4-HMAC-SHA256 ${text}`,
          'x-amz-date': EXAMPLE_TIME,
          'x-amz-content-sha256': SIGNATURE,
        })
        const claim = readClaim({ method: 'GET', rawPath: '/', rawQuery: 'x=1', headers })
        expect(claim).toMatchObject({ form: 'header', payloadHash: SIGNATURE, ...expected(wanted) })
      }),
      { numRuns: 300 },
    )
  })

  test('is read from any spelling and order of the query', () => {
    const choices = fc.array(fc.nat(7), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(
        parts,
        choices,
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
        (wanted, by, order) => {
          const pairs: [string, string][] = [
            ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
            ['X-Amz-Credential', `${wanted.accessKey}/20130524/${wanted.region}/${wanted.service}/aws4_request`],
            ['X-Amz-Date', EXAMPLE_TIME],
            ['X-Amz-Expires', '604800'],
            ['X-Amz-SignedHeaders', wanted.names.join(';')],
            ['X-Amz-Signature', wanted.signature],
            ['X-Amz-Content-Sha256', SIGNATURE],
            ['prefix', wanted.accessKey],
          ]
          const spell = (text: string): string => spelled(text, /[\w.~:;@!*()/-]/, by)
          const spelledPairs = pairs.map(([name, value]) => `${spell(name)}=${spell(value)}`)
          const rawQuery = order.map(which => spelledPairs[which])
          const claim = readClaim({ method: 'GET', rawPath: '/', rawQuery: rawQuery.join('&'), headers: new Headers() })
          expect(claim).toMatchObject({ form: 'presigned', payloadHash: SIGNATURE, ...expected(wanted) })
        },
      ),
      { numRuns: 300 },
    )
  })

  function expected({ names, capitals: _, ...same }: typeof parts extends fc.Arbitrary<infer T> ? T : never) {
    return {
      ...same,
      scopeDate: '20130524',
      timestamp: EXAMPLE_TIME,
      signedMillis: EXAMPLE_MILLIS,
      signedHeaders: names.toSorted(),
    }
  }
})

/** A request as a client might make it, and how the wire spells it. */
const wantedRequest = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
  path: nastyText({ maxLength: 10 }).map(text => `/bucket/${text}`),
  query: fc.array(fc.tuple(nastyText({ minLength: 1, maxLength: 4 }), nastyText({ maxLength: 5 })), { maxLength: 4 }),
  headers: fc.dictionary(
    fc.constantFrom('x-amz-meta-a', 'x-amz-meta-b', 'x-amz-acl', 'content-type', 'range'),
    headerText(),
  ),
  payloadHash: fc.oneof(fc.constant('UNSIGNED-PAYLOAD'), fc.string().map(sha256)),
  spelling: fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }),
  key: fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 }),
})
type WantedRequest = typeof wantedRequest extends fc.Arbitrary<infer T> ? T : never

const forms: [string, (wanted: Wanted) => SentRequest][] = [
  ['in the header', signed],
  // The hash of the body is signed there only where it is sent, which `mutations` would have to know.
  ['in the query', wanted => presigned({ ...wanted, payloadHash: undefined })],
]

for (const [form, sign] of forms) {
  describe(`a request signed ${form}`, () => {
    const make = (wanted: WantedRequest): SentRequest => {
      const sent = sign({ ...wanted, secretKey: wanted.key })
      const spell = (text: string): string => spelled(text, /[\w.~!'()*$,;:@/-]/, wanted.spelling)
      return { ...sent, rawPath: spell(wanted.path), rawQuery: respelled(sent.rawQuery, spell) }
    }
    const verify = async (sent: SentRequest, secretKey: string): Promise<void> => {
      const claim = readClaim(sent)
      if (!claim) throw new Error('there is no claim')
      await verifyClaim(claim, sent, secretKey, OPTIONS)
    }

    test('verifies, however the wire spells it', async () => {
      await fc.assert(
        fc.asyncProperty(wantedRequest, wanted => verify(make(wanted), wanted.key)),
        { numRuns: 300 },
      )
    })

    test('does not verify once one thing about it is another', async () => {
      await fc.assert(
        fc.asyncProperty(
          wantedRequest,
          fc.nat(),
          nastyText({ minLength: 1, maxLength: 3 }),
          async (wanted, which, other) => {
            const sent = make(wanted)
            const changed = mutated(sent, which, other)
            await expect(verify(changed, wanted.key)).rejects.toBeInstanceOf(Fault)
            await expect(verify(sent, `${wanted.key}x`)).rejects.toMatchObject({ code: 'SignatureMismatch' })
          },
        ),
        { numRuns: 500 },
      )
    })
  })
}

/** The same names and values, spelled otherwise and in another order. */
function respelled(rawQuery: string, spell: (text: string) => string): string {
  const pairs = rawQuery.split('&').filter(pair => pair !== '')
  const respell = (text: string): string => spell(decodeURIComponent(text))
  return pairs
    .map(pair => pair.split('=').map(respell).join('='))
    .reverse()
    .join('&')
}

/** One signed thing changed, so that it means another. */
function mutated(sent: SentRequest, which: number, other: string): SentRequest {
  const headers = new Headers(sent.headers)
  const withHeaders = (): SentRequest => ({ ...sent, headers })
  const pairs = sent.rawQuery.split('&').filter(pair => pair !== '')
  const added = uriEncode(other)
  const mutations: (() => SentRequest)[] = [
    () => ({ ...sent, method: sent.method === 'GET' ? 'DELETE' : 'GET' }),
    () => ({ ...sent, rawPath: sent.rawPath + added }),
    () => ({ ...sent, rawPath: `/${added}${sent.rawPath}` }),
    () => ({ ...sent, rawPath: `/${added}${sent.rawPath.slice(1)}` }),
    () => ({ ...sent, rawPath: '/bucke' }),
    () => ({ ...sent, rawQuery: [...pairs, `${added}=`].join('&') }),
    () => ({ ...sent, rawQuery: [...pairs, 'versionId=null'].join('&') }),
    () => ({ ...sent, rawQuery: [...pairs, added].join('&') }),
    () => {
      headers.set('host', 'another')
      return withHeaders()
    },
    () => {
      headers.set('x-amz-added', 'value')
      return withHeaders()
    },
    ...pairs.flatMap((pair, at) => [
      () => ({ ...sent, rawQuery: pairs.toSpliced(at, 1).join('&') }),
      () => ({ ...sent, rawQuery: pairs.toSpliced(at, 1, `${pair}${added}`).join('&') }),
      () => ({ ...sent, rawQuery: pairs.toSpliced(at, 1, `${added}${pair}`).join('&') }),
    ]),
    ...Array.from(headers.keys(), name => [
      () => {
        headers.set(name, `${headers.get(name)}x`)
        return withHeaders()
      },
      () => {
        // What the runtime leaves away when it is empty may be away.
        if (headers.get(name) === '' && !name.startsWith('x-amz-')) headers.set(name, 'x')
        else if (name !== 'authorization') headers.delete(name)
        else headers.set(name, 'AWS4-HMAC-SHA256')
        return withHeaders()
      },
    ]).flat(),
  ]
  const mutation = mutations[which % mutations.length]
  if (!mutation) throw new Error('there is one')
  return mutation()
}

describe('a request signed with SigV2', () => {
  const DATE = 'Fri, 24 May 2013 00:00:00 GMT'
  const wantedOlder = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
    path: nastyText({ maxLength: 8 }).map(text => `/bucket/${text}`),
    query: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom(
          'acl',
          'uploads',
          'uploadId',
          'partNumber',
          'versionId',
          'response-content-type',
          'response-expires',
        ),
        nastyText({ maxLength: 5 }),
      ),
      { selector: ([name]) => name, maxLength: 4 },
    ),
    headers: fc.dictionary(fc.constantFrom('x-amz-meta-a', 'x-amz-meta-b', 'x-amz-acl'), headerText()),
    type: fc.constantFrom('', 'text/plain'),
    isPresigned: fc.boolean(),
    spelling: fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }),
    key: fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 }),
  })
  type WantedOlder = typeof wantedOlder extends fc.Arbitrary<infer T> ? T : never

  /** As the documentation of S3 describes it, and as unlike the code under test as it can be. */
  function make({ method, path, query, headers, type, isPresigned, spelling, key }: WantedOlder): SentRequest {
    const expires = String(EXAMPLE_MILLIS / 1000 + 60)
    const rawPath = spelled(path, /[\w.~/-]/, spelling)
    const amz = Object.keys(headers)
      .sort()
      .map(name => `${name}:${headers[name]}\n`)
    const sub = query.map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    const resource = rawPath + (sub.length > 0 ? `?${sub.sort(byName).join('&')}` : '')
    const text = [method, '', type, isPresigned ? expires : DATE, `${amz.join('')}${resource}`].join('\n')
    const signature = createHmac('sha1', key).update(text).digest('base64')
    const sent = query.map(([name, value]) => `${name}=${spelled(value, /[\w.~-]/, spelling)}`)
    const credentials = [`AWSAccessKeyId=${ACCESS_KEY}`, `Signature=${uriEncode(signature)}`, `Expires=${expires}`]
    return {
      method,
      rawPath,
      rawQuery: [...sent, ...(isPresigned ? credentials : [])].join('&'),
      headers: new Headers({
        host: 'localhost',
        ...headers,
        ...(type === '' ? {} : { 'content-type': type }),
        ...(isPresigned ? {} : { date: DATE, authorization: `AWS ${ACCESS_KEY}:${signature}` }),
      }),
    }
  }
  const byName = (one: string, other: string): number =>
    (one.split('=')[0] ?? '') < (other.split('=')[0] ?? '') ? -1 : 1

  const verify = async (sent: SentRequest, key: string): Promise<void> => {
    const claim = readSigV2Claim(sent)
    if (!claim) throw new Error('there is no claim')
    await verifySigV2(claim, sent, key, { hostBucket: undefined, nowMillis: EXAMPLE_MILLIS })
  }

  test('verifies, and does not once one thing about it is another', async () => {
    await fc.assert(
      fc.asyncProperty(
        wantedOlder,
        fc.nat(),
        nastyText({ minLength: 1, maxLength: 3 }),
        async (wanted, which, other) => {
          const sent = make(wanted)
          await verify(sent, wanted.key)
          await expect(verify(sent, `${wanted.key}x`)).rejects.toMatchObject({ code: 'SignatureMismatch' })
          const headers = new Headers(sent.headers)
          const isThere = wanted.query.map(([name]) => name)
          const mutations: (() => SentRequest)[] = [
            () => ({ ...sent, method: sent.method === 'GET' ? 'DELETE' : 'GET' }),
            () => ({ ...sent, rawPath: sent.rawPath + uriEncode(other) }),
            () => ({ ...sent, rawQuery: `restore&${sent.rawQuery}` }),
            () => ({
              ...sent,
              rawQuery: `${isThere.includes('acl') ? 'tagging' : 'acl'}=${uriEncode(other)}&${sent.rawQuery}`,
            }),
            () => ({ ...sent, rawQuery: sent.rawQuery.replace(/(Expires=\d+)/, '$10').replace(/^$/, 'cors') }),
            ...['x-amz-meta-a', 'x-amz-added', 'content-type', 'content-md5'].map(name => () => {
              headers.set(name, `${headers.get(name) ?? ''}x`)
              return { ...sent, headers }
            }),
          ]
          const mutation = mutations[which % mutations.length]
          const changed = mutation?.() ?? sent
          if (changed.rawQuery === sent.rawQuery && which % mutations.length === 4) return
          await expect(verify(changed, wanted.key)).rejects.toBeInstanceOf(Fault)
        },
      ),
      { numRuns: 400 },
    )
  })
})
