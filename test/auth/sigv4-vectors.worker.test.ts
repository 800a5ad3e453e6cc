import { describe, expect, test } from 'vitest'
import { verifyClaim } from '../../src/auth/sigv4'
import { readClaim, type SentRequest } from '../../src/auth/sigv4-claim'
import { ACCESS_KEY, EXAMPLE_MILLIS, EXAMPLE_SCOPE, SECRET_KEY } from './independent-signer'

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

async function verify(request: SentRequest, secretKey: string, services: string[], nowMillis: number) {
  const claim = readClaim(request)
  if (claim === undefined) throw new Error('the request carries no credential')
  return verifyClaim(claim, request, secretKey, { region: 'us-east-1', services, nowMillis })
}

describe('the examples of the S3 documentation verify', () => {
  // S3 API reference, "Examples: Signature calculations in AWS Signature Version 4".
  const examples: { name: string; request: string; headers: Record<string, string>; signature: string }[] = [
    {
      name: 'GET object, with a range',
      request: 'GET /test.txt',
      headers: { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
      signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    {
      name: 'PUT object, with a dollar sign in its key',
      request: 'PUT /test$file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    },
    {
      name: 'GET bucket lifecycle, a query name without a value',
      request: 'GET /?lifecycle',
      headers: { 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
    {
      name: 'GET bucket, a listing with max-keys and prefix',
      request: 'GET /?max-keys=2&prefix=J',
      headers: { 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ]
  for (const { name, request, headers, signature } of examples) {
    test(name, async () => {
      const sent = { host: 'examplebucket.s3.amazonaws.com', ...headers }
      const signedHeaders = Object.keys(sent).sort().join(';')
      const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${EXAMPLE_SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`
      const [method = '', target = ''] = request.split(' ')
      const [rawPath = '', rawQuery = ''] = target.split('?')
      const example = { method, rawPath, rawQuery, headers: new Headers({ ...sent, authorization }) }
      const verified = await verify(example, SECRET_KEY, ['s3'], EXAMPLE_MILLIS)
      expect(verified).toMatchObject({
        timestamp: '20130524T000000Z',
        scope: EXAMPLE_SCOPE,
        seedSignature: signature,
      })
    })
  }

  test('a presigned URL, to its last second', async () => {
    const query = {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${ACCESS_KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    }
    const rawQuery = Object.entries(query)
      .map(pair => pair.join('='))
      .join('&')
    const headers = new Headers({ host: 'examplebucket.s3.amazonaws.com' })
    const example = { method: 'GET', rawPath: '/test.txt', rawQuery, headers }
    expect(readClaim(example)).toMatchObject({ form: 'presigned', expiresSeconds: 86_400, accessKey: ACCESS_KEY })
    await expect(verify(example, SECRET_KEY, ['s3'], EXAMPLE_MILLIS + 86_400_000)).resolves.toBeDefined()
  })
})

describe('the general SigV4 test suite verifies where it says the same as S3', () => {
  const SUITE_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
  const SUITE_MILLIS = Date.UTC(2015, 7, 30, 12, 36)
  const vectors: [name: string, target: string, signature: string, method?: string][] = [
    ['get-vanilla', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['get-vanilla-query', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-empty-query-key',
      '/?Param1=value1',
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-order-key-case',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-unreserved',
      '/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    ['get-vanilla-utf8-query', '/?ሴ=bar', '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04'],
    ['get-utf8', '/ሴ', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
    ['get-space', '/example space/', '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741'],
    [
      'get-unreserved',
      '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    ['post-vanilla', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b', 'POST'],
    [
      'post-vanilla-query',
      '/?Param1=value1',
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
      'POST',
    ],
  ]
  for (const [name, target, signature, method = 'GET'] of vectors) {
    test(name, async () => {
      const [rawPath = '', rawQuery = ''] = target.split('?')
      const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`
      const headers = new Headers({ host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z', authorization })
      const vector = { method, rawPath, rawQuery, headers }
      await expect(verify(vector, SUITE_SECRET, ['service'], SUITE_MILLIS)).resolves.toBeDefined()
    })
  }

  test('get-header-value-trim', async () => {
    const signature = 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736'
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;my-header1;my-header2;x-amz-date, Signature=${signature}`
    const headers = new Headers({
      host: 'example.amazonaws.com',
      'my-header1': ' value1',
      'my-header2': ' "a   b   c"',
      'x-amz-date': '20150830T123600Z',
      authorization,
    })
    const vector = { method: 'GET', rawPath: '/', rawQuery: '', headers }
    await expect(verify(vector, SUITE_SECRET, ['service'], SUITE_MILLIS)).resolves.toBeDefined()
  })
})
