import { describe, expect, test } from 'vitest'
import { sha256, signed } from '../auth/independent-signer'
import { api, freshAccount, freshKey, type Pair } from '../support/people'
import { allow, deny, freshUserWith, policy, setBucketPolicy, setVersioning, where } from '../support/policies'
import { postForm } from '../support/post-form'
import { codeOf, freshBucket, HOST, s3, s3Presigned, send, texts } from '../support/s3'

const TO_ALL_USERS = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'

/** An account with a bucket that holds these keys. */
async function accountWith(...keys: string[]): Promise<{ account: string; admin: Pair; bucket: string }> {
  const { id: account, admin } = await freshAccount()
  const bucket = await freshBucket({ as: admin })
  for (const key of keys) await s3('PUT', `/${bucket}/${key}`, { as: admin, body: key })
  return { account, admin, bucket }
}

async function isPublic(bucket: string, key = 'key'): Promise<boolean> {
  return (await s3('GET', `/${bucket}/${key}`, { as: 'nobody' })).status === 200
}

describe('a key that is held to a prefix', () => {
  async function limited() {
    const { admin, bucket } = await accountWith('mine/a', 'secret/a')
    const key = await freshKey({ scope: { bucket, prefix: 'mine/', access: 'readonly' } }, admin)
    const list = async (pairs: [string, string][], respell = (query: string) => query) => {
      const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
      const what = { path: `/${bucket}`, query: pairs, headers: { host: HOST }, payloadHash: sha256('') }
      const sent = signed({ ...what, ...key, time })
      const answer = await send('GET', sent.rawPath, respell(sent.rawQuery), sent.headers)
      const text = await answer.text()
      return { status: answer.status, keys: texts(text, 'Key') }
    }
    return { list }
  }

  test('lists what is under it, and nothing else', async () => {
    const { list } = await limited()
    expect(await list([['prefix', 'mine/']])).toEqual({ status: 200, keys: ['mine/a'] })
    for (const prefix of ['secret/', '', 'min']) {
      expect(await list([['prefix', prefix]])).toEqual({ status: 403, keys: [] })
    }
    expect(await list([])).toEqual({ status: 403, keys: [] })
  })

  test('sees no further by another spelling of the parameter, or by naming it twice', async () => {
    const { list } = await limited()
    const spellings: [[string, string][], ((query: string) => string)?][] = [
      [
        [
          ['Prefix', 'mine/'],
          ['prefix', 'secret/'],
        ],
      ],
      [[['PREFIX', 'mine/']]],
      [
        [
          ['prefix', 'secret/'],
          ['Prefix', 'mine/'],
        ],
      ],
      [
        [
          ['prefix', 'mine/'],
          ['prefix', 'secret/'],
        ],
      ],
      [
        [
          ['prefix', 'secret/'],
          ['prefix', 'mine/'],
        ],
      ],
      [
        [
          ['prefix', 'mine/'],
          ['prefix', 'secret/'],
        ],
        query => query.replace('prefix=secret', '%70refix=secret'),
      ],
      [
        [
          ['prefix', 'secret/'],
          ['prefix', 'mine/'],
        ],
        query => query.replace('prefix=mine', '%70refix=mine'),
      ],
      [
        [
          ['prefix', 'secret/'],
          ['prefix', 'mine/'],
        ],
        query => query.split('&').reverse().join('&'),
      ],
    ]
    for (const [pairs, respell] of spellings) {
      const { status, keys } = await list(pairs, respell)
      // A parameter that stands there twice counts once: the right is judged by the one that is listed by.
      expect([200, 400, 403], JSON.stringify(pairs)).toContain(status)
      expect(keys.filter(key => !key.startsWith('mine/'))).toEqual([])
    }
  })
})

describe('a condition on a header', () => {
  const NO_PUBLIC = deny(['s3:PutObject', 's3:PutObjectAcl'], where('s3:x-amz-acl', 'public-read'))

  async function userWithoutPublic() {
    const { account, bucket } = await accountWith()
    return { bucket, as: await freshUserWith(account, 'u', allow('s3:*'), NO_PUBLIC) }
  }

  test('is not met by a query parameter that the operation does not go by', async () => {
    const { account, bucket } = await accountWith()
    const as = await freshUserWith(account, 'u', allow('s3:PutObject', where('s3:x-amz-storage-class', 'STANDARD_IA')))
    const query = { 'x-amz-storage-class': 'STANDARD_IA' }
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { as, body: 'x' }))).toBe('AccessDenied')
    expect(await codeOf(await s3('PUT', `/${bucket}/key`, { as, body: 'x', query }))).toBe('AccessDenied')
    expect((await s3('PUT', `/${bucket}/key`, { as, body: 'x', headers: query })).status).toBe(200)
  })

  test('sees the field of a form that acts like it', async () => {
    const { bucket, as } = await userWithoutPublic()
    const form = (acl: string) => postForm({ bucket, as, fields: { key: 'key', acl } })
    expect(
      await codeOf(await s3('PUT', `/${bucket}/key`, { as, body: 'x', headers: { 'x-amz-acl': 'public-read' } })),
    ).toBe('AccessDenied')
    expect(await codeOf(await form('public-read'))).toBe('AccessDenied')
    expect(await isPublic(bucket)).toBe(false)
    expect((await form('private')).status).toBe(204)
  })

  test('sees what a presigned URL carries, whatever its spelling and whatever header stands beside it', async () => {
    const { bucket, as } = await userWithoutPublic()
    const put = (query: Record<string, string>, headers: Record<string, string> = {}) =>
      s3Presigned('PUT', `/${bucket}/key`, { as, body: 'x', query, headers })
    expect((await put({ 'x-amz-acl': 'public-read' })).status).toBe(403)
    expect((await put({ 'X-Amz-Acl': 'public-read' })).status).toBe(403)
    expect((await put({ 'x-amz-acl': 'public-read' }, { 'x-amz-acl': 'private' })).status).toBe(403)
    expect([400, 403]).toContain((await put({ 'X-Amz-Acl': 'private', 'x-amz-acl': 'public-read' })).status)
    expect((await put({ 'x-amz-acl': 'private' }, { 'x-amz-acl': 'public-read' })).status).not.toBe(500)
    expect(await isPublic(bucket)).toBe(false)
  })
})

describe('a condition on the version', () => {
  test('is met by the version that is read, not by a parameter beside it', async () => {
    const { account, admin, bucket } = await accountWith()
    await setVersioning(bucket, 'Enabled', admin)
    const put = async (body: string) =>
      (await s3('PUT', `/${bucket}/key`, { as: admin, body })).headers.get('x-amz-version-id') ?? ''
    const [open, secret] = [await put('open'), await put('secret')]
    const as = await freshUserWith(
      account,
      'u',
      allow(['s3:PutObject', 's3:GetObject'], { Resource: `arn:aws:s3:::${bucket}/copy` }),
      allow('s3:GetObjectVersion', where('s3:VersionId', open)),
    )
    expect((await s3('GET', `/${bucket}/key`, { as, query: { versionId: open } })).status).toBe(200)
    expect((await s3('GET', `/${bucket}/key`, { as, query: { versionId: secret } })).status).toBe(403)
    const headers = { 'x-amz-copy-source': `/${bucket}/key?versionId=${secret}` }
    expect((await s3('PUT', `/${bucket}/copy`, { as, query: { versionId: open }, headers })).ok).toBe(false)
    expect((await s3('PUT', `/${bucket}/copy`, { as, headers })).status).toBe(403)
    expect((await s3('GET', `/${bucket}/copy`, { as: admin })).status).toBe(404)
  })
})

describe('an ACL does not allow itself', () => {
  test('to a user who may only put objects', async () => {
    const { account, bucket } = await accountWith()
    const as = await freshUserWith(account, 'u', allow('s3:PutObject'))
    for (const headers of [
      { 'x-amz-acl': 'public-read' },
      { 'x-amz-grant-full-control': TO_ALL_USERS },
      { 'x-amz-grant-write-acp': TO_ALL_USERS },
    ] as Record<string, string>[]) {
      expect(await codeOf(await s3('PUT', `/${bucket}/key`, { as, body: 'x', headers }))).toBe('AccessDenied')
      expect(await codeOf(await s3('POST', `/${bucket}/key`, { as, query: { uploads: '' }, headers }))).toBe(
        'AccessDenied',
      )
      expect(await isPublic(bucket)).toBe(false)
    }
    expect((await s3('PUT', `/${bucket}/key`, { as, body: 'x' })).status).toBe(200)
    const headers = { 'x-amz-copy-source': `/${bucket}/key`, 'x-amz-grant-full-control': TO_ALL_USERS }
    expect(await codeOf(await s3('PUT', `/${bucket}/copy`, { as, headers }))).toBe('AccessDenied')
  })

  test('to somebody whom the bucket lets in without a name', async () => {
    const { admin, bucket } = await accountWith()
    await setBucketPolicy(bucket, admin, allow('s3:PutObject', { Resource: `arn:aws:s3:::${bucket}/*` }))
    const headers = { 'x-amz-grant-full-control': TO_ALL_USERS }
    const refused = await s3('PUT', `/${bucket}/key`, { as: 'nobody', body: 'x', headers })
    expect(await codeOf(refused)).toBe('AccessDenied')
    expect(await isPublic(bucket)).toBe(false)
    expect((await s3('PUT', `/${bucket}/key`, { as: 'nobody', body: 'x' })).status).toBe(200)
  })
})

describe('emptying a bucket', () => {
  const start = async (bucket: string, as: Pair) =>
    (await api('POST', 'jobs', { as, body: { kind: 'empty-bucket', params: { bucket } } })).status

  test('is not for who may remove only some of it', async () => {
    const { account, admin, bucket } = await accountWith('protected/a')
    const spared = { Resource: `arn:aws:s3:::${bucket}/protected/*` }
    const few = await freshUserWith(account, 'few', allow('s3:DeleteObject'), deny('s3:DeleteObject', spared))
    const most = await freshUserWith(account, 'most', allow('s3:*'), deny('s3:DeleteObject', spared))
    const scope = { bucket, prefix: 'mine/', access: 'readwrite' }
    const limited = await freshKey({ scope }, admin)
    const session = await freshKey({ policy: policy(allow('s3:*')) }, admin)
    for (const as of [few, most, limited, session]) expect(await start(bucket, as)).toBe(403)
    expect((await s3('GET', `/${bucket}/protected/a`, { as: admin })).status).toBe(200)
  })

  test('is not for a stranger whom an ACL lets write', async () => {
    const { admin, bucket } = await accountWith('a')
    const { admin: stranger } = await freshAccount()
    const headers = { 'x-amz-acl': 'public-read-write' }
    expect((await s3('PUT', `/${bucket}`, { as: admin, query: { acl: '' }, headers })).status).toBe(200)
    expect(await start(bucket, stranger)).toBe(403)
    expect((await s3('GET', `/${bucket}/a`, { as: admin })).status).toBe(200)
    expect(await start(bucket, admin)).toBe(201)
  })
})

describe('the documents of a bucket', () => {
  const READS: Record<string, string> = {
    accelerate: 's3:GetAccelerateConfiguration',
    analytics: 's3:GetAnalyticsConfiguration',
    cors: 's3:GetBucketCORS',
    encryption: 's3:GetEncryptionConfiguration',
    'intelligent-tiering': 's3:GetIntelligentTieringConfiguration',
    inventory: 's3:GetInventoryConfiguration',
    lifecycle: 's3:GetLifecycleConfiguration',
    logging: 's3:GetBucketLogging',
    metrics: 's3:GetMetricsConfiguration',
    notification: 's3:GetBucketNotification',
    'object-lock': 's3:GetBucketObjectLockConfiguration',
    ownershipControls: 's3:GetBucketOwnershipControls',
    publicAccessBlock: 's3:GetBucketPublicAccessBlock',
    replication: 's3:GetReplicationConfiguration',
    requestPayment: 's3:GetBucketRequestPayment',
    tagging: 's3:GetBucketTagging',
    versioning: 's3:GetBucketVersioning',
    website: 's3:GetBucketWebsite',
  }
  const DELETES: Record<string, string> = {
    cors: 's3:PutBucketCORS',
    encryption: 's3:PutEncryptionConfiguration',
    lifecycle: 's3:PutLifecycleConfiguration',
    ownershipControls: 's3:PutBucketOwnershipControls',
    publicAccessBlock: 's3:PutBucketPublicAccessBlock',
    tagging: 's3:PutBucketTagging',
    website: 's3:DeleteBucketWebsite',
  }
  const LIFECYCLE =
    '<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>' +
    '<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>'

  test('are read by who has the right of AWS’s name for it, and by nobody else', async () => {
    const { account, bucket } = await accountWith()
    const rights = Object.values(READS)
    const reader = await freshUserWith(account, 'reader', allow(rights))
    const other = await freshUserWith(account, 'other', allow('s3:*'), deny(rights))
    for (const resource of Object.keys(READS)) {
      const ask = (as: Pair) => s3('GET', `/${bucket}`, { as, query: { [resource]: '' } })
      expect(await codeOf(await ask(reader)), resource).not.toBe('AccessDenied')
      expect(await codeOf(await ask(other)), resource).toBe('AccessDenied')
    }
  })

  test('are put and deleted by who has the right of AWS’s name for it, and by nobody else', async () => {
    const { account, bucket } = await accountWith()
    const rights = Object.values(DELETES)
    const writer = await freshUserWith(account, 'writer', allow(rights))
    const other = await freshUserWith(account, 'other', allow('s3:*'), deny(rights))
    const put = { query: { lifecycle: '' }, body: LIFECYCLE }
    expect(await codeOf(await s3('PUT', `/${bucket}`, { as: other, ...put }))).toBe('AccessDenied')
    expect((await s3('PUT', `/${bucket}`, { as: writer, ...put })).status).toBe(200)
    for (const resource of Object.keys(DELETES)) {
      const ask = (as: Pair) => s3('DELETE', `/${bucket}`, { as, query: { [resource]: '' } })
      expect(await codeOf(await ask(other)), resource).toBe('AccessDenied')
      expect((await ask(writer)).status, resource).toBe(204)
    }
  })
})
