import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { openWharf } from '../../src/wharf'
import { codeOf, freshBucket, ROOT, s3, s3Presigned, send, texts } from '../support/s3'

const ADMIN = { accessKey: 'AKADMIN0000000000001', secretKey: 'admin-secret-1' }
const READER = { accessKey: 'AKREADER000000000001', secretKey: 'reader-secret-1' }
const WRITER = { accessKey: 'AKWRITER000000000001', secretKey: 'writer-secret-1' }
const POWERLESS = { accessKey: 'AKNOBODY000000000001', secretKey: 'nobody-secret-1' }
const STRANGER = { accessKey: 'AKSTRANGER0000000001', secretKey: 'stranger-secret-1' }

const bootstrap = {
  accounts: [
    {
      name: 'harbour',
      id: 'harbour-id',
      displayName: 'Harbour',
      users: [
        { name: 'admin', admin: true, ...ADMIN },
        { name: 'reader', policies: ['readonly'], ...READER },
        { name: 'writer', policies: ['writeonly'], ...WRITER },
        { name: 'powerless', ...POWERLESS },
      ],
    },
    { name: 'elsewhere', users: [{ name: 'stranger', admin: true, ...STRANGER }] },
  ],
  buckets: [{ name: 'harbour-bucket', account: 'harbour' }],
}

beforeAll(async () => {
  const settings = { ...env, WHARF_BOOTSTRAP: JSON.stringify(bootstrap) }
  await openWharf(settings, createExecutionContext())
})

describe('the root user', () => {
  test('is known by its signature alone', async () => {
    expect((await s3('GET', '/')).status).toBe(200)
    expect(await codeOf(await s3('GET', '/', { as: { ...ROOT, secretKey: 'wrong-password' } }))).toBe(
      'SignatureDoesNotMatch',
    )
    expect(await codeOf(await s3('GET', '/', { as: { ...ROOT, accessKey: 'somebody' } }))).toBe('InvalidAccessKeyId')
  })

  test('hears what it signed wrongly, and never the right signature', async () => {
    const answer = await (await s3('GET', '/bucket/key', { as: { ...ROOT, secretKey: 'wrong-password' } })).text()
    for (const name of [
      'AWSAccessKeyId',
      'StringToSign',
      'SignatureProvided',
      'StringToSignBytes',
      'CanonicalRequest',
      'CanonicalRequestBytes',
    ]) {
      expect([name, texts(answer, name).length]).toEqual([name, 1])
    }
    expect(answer).not.toContain(ROOT.secretKey)
  })
})

describe('nobody', () => {
  test('may do anything, and learns nothing of what exists', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'x' })
    const nobody = (method: string, path: string, body?: string) =>
      s3(method, path, { as: 'nobody', body }).then(codeOf)
    for (const path of [
      '/',
      `/${bucket}`,
      `/${bucket}/key`,
      `/${bucket}/none`,
      '/no-such-bucket-here',
      '/no-such-bucket-here/key',
    ]) {
      expect([path, await nobody('GET', path)]).toEqual([path, 'AccessDenied'])
    }
    expect(await nobody('PUT', '/a-new-bucket')).toBe('AccessDenied')
    expect(await nobody('PUT', `/${bucket}/key`, 'y')).toBe('AccessDenied')
    expect(await nobody('DELETE', `/${bucket}/key`)).toBe('AccessDenied')
    expect(await nobody('DELETE', `/${bucket}`)).toBe('AccessDenied')
    expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('x')
  })

  test('may replace headers of an answer', async () => {
    const query = { 'response-content-type': 'text/html' }
    expect(await codeOf(await s3('GET', '/bucket/key', { as: 'nobody', query }))).toBe('InvalidRequest')
  })
})

describe('a user of an account', () => {
  test('may do what its policies say, inside its account', async () => {
    const as = (who: typeof ADMIN) => (method: string, path: string, body?: string) =>
      s3(method, path, { as: who, body })
    const [admin, reader, writer, powerless] = [as(ADMIN), as(READER), as(WRITER), as(POWERLESS)]
    expect((await admin('PUT', '/harbour-bucket/key', 'x')).status).toBe(200)
    expect((await reader('GET', '/harbour-bucket/key')).status).toBe(200)
    expect((await reader('GET', '/harbour-bucket')).status).toBe(200)
    expect(await codeOf(await reader('PUT', '/harbour-bucket/key', 'y'))).toBe('AccessDenied')
    expect(await codeOf(await reader('DELETE', '/harbour-bucket/key'))).toBe('AccessDenied')
    expect((await writer('PUT', '/harbour-bucket/other', 'y')).status).toBe(200)
    expect(await codeOf(await writer('GET', '/harbour-bucket/key'))).toBe('AccessDenied')
    expect(await codeOf(await writer('GET', '/harbour-bucket'))).toBe('AccessDenied')
    for (const path of ['/', '/harbour-bucket', '/harbour-bucket/key']) {
      expect(await codeOf(await powerless('GET', path))).toBe('AccessDenied')
    }
    const body = '<Delete><Object><Key>key</Key></Object></Delete>'
    const refused = await s3('POST', '/harbour-bucket', { as: READER, query: { delete: '' }, body })
    expect([refused.status, texts(await refused.text(), 'Code')]).toEqual([200, ['AccessDenied']])
  })

  test('owns what it makes, sees its own buckets, and cannot take the names of others', async () => {
    const mine = `mine-${Date.now().toString(36)}`
    expect((await s3('PUT', `/${mine}`, { as: STRANGER })).status).toBe(200)
    const listed = await (await s3('GET', '/', { as: STRANGER })).text()
    expect([texts(listed, 'Name'), texts(listed, 'ID')]).toEqual([[mine], ['elsewhere']])
    expect(await codeOf(await s3('PUT', '/harbour-bucket', { as: STRANGER }))).toBe('BucketAlreadyExists')
    expect(await codeOf(await s3('GET', '/harbour-bucket/key', { as: STRANGER }))).toBe('AccessDenied')
    expect(await codeOf(await s3('GET', '/harbour-bucket/none', { as: STRANGER }))).toBe('AccessDenied')
    const copied = await s3('PUT', `/${mine}/copy`, {
      as: STRANGER,
      headers: { 'x-amz-copy-source': 'harbour-bucket/key' },
    })
    expect(await codeOf(copied)).toBe('AccessDenied')
    const acl = await (await s3('GET', '/harbour-bucket', { as: ADMIN, query: { acl: '' } })).text()
    expect([texts(acl, 'ID'), texts(acl, 'DisplayName')]).toEqual([
      ['harbour-id', 'harbour-id'],
      ['Harbour', 'Harbour'],
    ])
  })

  test('may say whose bucket it expects', async () => {
    const get = (owner: string) =>
      s3('GET', '/harbour-bucket', { as: ADMIN, headers: { 'x-amz-expected-bucket-owner': owner } })
    expect((await get('harbour-id')).status).toBe(200)
    expect(await codeOf(await get('elsewhere'))).toBe('AccessDenied')
  })
})

describe('a request', () => {
  test('with x-amz headers that are not signed is refused', async () => {
    const bucket = await freshBucket()
    const unsignedHeaders = { 'x-amz-meta-added': 'on the way' }
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { body: 'x', unsignedHeaders }))).toBe('AccessDenied')
    expect(await codeOf(await s3Presigned('PUT', `/${bucket}/key`, { body: 'x', unsignedHeaders }))).toBe(
      'AccessDenied',
    )
    const source = { 'x-amz-copy-source': `${bucket}/other` }
    expect(await codeOf(await s3Presigned('PUT', `/${bucket}/key`, { unsignedHeaders: source }))).toBe('AccessDenied')
    expect((await s3('HEAD', `/${bucket}/key`)).status).toBe(404)
  })

  test('with two sources of credentials is refused', async () => {
    const headers = new Headers({ host: 'localhost', authorization: 'AWS4-HMAC-SHA256 Credential=a' })
    expect(await codeOf(await send('GET', '/', 'X-Amz-Algorithm=AWS4-HMAC-SHA256', headers))).toBe('InvalidArgument')
    expect(await codeOf(await send('GET', '/', 'AWSAccessKeyId=a&Signature=b&Expires=1', headers))).toBe(
      'InvalidArgument',
    )
  })

  test('of another time, region or scheme is refused by its own word', async () => {
    expect(await codeOf(await s3('GET', '/', { clockOffMillis: -16 * 60_000 }))).toBe('RequestTimeTooSkewed')
    expect(await codeOf(await s3('GET', '/', { clockOffMillis: 16 * 60_000 }))).toBe('RequestTimeTooSkewed')
    const wrong = await s3('GET', '/', { region: 'mars-north-1' })
    const text = await wrong.text()
    expect([wrong.status, texts(text, 'Code'), texts(text, 'Region')]).toEqual([
      400,
      ['AuthorizationHeaderMalformed'],
      ['us-east-1'],
    ])
    expect((await s3('GET', '/', { region: 'auto' })).status).toBe(200)
    for (const authorization of ['Basic cm9vdDpyb290', 'Bearer x', 'AWS a', 'nonsense']) {
      const headers = new Headers({ host: 'localhost', authorization })
      expect([authorization, await codeOf(await send('GET', '/', '', headers))]).toEqual([
        authorization,
        'InvalidArgument',
      ])
    }
  })

  test('with a session token is refused while there are none', async () => {
    expect(await codeOf(await s3('GET', '/', { headers: { 'x-amz-security-token': 'token' } }))).toBe('InvalidToken')
  })
})
