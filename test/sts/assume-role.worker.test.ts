import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { api, freshAccount, freshKey, freshUser, type Pair } from '../support/people'
import { postForm } from '../support/post-form'
import { codeOf, freshBucket, HOST, ROOT, type S3Ask, s3, s3Presigned, send, texts } from '../support/s3'

interface Session extends Pair {
  token: string
  expiration: string
}

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

function ask(parameters: Record<string, string>, more: S3Ask = {}): Promise<Response> {
  const body = new URLSearchParams({ Action: 'AssumeRole', Version: '2011-06-15', ...parameters }).toString()
  return s3('POST', '/', { service: 'sts', headers: form, body, ...more })
}

function read(xml: string): Session {
  const [accessKey = '', secretKey = '', token = '', expiration = ''] = [
    ...['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'],
  ].map(name => texts(xml, name)[0])
  return { accessKey, secretKey, token, expiration }
}

async function assume(as: Pair, parameters: Record<string, string> = {}): Promise<Session> {
  const answer = await ask(parameters, { as })
  const text = await answer.text()
  expect([answer.status, text]).toEqual([200, expect.stringContaining('<AssumeRoleResponse xmlns=')])
  return read(text)
}

/** A request with temporary credentials. */
function s3As({ token, ...as }: Session, method: string, path: string, more: S3Ask = {}): Promise<Response> {
  return s3(method, path, { ...more, as, headers: { 'x-amz-security-token': token, ...more.headers } })
}

describe('temporary credentials', () => {
  test('have the rights of the key that asked for them, in headers and in presigned URLs', async () => {
    for (const parent of [ROOT, (await freshAccount()).admin]) {
      const bucket = await freshBucket({ as: parent })
      const session = await assume(parent, { DurationSeconds: '900', RoleSessionName: 'test' })
      expect(session.accessKey).toMatch(/^WT/)
      expect(Math.abs(Date.parse(session.expiration) - Date.now() - 900_000)).toBeLessThan(30_000)
      expect((await s3As(session, 'PUT', `/${bucket}/key`, { body: 'x' })).status).toBe(200)
      const query = { 'X-Amz-Security-Token': session.token }
      expect(await (await s3Presigned('GET', `/${bucket}/key`, { as: session, query })).text()).toBe('x')
    }
  })

  test('sign forms, and requests in the older scheme', async () => {
    const bucket = await freshBucket()
    const { token, ...as } = await assume(ROOT)
    for (const scheme of ['sigv4', 'sigv2'] as const) {
      const fields = { key: scheme, 'x-amz-security-token': token }
      expect((await postForm({ bucket, scheme, as, fields })).status).toBe(204)
      expect(await codeOf(await postForm({ bucket, scheme, as, fields: { key: scheme } }))).toBe('InvalidToken')
    }
    const expires = String(Math.floor(Date.now() / 1000) + 60)
    const signed = `GET\n\n\n${expires}\nx-amz-security-token:${token}\n/${bucket}/sigv4`
    const query = new URLSearchParams({
      AWSAccessKeyId: as.accessKey,
      Expires: expires,
      Signature: createHmac('sha1', as.secretKey).update(signed).digest('base64'),
    })
    const get = (search: URLSearchParams) =>
      send('GET', `/${bucket}/sigv4`, search.toString(), new Headers({ host: HOST }))
    expect(await codeOf(await get(query))).toBe('InvalidToken')
    query.set('x-amz-security-token', token)
    expect((await get(query)).status).toBe(200)
  })

  test('are asked for in a query as well', async () => {
    const query = { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: 'arn:aws:iam::wharf:role/any-role' }
    const answer = await s3('GET', '/', { service: 'sts', query })
    expect(answer.headers.get('content-type')).toBe('text/xml')
    expect((await s3As(read(await answer.text()), 'GET', '/')).status).toBe(200)
  })

  test('are held to less by a session policy, never to more', async () => {
    const { id, admin } = await freshAccount()
    const bucket = await freshBucket({ as: admin })
    await s3('PUT', `/${bucket}/key`, { as: admin, body: 'x' })
    const reader = await freshUser(id, 'reader', { policies: ['readonly'] })
    const allow = (Action: string) =>
      JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] })
    const outcomes = async (session: Session) => [
      (await s3As(session, 'GET', `/${bucket}/key`)).status,
      (await s3As(session, 'GET', `/${bucket}`)).status,
      (await s3As(session, 'PUT', `/${bucket}/key`, { body: 'y' })).status,
    ]
    expect(await outcomes(await assume(admin, { Policy: allow('s3:GetObject') }))).toEqual([200, 403, 403])
    expect(await outcomes(await assume(reader, { Policy: allow('s3:*') }))).toEqual([200, 200, 403])
    expect(await outcomes(await assume(ROOT, { Policy: allow('s3:ListBucket') }))).toEqual([403, 200, 403])
    const limited = await freshKey({ policy: allow('s3:GetObject') }, admin)
    expect(await outcomes(await assume(limited, { Policy: allow('s3:*') }))).toEqual([200, 403, 403])
  })

  test('are nothing without their token, or with that of others', async () => {
    const [session, other] = [await assume(ROOT), await assume(ROOT)]
    const code = async (more: Partial<Session>) => codeOf(await s3As({ ...session, ...more }, 'GET', '/'))
    expect(await code({})).toBe('')
    expect(await codeOf(await s3('GET', '/', { as: session }))).toBe('InvalidToken')
    expect(await code({ token: other.token })).toBe('InvalidToken')
    expect(await code({ token: `${session.token.slice(0, -8)}AAAAAAA=` })).toBe('InvalidToken')
    expect(await code({ token: 'x'.repeat(7000) })).toBe('InvalidToken')
    expect(await code({ secretKey: other.secretKey })).toBe('SignatureDoesNotMatch')
    expect(await code({ ...ROOT })).toBe('InvalidToken')
    expect(await code({})).toBe('')
  })

  test('end with the key that asked for them', async () => {
    const { admin } = await freshAccount()
    for (const end of [
      (key: Pair) => api('DELETE', `keys/${key.accessKey}`, { as: admin }),
      (key: Pair) => api('PATCH', `keys/${key.accessKey}`, { as: admin, body: { disabled: true } }),
      async (key: Pair) => {
        await api('DELETE', `keys/${key.accessKey}`, { as: admin })
        return api('POST', 'keys', { as: admin, body: { ...key, secretKey: 'another-secret' } })
      },
    ]) {
      const key = await freshKey({}, admin)
      const session = await assume(key)
      expect(await codeOf(await s3As(session, 'GET', '/'))).toBe('')
      await end(key)
      expect(await codeOf(await s3As(session, 'GET', '/'))).toBe('InvalidAccessKeyId')
    }
  })

  test('end before a key that ends sooner, and make neither keys nor others of their kind', async () => {
    const { admin } = await freshAccount()
    const expiresMillis = Date.now() + 60_000
    const key = await freshKey({ expiresMillis }, admin)
    expect(Date.parse((await assume(key)).expiration)).toBeLessThanOrEqual(expiresMillis)
    const { token, ...as } = await assume(admin)
    const headers = { ...form, 'x-amz-security-token': token }
    expect(await codeOf(await ask({}, { as, headers }))).toBe('AccessDenied')
    const made = await s3('POST', '/_wharf/api/keys', { as, headers: { 'x-amz-security-token': token }, body: '{}' })
    expect(made.status).toBe(403)
  })
})

const refusals: [string, () => Promise<Response>, number, string][] = [
  ['nobody', () => ask({}, { as: 'nobody' }), 403, 'AccessDenied'],
  ['a stranger', () => ask({}, { as: { accessKey: 'stranger', secretKey: 'x' } }), 403, 'InvalidClientTokenId'],
  ['a wrong secret', () => ask({}, { as: { ...ROOT, secretKey: 'x' } }), 403, 'SignatureDoesNotMatch'],
  ['a signature for s3', () => ask({}, { service: 's3' }), 400, 'IncompleteSignature'],
  ['a body that was not signed', () => ask({}, { payloadHash: '0'.repeat(64) }), 403, 'SignatureDoesNotMatch'],
  ['another action', () => ask({ Action: 'GetFederationToken' }), 400, 'InvalidAction'],
  ['another version', () => ask({ Version: '2010-05-08' }), 400, 'InvalidAction'],
  ['a short time', () => ask({ DurationSeconds: '899' }), 400, 'ValidationError'],
  ['a long time', () => ask({ DurationSeconds: '43201' }), 400, 'ValidationError'],
  ['a time that is none', () => ask({ DurationSeconds: '1e3' }), 400, 'ValidationError'],
  ['a policy by ARN', () => ask({ 'PolicyArns.member.1.arn': 'arn:x' }), 400, 'ValidationError'],
  ['a long policy', () => ask({ Policy: ' '.repeat(2049) }), 400, 'ValidationError'],
  ['a policy that is none', () => ask({ Policy: '{}' }), 400, 'MalformedPolicyDocument'],
  ['a session name that is none', () => ask({ RoleSessionName: 'a/b' }), 400, 'ValidationError'],
]

for (const [what, asked, status, code] of refusals) {
  test(`${what} is refused`, async () => {
    const answer = await asked()
    const text = await answer.text()
    expect([answer.status, texts(text, 'Code')]).toEqual([status, [code]])
    expect(text).toContain('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">')
  })
}

test('a session that is over is told so', async () => {
  const { sealSession, openSession, newAccessKey, proofOf } = await import('../../src/auth/session-token')
  const masterKey = Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', 'base64')
  const own = { accessKey: newAccessKey('temporary'), secretKey: 'session-secret', expiresMillis: Date.now() - 1 }
  const session = { ...own, parent: ROOT.accessKey, proof: proofOf(ROOT.secretKey) }
  const token = await sealSession(masterKey, session)
  expect(await openSession(masterKey, own.accessKey, token)).toEqual(session)
  expect(await codeOf(await s3As({ ...own, token, expiration: '' }, 'GET', '/'))).toBe('ExpiredToken')
})
