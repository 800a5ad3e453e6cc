import { createExecutionContext, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { prepareTables } from '../../durable-objects/system/schema'
import type { Caller } from '../../src/model/caller'
import { openWharf } from '../../src/wharf'
import { api, freshAccount, freshKey, freshUser } from '../support/people'

const DENY_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: 's3:*', Resource: '*' }],
})

async function callerOf(accessKey: string): Promise<Caller> {
  const { identities } = await openWharf(env, createExecutionContext())
  return (await identities.require(accessKey)).caller
}

test('what an earlier version has kept is there, and can do what it could', async () => {
  const stub = env.SYSTEM.getByName('of an earlier version')
  await runInDurableObject(stub, async (system, { storage: { sql } }) => {
    for (const { name } of sql
      .exec<{ name: string }>("select name from sqlite_master where type = 'table'")
      .toArray()) {
      if (!name.startsWith('_') && !name.startsWith('sqlite_')) sql.exec(`drop table ${name}`)
    }
    sql.exec(`
      create table accounts (
        id text primary key, name text not null unique, display_name text not null, email text
      ) without rowid;
      create table users (
        account text not null, name text not null, admin integer not null, policies text not null, sealed_swift_key text,
        primary key (account, name)
      ) without rowid;
      create table access_keys (
        access_key text primary key, account text not null, user text not null, sealed_secret text not null
      ) without rowid;
      create table notes (name text primary key, value text not null) without rowid;
      insert into accounts values ('old-id', 'old', 'Old', null);
      insert into users values ('old-id', 'u', 0, '["readonly"]', null), ('old-id', 'a', 1, '[]', 'sealed');
      insert into access_keys values ('KEY', 'old-id', 'u', 'secret');`)
    prepareTables(sql)
    prepareTables(sql)
    expect(system.identity('KEY')).toMatchObject({
      account: { id: 'old-id', displayName: 'Old' },
      user: 'u',
      isRoot: false,
      admin: false,
      disabled: false,
      policies: [{ name: 'readonly' }],
      key: { disabled: false },
      sealedSecret: 'secret',
    })
    expect(system.changeUser('old-id', 'a', { disabled: true })).toMatchObject({ ok: true, value: { admin: true } })
    expect(system.users('old-id').map(({ name }) => name)).toEqual(['a', 'u'])
  })
})

test('a caller brings the policies of its user and groups, and apart from them those of its key', async () => {
  const { id, admin } = await freshAccount()
  await api('POST', 'policies', { as: admin, body: { name: 'none', document: DENY_ALL } })
  await api('POST', 'groups', { as: admin, body: { name: 'g', policies: ['none', 'readonly'] } })
  const user = await freshUser(id, 'u', { policies: ['readonly'], groups: ['g'] })
  const limited = await freshKey({ account: id, user: 'u', policy: JSON.parse(DENY_ALL), expiresMillis: 4e12 })
  const caller = await callerOf(limited.accessKey)
  expect(caller).toMatchObject({ kind: 'user', user: 'u', admin: false, policies: ['readonly', 'none'] })
  expect(caller.layers?.identity).toEqual([expect.stringContaining('s3:Get*'), DENY_ALL])
  expect(caller.layers?.session).toEqual([DENY_ALL])
  expect(caller.expiresMillis).toBe(4e12)
  expect((await callerOf(user.accessKey)).layers?.session).toEqual([])
  expect(await callerOf(user.accessKey)).toBe(await callerOf(user.accessKey))
})

test('a key that root makes for itself is root, held to less', async () => {
  const { accessKey } = await freshKey({ scope: { bucket: 'bucket', access: 'readonly' } })
  const caller = await callerOf(accessKey)
  expect(caller).toMatchObject({ kind: 'root', account: { id: 'wharf' }, user: 'root', accessKey })
  expect(caller.layers?.session).toHaveLength(1)
})

test('secrets are kept encrypted', async () => {
  const { admin } = await freshAccount()
  const kept = JSON.stringify(await env.SYSTEM.getByName('system').identity(admin.accessKey))
  expect(kept).toContain(admin.accessKey)
  expect(kept).not.toContain(admin.secretKey)
})
