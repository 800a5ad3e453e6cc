import { env } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { verifyClaim } from '../../src/auth/sigv4'
import { canonicalRequests } from '../../src/auth/sigv4-canonical'
import { readClaim, type SentRequest } from '../../src/auth/sigv4-claim'
import { presigned, sha256 } from '../auth/independent-signer'
import { HOST, ROOT } from '../support/s3'
import { type AdminAsk, admin, adminOf, errorOf, fetchFrom, freshPlace, refusalOf } from './admin'

const VECTOR_TIME = '20170407T103801Z'
const VECTOR_MILLIS = Date.UTC(2017, 3, 7, 10, 38, 1)
const VECTOR_CREDENTIALS = { WHARF_INITIAL_ROOT_USER: 'WHARFADMIN', WHARF_INITIAL_ROOT_PASSWORD: 'wharf-admin-secret' }
const EMPTY = sha256('')
const NEW_CREDENTIALS = '<setCredsReq><username>newaccess</username><password>newsecret1</password></setCredsReq>'

interface Vector {
  name: string
  method: string
  url: string
  region: string
  headers: Record<string, string>
  body?: string
  canonicalHash: string
  signature: string
}

/** As the original clients send them (spec, section 10). */
const vectors: Vector[] = [
  {
    name: 'status, signed for us-east-1',
    method: 'GET',
    url: 'http://127.0.0.1:8787/?service=',
    region: 'us-east-1',
    headers: { 'x-amz-content-sha256': EMPTY, 'x-minio-operation': 'status' },
    canonicalHash: '43e0f509a168998319830548d80b71700ed4dcdc882d2d1b5436ddf4c72ee6e8',
    signature: '3d1da14335ed205a0ee8a9cbf30590deb13023ddedb78684774d35654d009377',
  },
  {
    name: 'status, signed for the region of the documentation',
    method: 'GET',
    url: 'http://127.0.0.1:8787/?service=',
    region: 'minio',
    headers: { 'x-amz-content-sha256': EMPTY, 'x-minio-operation': 'status' },
    canonicalHash: '43e0f509a168998319830548d80b71700ed4dcdc882d2d1b5436ddf4c72ee6e8',
    signature: 'a8273729c780a622792ee104b6f2111c674696f67df47fa1c9b5c1c5f52a492e',
  },
  {
    name: 'new credentials over https, whose body only its MD5 protects',
    method: 'POST',
    url: 'https://wharf.example.com/?service=',
    region: 'us-east-1',
    headers: {
      'content-md5': 'uH4iOcwwjmbzctNBwqapLg==',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-minio-operation': 'set-credentials',
    },
    body: NEW_CREDENTIALS,
    canonicalHash: 'f5fb9e40780e63a8fda9c43ee2aaeda37f2e30d2c842e1011086a53dfcc304ae',
    signature: 'ca30fc81c8ca7027487b185970e52693b1bb824265ff1162ba6e2787b062206c',
  },
  {
    name: 'locks by bucket, prefix and duration',
    method: 'GET',
    url: 'http://127.0.0.1:8787/?bucket=mybucket&duration=1m30s&lock=&prefix=my%20prefix%2F%2Bx',
    region: 'us-east-1',
    headers: { 'x-amz-content-sha256': EMPTY, 'x-minio-operation': 'list' },
    canonicalHash: '975881b373f4bbb04e6a772e8e0be55536428875a57d5498f6913eef3d67a25e',
    signature: 'fe4d561129b5dca3e0e587acfbc52430ed277f1e584cf75d391d73b58a7dc9c5',
  },
]

function headersOf({ url, region, headers, signature }: Vector): Headers {
  const signedHeaders = { host: new URL(url).host, 'x-amz-date': VECTOR_TIME, ...headers }
  const names = Object.keys(signedHeaders).sort().join(';')
  const credential = `WHARFADMIN/20170407/${region}/s3/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return new Headers({ ...signedHeaders, authorization })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('what the original clients sign', () => {
  for (const vector of vectors) {
    test(`is verified: ${vector.name}`, async () => {
      const sent: SentRequest = {
        method: vector.method,
        rawPath: '/',
        rawQuery: vector.url.split('?')[1] ?? '',
        headers: headersOf(vector),
      }
      const claim = readClaim(sent)
      if (!claim) throw new Error('no claim')
      const [canonical = ''] = canonicalRequests(claim, sent)
      expect(createHash('sha256').update(canonical).digest('hex')).toBe(vector.canonicalHash)
      const options = { region: '*', services: ['s3'], nowMillis: VECTOR_MILLIS }
      await expect(verifyClaim(claim, sent, 'wharf-admin-secret', options)).resolves.toBeDefined()
    })

    test(`is let in through the door: ${vector.name}`, async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: VECTOR_MILLIS + 1000 })
      const place = freshPlace(VECTOR_CREDENTIALS)
      const { method, body } = vector
      const answer = await fetchFrom(place, vector.url, { method, headers: headersOf(vector), body })
      expect([answer.status, await answer.text()]).toEqual([200, expect.not.stringContaining('<Error>')])
    })
  }
})

const status = (ask: AdminAsk = {}) => admin('GET', 'service', { operation: 'status', ...ask })
const edit = (pattern: string | RegExp, replacement: string): AdminAsk => ({
  authorization: honest => honest.replace(pattern, replacement),
})
const CREDENTIAL = 'Error parsing the X-Amz-Credential parameter;'

describe('a signature', () => {
  for (const region of ['us-east-1', 'minio', 'eu-west-1', 'x']) {
    test(`for the region ${region} is taken`, async () => {
      expect((await status({ region })).status).toBe(200)
    })
  }

  test('over UNSIGNED-PAYLOAD is taken, with a body and without', async () => {
    expect((await status({ payloadHash: 'UNSIGNED-PAYLOAD' })).status).toBe(200)
    const place = freshPlace()
    const ask = { operation: 'set-credentials', body: NEW_CREDENTIALS, payloadHash: 'UNSIGNED-PAYLOAD' }
    expect((await adminOf(place, 'POST', 'service', ask)).status).toBe(200)
  })

  test('is taken when its fields stand without spaces', async () => {
    expect((await status(edit(/, /g, ','))).status).toBe(200)
  })

  for (const [sent, signedHost] of [
    ['wharf.test', 'wharf.test:80'],
    ['wharf.test', 'wharf.test:443'],
    ['wharf.test:443', 'wharf.test'],
    ['wharf.test:80', 'wharf.test'],
  ] as const) {
    test(`for ${signedHost} is taken when the host arrives as ${sent}`, async () => {
      expect((await status({ host: sent, signedValues: { host: signedHost } })).status).toBe(200)
    })
  }

  test('for another host or port is refused', async () => {
    for (const signedHost of ['other.test', 'wharf.test:8080', 'wharf.test:4430']) {
      expect(await refusalOf(await status({ host: 'wharf.test', signedValues: { host: signedHost } }))).toEqual([
        403,
        'SignatureDoesNotMatch',
      ])
    }
    const answer = await status({ host: 'wharf.test:8080', signedValues: { host: 'wharf.test:80' } })
    expect(await refusalOf(answer)).toEqual([403, 'SignatureDoesNotMatch'])
  })

  test('over a header that came twice is taken', async () => {
    const operation = 'other, status'
    expect((await status({ operation })).status).toBe(200)
    expect((await status({ operation, signedValues: { 'x-minio-operation': 'other,status' } })).status).toBe(200)
  })

  test('within a quarter of an hour is taken, and not beyond', async () => {
    expect((await status({ clockOffMillis: 890_000 })).status).toBe(200)
    expect((await status({ clockOffMillis: -890_000 })).status).toBe(200)
    for (const clockOffMillis of [910_000, -910_000]) {
      expect(await errorOf(await status({ clockOffMillis }))).toEqual([
        403,
        'RequestTimeTooSkewed',
        "The difference between the request time and the server's time is too large.",
      ])
    }
  })

  const refused: [string, AdminAsk, [number, string, string]][] = [
    ['by nobody', { as: 'nobody' }, [403, 'AccessDenied', 'Access Denied.']],
    [
      'of an unknown key',
      { as: { accessKey: 'nobody-known', secretKey: 'whatever' } },
      [403, 'InvalidAccessKeyID', 'The access key ID you provided does not exist in our records.'],
    ],
    [
      'with a wrong secret',
      { as: { ...ROOT, secretKey: 'not the secret' } },
      [
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      ],
    ],
    [
      'by another scheme',
      edit(/.*/, 'Basic cm9vdDpyb290'),
      [
        400,
        'InvalidRequest',
        'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
      ],
    ],
    [
      'in an empty header',
      edit(/.*/, ''),
      [400, 'InvalidArgument', "Authorization header is invalid -- one and only one ' ' (space) required."],
    ],
    ['by SigV2', edit(/.*/, `AWS ${ROOT.accessKey}:c2lnbmF0dXJl`), [403, 'AccessDenied', 'Access Denied.']],
    ['by a bearer token', edit(/.*/, 'Bearer abc'), [403, 'AccessDenied', 'Access Denied.']],
    ['without its fields', edit(/ .*/, ''), [400, 'MissingFields', 'Missing fields in request.']],
    ['with two fields', edit(/, Signature=.*/, ''), [400, 'MissingFields', 'Missing fields in request.']],
    ['with four fields', edit(/$/, ', More=1'), [400, 'MissingFields', 'Missing fields in request.']],
    [
      'with a field without a value',
      edit(/Signature=.*/, 'Signature'),
      [400, 'MissingFields', 'Missing fields in request.'],
    ],
    [
      'with an empty signature',
      edit(/Signature=.*/, 'Signature='),
      [400, 'MissingFields', 'Missing fields in request.'],
    ],
    [
      'with no signed headers',
      edit(/SignedHeaders=[^,]*/, 'SignedHeaders='),
      [400, 'MissingFields', 'Missing fields in request.'],
    ],
    [
      'without Credential',
      edit('Credential=', 'Creds='),
      [400, 'InvalidRequest', 'Missing Credential field for this request.'],
    ],
    [
      'with its fields in another order',
      {
        authorization: honest => honest.replace(/ (Credential=.*), (SignedHeaders=.*), (Signature=.*)/, ' $1, $3, $2'),
      },
      [400, 'InvalidArgument', 'Signature header missing SignedHeaders field.'],
    ],
    [
      'without SignedHeaders',
      edit('SignedHeaders=', 'Headers='),
      [400, 'InvalidArgument', 'Signature header missing SignedHeaders field.'],
    ],
    [
      'without Signature',
      edit(', Signature=', ', Sig='),
      [400, 'AccessDenied', 'Signature header missing Signature field.'],
    ],
    [
      'with a credential of four parts',
      edit('/aws4_request', ''),
      [
        400,
        'AuthorizationQueryParametersError',
        `${CREDENTIAL} the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`,
      ],
    ],
    [
      'with a scope of no date',
      edit(/\/\d{8}\//, '/20171332/'),
      [
        400,
        'AuthorizationQueryParametersError',
        `${CREDENTIAL} incorrect date format "%s". This date in the credential must be in the format "yyyyMMdd".`,
      ],
    ],
    [
      'with an empty region',
      edit('/us-east-1/', '//'),
      [400, 'AuthorizationQueryParametersError', `${CREDENTIAL} the region is wrong;`],
    ],
    [
      'for another service',
      edit('/s3/', '/iam/'),
      [400, 'AuthorizationQueryParametersError', `${CREDENTIAL} incorrect service. This endpoint belongs to "s3".`],
    ],
    [
      'with another terminator',
      edit('aws4_request', 'aws5_request'),
      [
        400,
        'AuthorizationQueryParametersError',
        `${CREDENTIAL} incorrect terminal. This endpoint uses "aws4_request".`,
      ],
    ],
    [
      'with a scope of another day',
      edit(/\/\d{8}\//, '/20170407/'),
      [
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      ],
    ],
    [
      'that does not cover the host',
      edit('SignedHeaders=host;', 'SignedHeaders='),
      [400, 'AccessDenied', 'There were headers present in the request which were not signed'],
    ],
    [
      'over a header that is not there',
      edit('SignedHeaders=', 'SignedHeaders=content-md5;'),
      [400, 'AccessDenied', 'There were headers present in the request which were not signed'],
    ],
    [
      'with an x-amz header that it does not cover',
      { unsignedHeaders: { 'x-amz-meta-more': '1' } },
      [400, 'AccessDenied', 'There were headers present in the request which were not signed'],
    ],
    [
      'for another payload',
      { payloadHash: sha256('other') },
      [
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      ],
    ],
    [
      'over a date that nobody can read',
      { headers: { 'x-amz-date': 'yesterday' } },
      [400, 'MalformedDate', 'Invalid date format header, expected to be in ISO8601, RFC1123 or RFC1123Z time format.'],
    ],
    [
      'over a readable date in the form of HTTP',
      { headers: { 'x-amz-date': new Date().toUTCString() } },
      [400, 'MalformedDate', 'Invalid date format header, expected to be in ISO8601, RFC1123 or RFC1123Z time format.'],
    ],
    [
      'over an MD5 that the body has not',
      { headers: { 'content-md5': 'uH4iOcwwjmbzctNBwqapLg==' } },
      [400, 'BadDigest', 'The Content-Md5 you specified did not match what we received.'],
    ],
  ]
  for (const [what, ask, expected] of refused) {
    test(`${what} is refused`, async () => {
      expect(await errorOf(await status(ask))).toEqual(expected)
    })
  }

  test('that does not cover the operation is refused: it could be sent again as another one', async () => {
    const answer = await admin('GET', 'service', { unsignedHeaders: { 'x-minio-operation': 'status' } })
    expect(await errorOf(answer)).toEqual([403, 'AccessDenied', 'Access Denied.'])
  })

  test('without a date is refused', async () => {
    const headers = headersOf(vectors[0] as Vector)
    headers.delete('x-amz-date')
    const answer = await fetchFrom(env, `http://${HOST}/?service=`, { headers })
    expect(await errorOf(answer)).toEqual([
      400,
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    ])
  })

  test('without a payload hash is refused', async () => {
    const headers = headersOf({ ...(vectors[0] as Vector), headers: { 'x-minio-operation': 'status' } })
    headers.set('x-amz-date', `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`)
    const answer = await fetchFrom(env, `http://${HOST}/?service=`, { headers })
    expect(await refusalOf(answer)).toEqual([400, 'XAmzContentSHA256Mismatch'])
  })

  test('in the query is refused', async () => {
    const sent = presigned({
      path: '/',
      query: [['service', '']],
      headers: { host: HOST, 'x-minio-operation': 'status' },
      ...ROOT,
    })
    const answer = await fetchFrom(env, `http://${HOST}/?${sent.rawQuery}`, { headers: sent.headers })
    expect(await errorOf(answer)).toEqual([403, 'AccessDenied', 'Access Denied.'])
  })

  test('with chunk signatures is refused', async () => {
    const payloadHash = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const answer = await admin('PUT', 'config', { operation: 'set', body: '{}', payloadHash })
    expect(await errorOf(answer)).toEqual([403, 'AccessDenied', 'Access Denied.'])
  })

  test('of a user without the right is refused', async () => {
    const user = { name: 'u', admin: true, accessKey: 'AKADMINTEST00000001', secretKey: 'secret-enough' }
    const bootstrap = JSON.stringify({ accounts: [{ name: 'admin-test', users: [user] }] })
    const place = { ...env, WHARF_BOOTSTRAP: bootstrap }
    const as = { accessKey: user.accessKey, secretKey: user.secretKey }
    const answer = await adminOf(place, 'GET', 'service', { operation: 'status', as })
    expect(await errorOf(answer)).toEqual([403, 'AccessDenied', 'Access Denied.'])
  })
})

test('an error shows the request id in its body and its headers, and every element that clients look for', async () => {
  const answer = await status({ as: 'nobody' })
  const id = answer.headers.get('x-amz-request-id') ?? ''
  expect(id).toMatch(/^[0-9A-F]{20}$/)
  expect(answer.headers.get('content-type')).toBe('application/xml')
  expect(await answer.text()).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<Error><Code>AccessDenied</Code><Message>Access Denied.</Message><Key></Key><BucketName></BucketName>' +
      `<Resource>/</Resource><RequestId>${id}</RequestId><HostId>${id}</HostId></Error>`,
  )
})
