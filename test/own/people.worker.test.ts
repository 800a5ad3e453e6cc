import { beforeAll, describe, expect, test } from 'vitest'
import { api, freshAccount, freshKey, freshUser, type Pair } from '../support/people'
import { codeOf, freshBucket, ROOT, s3 } from '../support/s3'

const READ_ONE = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::*/one' }],
}

async function codesOf(asks: Promise<{ body: Record<string, unknown> }>[]): Promise<unknown[]> {
  return (await Promise.all(asks)).map(({ body }) => body.code)
}

describe('accounts', () => {
  test('are made, shown, changed and removed by root', async () => {
    const account = { name: 'made-account', id: 'made-id', displayName: 'Made', email: 'made@example.com' }
    expect(await api('POST', 'accounts', { body: account })).toEqual({ status: 201, body: account })
    expect((await api('POST', 'accounts', { body: account })).status).toBe(409)
    const changed = { ...account, displayName: 'Changed' }
    expect((await api('PATCH', 'accounts/made-id', { body: { displayName: 'Changed' } })).body).toEqual(changed)
    expect((await api('GET', 'accounts/made-id')).body).toEqual(changed)
    expect((await api('GET', 'accounts')).body.accounts).toContainEqual(changed)
    expect((await api('DELETE', 'accounts/made-id')).status).toBe(204)
    expect((await api('GET', 'accounts/made-id')).body.code).toBe('NoSuchEntity')
  })

  test('stay while they have users or buckets, and root has one that always stays', async () => {
    const { id, admin } = await freshAccount()
    expect((await api('DELETE', `accounts/${id}`)).status).toBe(409)
    const bucket = await freshBucket({ as: admin })
    expect((await api('DELETE', 'users/admin', { query: { account: id } })).status).toBe(204)
    expect((await api('DELETE', `accounts/${id}`)).body.error).toContain('buckets')
    await s3('DELETE', `/${bucket}`)
    expect((await api('DELETE', `accounts/${id}`)).status).toBe(204)
    expect((await api('DELETE', 'accounts/wharf')).status).toBe(409)
    expect((await api('POST', 'accounts', { body: { name: 'wharf' } })).status).toBe(409)
  })
})

describe('users and groups', () => {
  test('are made, shown, changed and removed by the admin of their account', async () => {
    const { id: account, admin: as } = await freshAccount()
    const user = { account, name: 'u@x.org', admin: false, disabled: false, policies: ['readonly'], groups: [] }
    expect(await api('POST', 'users', { as, body: { name: user.name, policies: ['readonly'] } })).toEqual({
      status: 201,
      body: user,
    })
    expect((await api('POST', 'users', { as, body: { name: user.name } })).status).toBe(409)
    const group = { account, name: 'crew', policies: ['writeonly'], members: [user.name] }
    expect((await api('POST', 'groups', { as, body: { ...group, account: undefined } })).body).toEqual(group)
    expect((await api('GET', `users/${user.name}`, { as })).body).toEqual({ ...user, groups: ['crew'] })
    const changed = await api('PATCH', `users/${user.name}`, { as, body: { groups: [], disabled: true } })
    expect(changed.body).toEqual({ ...user, disabled: true })
    expect((await api('GET', 'groups/crew', { as })).body).toEqual({ ...group, members: [] })
    expect((await api('PATCH', 'groups/crew', { as, body: { policies: [] } })).body.policies).toEqual([])
    expect((await api('GET', 'users', { as })).body.users).toHaveLength(2)
    expect((await api('GET', 'groups', { as })).body.groups).toHaveLength(1)
    expect((await api('DELETE', 'groups/crew', { as })).status).toBe(204)
    expect((await api('DELETE', `users/${user.name}`, { as })).status).toBe(204)
    expect((await api('GET', `users/${user.name}`, { as })).status).toBe(404)
  })

  test('can name only policies, groups and users that are there', async () => {
    const { admin: as } = await freshAccount()
    const codes = await codesOf([
      api('POST', 'users', { as, body: { name: 'u', policies: ['none'] } }),
      api('POST', 'users', { as, body: { name: 'u', groups: ['none'] } }),
      api('POST', 'groups', { as, body: { name: 'g', members: ['none'] } }),
      api('PATCH', 'users/none', { as, body: {} }),
      api('PATCH', 'groups/none', { as, body: {} }),
      api('POST', 'users', { body: { account: 'no-account', name: 'u' } }),
    ])
    expect(codes).toEqual(Array(6).fill('NoSuchEntity'))
    expect((await api('GET', 'users/u', { as })).status).toBe(404)
  })

  test('have what their policies allow, from the next request on', async () => {
    const { id, admin } = await freshAccount()
    const user = await freshUser(id, 'u')
    const bucket = await freshBucket({ as: admin })
    await s3('PUT', `/${bucket}/one`, { as: admin, body: 'x' })
    const get = () => s3('GET', `/${bucket}/one`, { as: user }).then(answer => answer.status)
    expect(await get()).toBe(403)
    await api('POST', 'policies', { as: admin, body: { name: 'one', document: READ_ONE } })
    await api('POST', 'groups', { as: admin, body: { name: 'g', policies: ['one'], members: ['u'] } })
    expect(await get()).toBe(200)
    expect(await codeOf(await s3('GET', `/${bucket}/two`, { as: user }))).toBe('AccessDenied')
    const nothing = { ...READ_ONE, Statement: [{ ...READ_ONE.Statement[0], Effect: 'Deny' }] }
    await api('PUT', 'policies/one', { as: admin, body: { document: nothing } })
    await api('PATCH', 'users/u', { as: admin, body: { policies: ['readwrite'] } })
    expect(await get()).toBe(403)
    await api('PATCH', 'users/u', { as: admin, body: { groups: [] } })
    expect(await get()).toBe(200)
    await api('PATCH', 'users/u', { as: admin, body: { disabled: true } })
    expect(await codeOf(await s3('GET', `/${bucket}/one`, { as: user }))).toBe('InvalidAccessKeyId')
  })
})

describe('policies', () => {
  test('are made, shown, changed and removed; the managed ones stand before them', async () => {
    const { id: account, admin: as } = await freshAccount()
    const policy = { account, name: 'p', document: READ_ONE }
    expect((await api('POST', 'policies', { as, body: { name: 'p', document: READ_ONE } })).body).toEqual(policy)
    expect((await api('POST', 'policies', { as, body: { name: 'p', document: READ_ONE } })).status).toBe(409)
    const { policies } = (await api('GET', 'policies', { as })).body as { policies: { name: string }[] }
    expect(policies.map(({ name }) => name)).toEqual(['readonly', 'readwrite', 'writeonly', 'consoleAdmin', 'p'])
    expect((await api('GET', 'policies/readonly', { as })).body.name).toBe('readonly')
    await api('PATCH', 'users/admin', { as, body: { policies: ['p'] } })
    expect((await api('DELETE', 'policies/p', { as })).body.error).toContain('attached to user "admin"')
    await api('PATCH', 'users/admin', { as, body: { policies: [] } })
    expect((await api('DELETE', 'policies/p', { as })).status).toBe(204)
    expect((await api('GET', 'policies/p', { as })).status).toBe(404)
  })

  test('that say nothing sound, or have a managed name, are refused', async () => {
    const { admin: as } = await freshAccount()
    const add = (name: string, document: unknown) => api('POST', 'policies', { as, body: { name, document } })
    const bucketPolicy = { Version: '2012-10-17', Statement: [{ ...READ_ONE.Statement[0], Principal: '*' }] }
    expect(await codesOf([add('p', {}), add('p', '{"Version":1}'), add('p', bucketPolicy)])).toEqual(
      Array(3).fill('MalformedPolicy'),
    )
    expect(await codesOf([add('p', 1), add('a/b', READ_ONE)])).toEqual(['BadRequest', 'BadRequest'])
    expect(await codesOf([add('readonly', READ_ONE), api('DELETE', 'policies/readonly', { as })])).toEqual([
      'Conflict',
      'Conflict',
    ])
  })
})

describe('access keys', () => {
  test('show their secret once, when they are made', async () => {
    const { id: account, admin: as } = await freshAccount()
    const made = await api('POST', 'keys', { as, body: { description: 'for the backup' } })
    const { secretKey, ...key } = made.body
    expect(key).toMatchObject({ account, user: 'admin', description: 'for the backup', disabled: false })
    expect(secretKey).toMatch(/^[\w-]{40}$/)
    const listed = await api('GET', 'keys', { as, query: { user: 'admin' } })
    expect(listed.body.keys).toContainEqual(key)
    expect(JSON.stringify(listed.body)).not.toContain(secretKey)
    expect((await api('GET', `keys/${key.accessKey}`, { as })).body).toEqual(key)
  })

  test('end when they are disabled, removed, or over', async () => {
    const { admin } = await freshAccount()
    const ask = (as: Pair) => s3('GET', '/', { as }).then(codeOf)
    const [disabled, removed] = [await freshKey({}, admin), await freshKey({}, admin)]
    const short = await freshKey({ expiresMillis: Date.now() + 1500 }, admin)
    expect(await Promise.all([ask(disabled), ask(removed), ask(short)])).toEqual(['', '', ''])
    await api('PATCH', `keys/${disabled.accessKey}`, { as: admin, body: { disabled: true } })
    await api('DELETE', `keys/${removed.accessKey}`, { as: admin })
    await new Promise(resolve => setTimeout(resolve, 1600))
    const over = await Promise.all([ask(disabled), ask(removed), ask(short)])
    expect(over).toEqual(Array(3).fill('InvalidAccessKeyId'))
    await api('PATCH', `keys/${disabled.accessKey}`, { as: admin, body: { disabled: false } })
    await api('PATCH', `keys/${short.accessKey}`, { as: admin, body: { expiresMillis: null } })
    expect(await Promise.all([ask(disabled), ask(short)])).toEqual(['', ''])
  })

  test('of a removed user are gone', async () => {
    const { id, admin } = await freshAccount()
    const user = await freshUser(id, 'u')
    await api('DELETE', 'users/u', { as: admin })
    expect(await codeOf(await s3('GET', '/', { as: user }))).toBe('InvalidAccessKeyId')
    await api('POST', 'users', { as: admin, body: { name: 'u' } })
    expect(await codeOf(await s3('GET', '/', { as: user }))).toBe('InvalidAccessKeyId')
  })

  test('may bring their own pair, which nobody else may have', async () => {
    const { admin } = await freshAccount()
    const pair = { accessKey: 'MY.KEY', secretKey: 'my-own-secret' }
    expect(await freshKey(pair, admin)).toEqual(pair)
    expect((await api('POST', 'keys', { as: admin, body: pair })).status).toBe(409)
    const roots = { accessKey: ROOT.accessKey, secretKey: 'my-own-secret' }
    expect((await api('POST', 'keys', { as: admin, body: roots })).status).toBe(409)
  })

  test('with a policy may do what it allows and their user may, and no more', async () => {
    const { id, admin } = await freshAccount()
    const bucket = await freshBucket({ as: admin })
    await s3('PUT', `/${bucket}/one`, { as: admin, body: 'x' })
    const reader = await freshUser(id, 'reader', { policies: ['readonly'] })
    const status = async (as: Pair, method: string, key: string) =>
      (await s3(method, `/${bucket}/${key}`, { as, body: method === 'PUT' ? 'y' : undefined })).status
    const one = await freshKey({ policy: READ_ONE }, admin)
    expect([await status(one, 'GET', 'one'), await status(one, 'GET', 'two')]).toEqual([200, 403])
    expect(await status(one, 'PUT', 'one')).toBe(403)
    const writing = await freshKey({ policy: 'readwrite' }, reader)
    expect([await status(writing, 'GET', 'one'), await status(writing, 'PUT', 'one')]).toEqual([200, 403])
  })

  test('held to a prefix see and list nothing beyond it, also those of root', async () => {
    const bucket = await freshBucket()
    for (const key of ['p/in', 'q/out']) await s3('PUT', `/${bucket}/${key}`, { body: 'x' })
    for (const access of ['readonly', 'readwrite']) {
      const key = await freshKey({ scope: { bucket, prefix: 'p/', access } })
      const status = async (path: string, query = {}) => (await s3('GET', path, { as: key, query })).status
      expect(await status(`/${bucket}/p/in`)).toBe(200)
      expect(await status(`/${bucket}/q/out`)).toBe(403)
      expect(await status(`/${bucket}`, { prefix: 'p/' })).toBe(200)
      for (const query of [{}, { prefix: 'q/' }, { prefix: 'p' }]) expect(await status(`/${bucket}`, query)).toBe(403)
      expect((await s3('PUT', `/${bucket}/p/new`, { as: key, body: 'y' })).status).toBe(
        access === 'readonly' ? 403 : 200,
      )
      expect((await s3('PUT', `/${bucket}/q/new`, { as: key, body: 'y' })).status).toBe(403)
      expect((await s3('DELETE', `/${bucket}`, { as: key })).status).toBe(403)
    }
  })

  const wrong: [string, unknown][] = [
    ['an unknown member', { accesskey: 'x' }],
    ['half a pair', { accessKey: 'HALF' }],
    ['a short secret', { accessKey: 'SHORT', secretKey: 'short' }],
    ['a time that is over', { expiresMillis: 1 }],
    ['a policy and a scope', { policy: READ_ONE, scope: { bucket: 'bucket', access: 'readonly' } }],
    ['a pattern for a bucket', { scope: { bucket: '*', access: 'readonly' } }],
    ['an unknown access', { scope: { bucket: 'bucket', access: 'all' } }],
    ['an account without a user', { account: 'elsewhere' }],
  ]
  for (const [what, body] of wrong) {
    test(`with ${what} are refused`, async () => {
      const answer = await api('POST', 'keys', { body })
      expect([answer.status, answer.body.code]).toEqual([400, 'BadRequest'])
    })
  }
})

describe('nobody can give more than they have', () => {
  let account: string
  let admin: Pair
  let user: Pair
  let other: { id: string; admin: Pair }
  beforeAll(async () => {
    ;({ id: account, admin } = await freshAccount())
    user = await freshUser(account, 'u', { policies: ['consoleAdmin'] })
    other = await freshAccount()
  })

  const denied = async (as: Pair | 'nobody', asks: [string, string, unknown?, Record<string, string>?][]) => {
    for (const [method, path, body, query] of asks) {
      const answer = await api(method, path, { as, body, query })
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'AccessDenied'])
    }
  }

  test('a user has its own keys, and nothing else to give', async () => {
    const key = await freshKey({ user: 'u' }, user)
    expect((await api('GET', 'keys', { as: user, query: { user: 'u' } })).body.keys).toHaveLength(2)
    expect((await api('GET', 'users/u', { as: user })).status).toBe(200)
    expect((await api('DELETE', `keys/${key.accessKey}`, { as: user })).status).toBe(204)
    await denied(user, [
      ['GET', 'accounts'],
      ['GET', 'users'],
      ['GET', 'users/admin'],
      ['GET', 'keys'],
      ['GET', 'keys', undefined, { user: 'admin' }],
      ['GET', `keys/${admin.accessKey}`],
      ['GET', 'keys/no-such-key'],
      ['DELETE', `keys/${admin.accessKey}`],
      ['PATCH', `keys/${admin.accessKey}`, { disabled: true }],
      ['POST', 'keys', { user: 'admin' }],
      ['POST', 'users', { name: 'v' }],
      ['PATCH', 'users/u', { admin: true }],
      ['PATCH', 'users/u', { policies: ['readwrite'] }],
      ['DELETE', 'users/admin'],
      ['POST', 'groups', { name: 'g', policies: ['readwrite'], members: ['u'] }],
      ['POST', 'policies', { name: 'p', document: READ_ONE }],
    ])
  })

  test('an admin ends where its account ends', async () => {
    const query = { account: other.id }
    await denied(admin, [
      ['GET', 'users', undefined, query],
      ['POST', 'users', { name: 'v', account: other.id }],
      ['PATCH', 'users/admin', { disabled: true }, query],
      ['DELETE', 'users/admin', undefined, query],
      ['POST', 'keys', { account: other.id, user: 'admin' }],
      ['DELETE', `keys/${other.admin.accessKey}`],
      ['GET', 'groups', undefined, query],
      ['GET', 'policies', undefined, query],
      ['POST', 'accounts', { name: 'v' }],
      ['PATCH', `accounts/${account}`, { displayName: 'x' }],
      ['DELETE', `accounts/${other.id}`],
    ])
    expect((await api('GET', 'accounts', { as: admin })).body.accounts).toHaveLength(1)
  })

  test("an admin of root's account cannot touch root's keys, nor become root", async () => {
    const name = `operator-${Date.now().toString(36)}`
    const operator = await freshUser('wharf', name, { admin: true })
    const roots = await freshKey({ scope: { bucket: 'bucket', access: 'readonly' } })
    await denied(operator, [
      ['POST', 'keys', { user: 'root' }],
      ['PATCH', `keys/${roots.accessKey}`, { policy: null }],
      ['DELETE', `keys/${roots.accessKey}`],
      ['GET', 'keys', undefined, { user: 'root' }],
    ])
    expect((await api('POST', 'users', { as: operator, body: { name: 'root' } })).status).toBe(409)
    expect((await api('DELETE', `keys/${roots.accessKey}`)).status).toBe(204)
    await api('DELETE', `users/${name}`)
  })

  test('a key that is limited gives nothing, not even what it has', async () => {
    const limits = [{ policy: 'readwrite' }, { expiresMillis: Date.now() + 60_000 }]
    for (const owner of [ROOT, admin]) {
      for (const limit of limits) {
        const key = await freshKey(limit, owner)
        await denied(key, [
          ['POST', 'keys', {}],
          ['PATCH', `keys/${key.accessKey}`, { policy: null, expiresMillis: null }],
          ['POST', 'users', { name: 'v' }],
          ['GET', 'users'],
        ])
      }
    }
  })

  test('nobody is asked nothing', async () => {
    await denied('nobody', [
      ['GET', 'accounts'],
      ['GET', 'users'],
      ['GET', 'policies/readonly'],
      ['POST', 'keys', {}],
    ])
  })
})
