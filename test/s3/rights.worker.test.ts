import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { openWharf } from '../../src/wharf'
import { codeOf, freshBucket, s3, texts } from '../support/s3'

const ann = { accessKey: 'ann-key', secretKey: 'ann-secret-key' }
const ben = { accessKey: 'ben-key', secretKey: 'ben-secret-key' }
const rea = { accessKey: 'rea-key', secretKey: 'rea-secret-key' }

beforeAll(async () => {
  const { identities } = await openWharf(env, createExecutionContext())
  for (const [id, users] of Object.entries({
    alpha: [
      { name: 'ann', admin: true, policies: [], ...ann },
      { name: 'rea', admin: false, policies: ['readonly'], ...rea },
    ],
    beta: [{ name: 'ben', admin: true, policies: [], ...ben }],
  })) {
    await identities.createAccount({ id, name: id, displayName: id })
    for (const user of users) await identities.createUser({ account: id, ...user })
  }
})

const get = (path: string, as: Parameters<typeof s3>[2] = {}) => s3('GET', path, as)
const putPolicy = (bucket: string, ...statements: object[]) =>
  s3('PUT', `/${bucket}`, {
    query: { policy: '' },
    body: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    as: ann,
  })

describe('without a word about it', () => {
  test('a bucket is its account’s alone, and a user with few rights has no more', async () => {
    const bucket = await freshBucket({ as: ann })
    expect((await s3('PUT', `/${bucket}/key`, { body: 'x', as: ann })).status).toBe(200)
    expect((await get(`/${bucket}/key`, { as: rea })).status).toBe(200)
    expect((await s3('PUT', `/${bucket}/key`, { body: 'y', as: rea })).status).toBe(403)
    expect((await s3('DELETE', `/${bucket}/key`, { as: rea })).status).toBe(403)
    for (const as of [ben, 'nobody' as const]) {
      expect((await get(`/${bucket}/key`, { as })).status).toBe(403)
      expect((await get(`/${bucket}/missing`, { as })).status).toBe(403)
      expect((await get(`/${bucket}`, { as })).status).toBe(403)
      expect((await s3('PUT', `/${bucket}/key`, { body: 'y', as })).status).toBe(403)
    }
    expect((await get(`/${bucket}/key`)).status).toBe(200)
  })
})

describe('an ACL', () => {
  test('public-read lets anybody read that object, and nothing else', async () => {
    const bucket = await freshBucket({ as: ann })
    await s3('PUT', `/${bucket}/open`, { body: 'x', as: ann, headers: { 'x-amz-acl': 'public-read' } })
    await s3('PUT', `/${bucket}/closed`, { body: 'x', as: ann })
    expect(await (await get(`/${bucket}/open`, { as: 'nobody' })).text()).toBe('x')
    expect((await get(`/${bucket}/closed`, { as: 'nobody' })).status).toBe(403)
    expect((await get(`/${bucket}`, { as: 'nobody' })).status).toBe(403)
    const xml = await (await get(`/${bucket}/open`, { as: ann, query: { acl: '' } })).text()
    expect(texts(xml, 'Permission')).toEqual(['FULL_CONTROL', 'READ'])
    expect(
      (await s3('PUT', `/${bucket}/open`, { as: ann, query: { acl: '' }, headers: { 'x-amz-acl': 'private' } })).status,
    ).toBe(200)
    expect((await get(`/${bucket}/open`, { as: 'nobody' })).status).toBe(403)
  })

  test('of a bucket lets anybody list or write it; what another account writes is its own', async () => {
    const bucket = await freshBucket({ as: ann, headers: { 'x-amz-acl': 'public-read-write' } })
    expect((await get(`/${bucket}`, { as: 'nobody' })).status).toBe(200)
    expect((await s3('PUT', `/${bucket}/bens`, { body: 'x', as: ben })).status).toBe(200)
    expect((await get(`/${bucket}/bens`, { as: ben })).status).toBe(200)
    expect((await get(`/${bucket}/bens`, { as: ann })).status).toBe(403)
    const copied = await s3('PUT', `/${bucket}/copy`, { as: ann, headers: { 'x-amz-copy-source': `${bucket}/bens` } })
    expect(copied.status).toBe(403)
    expect((await s3('DELETE', `/${bucket}/bens`, { as: ann })).status).toBe(204)
    await s3('PUT', `/${bucket}/shared`, { body: 'x', as: ben, headers: { 'x-amz-acl': 'bucket-owner-full-control' } })
    expect((await get(`/${bucket}/shared`, { as: ann })).status).toBe(200)
    const begun = await s3('POST', `/${bucket}/parts`, { as: ben, query: { uploads: '' } })
    expect(begun.status).toBe(200)
  })

  test('names another account', async () => {
    const bucket = await freshBucket({ as: ann })
    await s3('PUT', `/${bucket}/key`, { body: 'x', as: ann, headers: { 'x-amz-grant-read': 'id=beta' } })
    expect((await get(`/${bucket}/key`, { as: ben })).status).toBe(200)
    expect((await get(`/${bucket}/key`, { as: 'nobody' })).status).toBe(403)
    const wrong = await s3('PUT', `/${bucket}/key`, {
      body: 'x',
      as: ann,
      headers: { 'x-amz-grant-read': 'id=nowhere' },
    })
    expect(await codeOf(wrong)).toBe('InvalidArgument')
  })

  test('means nothing where the bucket owner owns all, or public ones are blocked or ignored', async () => {
    const enforced = await freshBucket({ as: ann, headers: { 'x-amz-object-ownership': 'BucketOwnerEnforced' } })
    const refused = await s3('PUT', `/${enforced}/key`, { body: 'x', as: ann, headers: { 'x-amz-acl': 'public-read' } })
    expect(await codeOf(refused)).toBe('AccessControlListNotSupported')
    const bucket = await freshBucket({ as: ann })
    await s3('PUT', `/${bucket}/key`, { body: 'x', as: ann, headers: { 'x-amz-acl': 'public-read' } })
    const block = `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>`
    expect((await s3('PUT', `/${bucket}`, { as: ann, query: { publicAccessBlock: '' }, body: block })).status).toBe(200)
    expect((await get(`/${bucket}/key`, { as: 'nobody' })).status).toBe(403)
    const blocked = await s3('PUT', `/${bucket}/key`, { body: 'x', as: ann, headers: { 'x-amz-acl': 'public-read' } })
    expect(await codeOf(blocked)).toBe('AccessDenied')
  })
})

describe('a bucket policy', () => {
  test('opens a prefix to everyone, and takes nothing with it', async () => {
    const bucket = await freshBucket({ as: ann })
    for (const key of ['pub/a', 'priv/a']) await s3('PUT', `/${bucket}/${key}`, { body: 'x', as: ann })
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/pub/*`,
    }
    expect((await putPolicy(bucket, statement)).status).toBe(204)
    expect((await get(`/${bucket}/pub/a`, { as: 'nobody' })).status).toBe(200)
    expect((await get(`/${bucket}/priv/a`, { as: 'nobody' })).status).toBe(403)
    expect((await get(`/${bucket}/pub/missing`, { as: 'nobody' })).status).toBe(403)
    const status = await get(`/${bucket}`, { as: ann, query: { policyStatus: '' } })
    expect(await status.text()).toContain('<IsPublic>true</IsPublic>')
    expect(JSON.parse(await (await get(`/${bucket}`, { as: ann, query: { policy: '' } })).text()).Statement).toEqual([
      statement,
    ])
    expect((await s3('DELETE', `/${bucket}`, { as: ann, query: { policy: '' } })).status).toBe(204)
    expect((await get(`/${bucket}/pub/a`, { as: 'nobody' })).status).toBe(403)
  })

  test('denies beat every allow, also the owner’s and root’s, but not their hand on the policy', async () => {
    const bucket = await freshBucket({ as: ann })
    await s3('PUT', `/${bucket}/key`, { body: 'x', as: ann })
    await putPolicy(bucket, {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/*`,
    })
    expect((await get(`/${bucket}/key`, { as: ann })).status).toBe(403)
    expect((await get(`/${bucket}/key`)).status).toBe(403)
    const copy = await s3('PUT', `/${bucket}/copy`, { as: ann, headers: { 'x-amz-copy-source': `${bucket}/key` } })
    expect(copy.status).toBe(403)
    expect((await s3('DELETE', `/${bucket}`, { query: { policy: '' } })).status).toBe(204)
    expect((await get(`/${bucket}/key`, { as: ann })).status).toBe(200)
  })

  test('lets another account in by name, where its own user may too', async () => {
    const bucket = await freshBucket({ as: ann })
    const principal = { AWS: 'arn:aws:iam::beta:user/ben' }
    await putPolicy(bucket, {
      Effect: 'Allow',
      Principal: principal,
      Action: 's3:*',
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    })
    expect((await s3('PUT', `/${bucket}/key`, { body: 'x', as: ben })).status).toBe(200)
    expect((await get(`/${bucket}`, { as: ben })).status).toBe(200)
  })

  test('judges by prefix, tags, headers and address', async () => {
    const bucket = await freshBucket({ as: ann })
    await putPolicy(
      bucket,
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringLike: { 's3:prefix': 'pub/*' } },
      },
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: {
          StringNotEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' },
          Null: { 's3:x-amz-storage-class': 'false' },
        },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteObject',
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: { StringEquals: { 's3:ExistingObjectTag/keep': 'yes' } },
      },
    )
    expect((await get(`/${bucket}`, { as: 'nobody', query: { prefix: 'pub/' } })).status).toBe(200)
    expect((await get(`/${bucket}`, { as: 'nobody', query: { prefix: 'priv/' } })).status).toBe(403)
    expect((await get(`/${bucket}`, { as: 'nobody' })).status).toBe(403)
    await s3('PUT', `/${bucket}/tagged`, { body: 'x', as: ann, headers: { 'x-amz-tagging': 'open=yes&keep=yes' } })
    await s3('PUT', `/${bucket}/untagged`, { body: 'x', as: ann })
    expect((await get(`/${bucket}/tagged`, { as: 'nobody' })).status).toBe(200)
    expect((await get(`/${bucket}/untagged`, { as: 'nobody' })).status).toBe(403)
    const denied = await s3('PUT', `/${bucket}/k`, {
      body: 'x',
      as: ann,
      headers: { 'x-amz-storage-class': 'ONEZONE_IA' },
    })
    expect(denied.status).toBe(403)
    expect((await s3('DELETE', `/${bucket}/tagged`, { as: ann })).status).toBe(403)
    expect((await s3('DELETE', `/${bucket}/untagged`, { as: ann })).status).toBe(204)
  })

  test('that is malformed, for another bucket, or blocked is refused', async () => {
    const bucket = await freshBucket({ as: ann })
    const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` }
    expect(await codeOf(await s3('PUT', `/${bucket}`, { as: ann, query: { policy: '' }, body: '{' }))).toBe(
      'MalformedPolicy',
    )
    expect(await codeOf(await putPolicy(bucket, { ...statement, Resource: 'arn:aws:s3:::other/*' }))).toBe(
      'MalformedPolicy',
    )
    const block =
      '<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>'
    await s3('PUT', `/${bucket}`, { as: ann, query: { publicAccessBlock: '' }, body: block })
    expect(await codeOf(await putPolicy(bucket, statement))).toBe('AccessDenied')
    expect(await codeOf(await get(`/${bucket}`, { as: ann, query: { policy: '' } }))).toBe('NoSuchBucketPolicy')
  })
})
