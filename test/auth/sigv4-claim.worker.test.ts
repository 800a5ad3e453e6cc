import { describe, expect, test } from 'vitest'
import { EMPTY_SHA256, readClaim, readCredential, type SentRequest } from '../../src/auth/sigv4-claim'
import { Fault } from '../../src/model/fault'
import { ACCESS_KEY, EXAMPLE_MILLIS, EXAMPLE_TIME, presigned, signed } from './independent-signer'

const SIGNATURE = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
const CREDENTIAL = `Credential=${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request`
const NAMES = 'SignedHeaders=host;x-amz-content-sha256;x-amz-date'

function faultOf(request: SentRequest): Fault {
  try {
    readClaim(request)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it was accepted')
}

function withAuthorization(authorization: string, headers: Record<string, string> = {}): SentRequest {
  return {
    method: 'GET',
    rawPath: '/',
    rawQuery: '',
    headers: new Headers({
      host: 'h',
      'x-amz-date': EXAMPLE_TIME,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      authorization,
      ...headers,
    }),
  }
}

function withQuery(change: (parameters: URLSearchParams) => void): SentRequest {
  const request = presigned()
  const parameters = new URLSearchParams(request.rawQuery)
  change(parameters)
  return { ...request, rawQuery: parameters.toString() }
}

describe('which credential a request carries', () => {
  test('none: it is anonymous', () => {
    expect(readClaim({ method: 'GET', rawPath: '/', rawQuery: 'acl&prefix=a', headers: new Headers() })).toBeUndefined()
    expect(readClaim(withAuthorization(''))).toBeUndefined()
  })
  test('a header', () => {
    expect(readClaim(signed())).toEqual({
      form: 'header',
      accessKey: ACCESS_KEY,
      scopeDate: '20130524',
      region: 'us-east-1',
      service: 's3',
      timestamp: EXAMPLE_TIME,
      signedMillis: EXAMPLE_MILLIS,
      signedHeaders: ['host', 'x-amz-content-sha256', 'x-amz-date'],
      signature: expect.stringMatching(/^[0-9a-f]{64}$/),
      payloadHash: 'UNSIGNED-PAYLOAD',
      securityToken: undefined,
    })
  })
  test('a query', () => {
    const claim = readClaim(presigned({ query: [['X-Amz-Security-Token', 'a+b/c=']] }))
    expect(claim).toMatchObject({
      form: 'presigned',
      accessKey: ACCESS_KEY,
      expiresSeconds: 86_400,
      signedHeaders: ['host'],
      payloadHash: 'UNSIGNED-PAYLOAD',
      securityToken: 'a+b/c=',
    })
  })
  test('its security token', () => {
    expect(readClaim(signed({ headers: { 'x-amz-security-token': 'token' } }))?.securityToken).toBe('token')
  })
  test.each([
    ['X-Amz-Algorithm=AWS4-HMAC-SHA256'],
    ['X-Amz-Signature=1'],
    ['X%2DAmz-Credential=1'],
    ['AWSAccessKeyId=1'],
    ['Signature=1'],
  ])('a header and the query %s are two', rawQuery => {
    expect(faultOf({ ...signed(), rawQuery }).code).toBe('SeveralCredentials')
  })
  test('two kinds in the query are two', () => {
    expect(faultOf(withQuery(query => query.append('AWSAccessKeyId', 'A'))).code).toBe('SeveralCredentials')
  })
  test.each([
    ['AWS AKID:frJIUN8DYpKDtOLCwo//yllqDzg=', 'AWS'],
    ['AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=1', 'AWS4-ECDSA-P256-SHA256'],
    ['Bearer abc', 'Bearer'],
    ['Basic YTpi', 'Basic'],
    ['aws4-hmac-sha256 Credential=a', 'aws4-hmac-sha256'],
  ])('%s is not supported', (authorization, scheme) => {
    expect(faultOf(withAuthorization(authorization))).toMatchObject({
      code: 'UnsupportedSignature',
      detail: { scheme },
    })
  })
  test('nor is SigV2 in the query, nor SigV4A', () => {
    const rawQuery = 'AWSAccessKeyId=AKID&Expires=1&Signature=abc'
    expect(faultOf({ ...presigned(), rawQuery }).code).toBe('UnsupportedSignature')
    const sigV4A = withQuery(query => query.set('X-Amz-Algorithm', 'AWS4-ECDSA-P256-SHA256'))
    expect(faultOf(sigV4A).code).toBe('UnsupportedSignature')
  })
})

describe('the Authorization header', () => {
  test.each([
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${NAMES}, Signature=${SIGNATURE}`],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${NAMES},Signature=${SIGNATURE}`],
    [`AWS4-HMAC-SHA256  Signature=${SIGNATURE} ,  ${NAMES} ,${CREDENTIAL} `],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=X-Amz-Date;Host;x-amz-content-sha256, Signature=${SIGNATURE}`],
  ])('is read: %s', authorization => {
    expect(readClaim(withAuthorization(authorization))).toMatchObject({
      accessKey: ACCESS_KEY,
      signedHeaders: ['host', 'x-amz-content-sha256', 'x-amz-date'],
      signature: SIGNATURE,
    })
  })
  test.each([
    ['nothing', ''],
    ['no credential', `${NAMES}, Signature=${SIGNATURE}`],
    ['no signed headers', `${CREDENTIAL}, Signature=${SIGNATURE}`],
    ['no signature', `${CREDENTIAL}, ${NAMES}`],
    ['an empty signature', `${CREDENTIAL}, ${NAMES}, Signature=`],
    ['a component twice', `${CREDENTIAL}, ${CREDENTIAL}, ${NAMES}, Signature=${SIGNATURE}`],
    ['a component that is unknown', `${CREDENTIAL}, ${NAMES}, Signature=${SIGNATURE}, Extra=1`],
    ['no commas', `${CREDENTIAL} ${NAMES} Signature=${SIGNATURE}`],
    ['rubbish', 'HAHAHA'],
    ['a header name twice', `${CREDENTIAL}, SignedHeaders=host;host, Signature=${SIGNATURE}`],
    ['an empty header name', `${CREDENTIAL}, SignedHeaders=host;;date, Signature=${SIGNATURE}`],
    ['an impossible header name', `${CREDENTIAL}, SignedHeaders=host;a:b, Signature=${SIGNATURE}`],
    ['no access key', `Credential=/20130524/us-east-1/s3/aws4_request, ${NAMES}, Signature=${SIGNATURE}`],
    ['four credential parts', `Credential=A/20130524/s3/aws4_request, ${NAMES}, Signature=${SIGNATURE}`],
    ['six credential parts', `Credential=A/20130524/us/east/s3/aws4_request, ${NAMES}, Signature=${SIGNATURE}`],
    ['another terminator', `Credential=A/20130524/us-east-1/s3/aws5_request, ${NAMES}, Signature=${SIGNATURE}`],
    ['a scope date that is none', `Credential=A/2013-524/us-east-1/s3/aws4_request, ${NAMES}, Signature=${SIGNATURE}`],
  ])('is malformed with %s', (_, parameters) => {
    const fault = faultOf(withAuthorization(`AWS4-HMAC-SHA256 ${parameters}`))
    expect(fault).toMatchObject({ code: 'CredentialMalformed', detail: { problem: expect.any(String) } })
  })
  test('two Authorization headers are malformed', () => {
    const request = signed()
    request.headers.append('authorization', request.headers.get('authorization') ?? '')
    expect(faultOf(request).code).toBe('CredentialMalformed')
  })
  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['rubbish', 'Bad Date'],
    ['before 1970', '19500707T215304Z'],
    ['of a month that is none', '20131324T000000Z'],
    ['in another format', '2013-05-24T00:00:00Z'],
  ])('with an x-amz-date that is %s there is no access', (_, date) => {
    const request = signed()
    if (date === undefined) request.headers.delete('x-amz-date')
    else request.headers.set('x-amz-date', date)
    expect(faultOf(request).code).toBe('AccessDenied')
  })
})

describe('the payload hash', () => {
  test.each([
    [SIGNATURE],
    ['UNSIGNED-PAYLOAD'],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
  ])('%s is taken literally', payloadHash => {
    expect(readClaim(signed({ payloadHash }))?.payloadHash).toBe(payloadHash)
    expect(readClaim(presigned({ query: [['X-Amz-Content-Sha256', payloadHash]] }))?.payloadHash).toBe(payloadHash)
    const headers = { 'x-amz-content-sha256': payloadHash }
    const query: [string, string][] = [['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD']]
    expect(readClaim(presigned({ headers, query }))?.payloadHash).toBe(payloadHash)
  })
  test.each([[''], ['abc'], [`${SIGNATURE}0`], ['unsigned-payload'], ['STREAMING-UNSIGNED-PAYLOAD'], ['a, b']])(
    '"%s" is invalid',
    payloadHash => {
      const detail = { value: payloadHash }
      expect(faultOf(signed({ payloadHash }))).toMatchObject({ code: 'PayloadHashInvalid', detail })
      expect(faultOf(presigned({ query: [['X-Amz-Content-Sha256', payloadHash]] })).code).toBe('PayloadHashInvalid')
    },
  )
  test('of SigV4A is not supported', () => {
    const payloadHash = 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'
    expect(faultOf(signed({ payloadHash })).code).toBe('UnsupportedSignature')
  })
  test('may be missing where there is no body, and is then that of nothing', () => {
    for (const length of [undefined, '0']) {
      const request = signed()
      request.headers.delete('x-amz-content-sha256')
      if (length !== undefined) request.headers.set('content-length', length)
      expect(readClaim(request)?.payloadHash).toBe(EMPTY_SHA256)
    }
  })
  test.each([
    ['content-length', '1'],
    ['transfer-encoding', 'chunked'],
  ])('may not be missing with %s: %s', (name, value) => {
    const request = signed({ unsignedHeaders: { [name]: value } })
    request.headers.delete('x-amz-content-sha256')
    expect(faultOf(request).code).toBe('PayloadHashMissing')
  })
})

describe('the presigned query', () => {
  const six = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(name => `X-Amz-${name}`)
  test.each(six)('is malformed without %s', name => {
    expect(faultOf(withQuery(query => query.delete(name)))).toMatchObject({
      code: 'QueryCredentialMalformed',
      detail: { problem: `${name} is missing` },
    })
    expect(faultOf(withQuery(query => query.set(name, ''))).code).toBe('QueryCredentialMalformed')
  })
  test.each([...six, 'X-Amz-Security-Token', 'x-amz-acl'])('is malformed with %s twice', name => {
    const twice = withQuery(query => {
      const value = query.get(name) ?? 'a'
      query.set(name, value)
      query.append(name.toLowerCase(), value)
    })
    expect(faultOf(twice).code).toBe('QueryCredentialMalformed')
  })
  test.each([
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1'],
    ['X-Amz-Credential', 'AKID/20130524/us-east-1/s3'],
    ['X-Amz-Credential', 'AKID/20130524/us-east-1\n/s3/aws4_request'],
    ['X-Amz-Date', '2013-05-24'],
    ['X-Amz-Expires', '604801'],
    ['X-Amz-Expires', '-1'],
    ['X-Amz-Expires', '1e3'],
    ['X-Amz-Expires', 'soon'],
    ['X-Amz-Expires', '99999999999999999999'],
    ['X-Amz-SignedHeaders', 'host;host'],
    ['X-Amz-SignedHeaders', 'ho st'],
  ])('is malformed with %s=%s', (name, value) => {
    expect(faultOf(withQuery(query => query.set(name, value))).code).toBe('QueryCredentialMalformed')
  })
  test('is malformed where a parameter is not UTF-8', () => {
    const request = presigned()
    const broken = { ...request, rawQuery: request.rawQuery.replace(ACCESS_KEY, '%ff') }
    expect(faultOf(broken).code).toBe('QueryCredentialMalformed')
  })
  test('may reach as far as a week', () => {
    expect(readClaim(presigned({ expires: '604800' }))?.expiresSeconds).toBe(604_800)
  })
})

test('a credential may have an empty region, and no control characters', () => {
  expect(readCredential('A/20130524//s3/aws4_request')).toEqual({
    accessKey: 'A',
    scopeDate: '20130524',
    region: '',
    service: 's3',
  })
  expect(readCredential('A\n/20130524//s3/aws4_request')).toBeUndefined()
  expect(readCredential('A/20130524/us-east-1//aws4_request')).toBeUndefined()
})
