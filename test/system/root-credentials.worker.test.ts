import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import worker from '../../src/index'
import type { Env } from '../../src/stubs'
import { openWharf } from '../../src/wharf'
import { freshPlace, otherIsolate } from '../minio-admin/admin'
import { HOST, ROOT } from '../support/s3'

const NEW = { accessKey: 'changed-root', secretKey: 'changed-secret' }

const open = (place: Env) => openWharf(place, createExecutionContext())
const rootOf = async (place: Env) => (await open(place)).identities.root

/** Whether this access key is root's, as the isolate of this place believes. */
async function isRoot(place: Env, accessKey: string): Promise<boolean> {
  const { identities } = await open(place)
  return identities.require(accessKey).then(
    ({ caller }) => caller.kind === 'root',
    () => false,
  )
}

async function health(place: Env): Promise<{ status: number; body: unknown }> {
  const ctx = createExecutionContext()
  const answer = await worker.fetch(new Request(`http://${HOST}/_wharf/health`), place, ctx)
  await waitOnExecutionContext(ctx)
  return { status: answer.status, body: await answer.json() }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('root’s credentials', () => {
  test('that were changed are believed at once here, and elsewhere once the old ones are no longer believed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const place = freshPlace()
    const other = otherIsolate(place)
    expect([await isRoot(place, ROOT.accessKey), await isRoot(other, ROOT.accessKey)]).toEqual([true, true])
    await (await rootOf(place)).change(NEW)
    expect([await isRoot(place, NEW.accessKey), await isRoot(place, ROOT.accessKey)]).toEqual([true, false])
    vi.setSystemTime(Date.now() + 10_001)
    expect([await isRoot(other, NEW.accessKey), await isRoot(other, ROOT.accessKey)]).toEqual([true, false])
  })

  test('that the owner sets win over those that were changed', async () => {
    const place = freshPlace()
    await (await rootOf(place)).change(NEW)
    const owners = { ...place, WHARF_ROOT_USER: 'owners-root', WHARF_ROOT_PASSWORD: 'owners-secret' }
    expect([await isRoot(owners, 'owners-root'), await isRoot(owners, NEW.accessKey)]).toEqual([true, false])
    await expect((await rootOf(owners)).change(NEW)).rejects.toMatchObject({ code: 'AccessDenied' })
  })

  test('are told by health as configured, initial or changed, and never shown', async () => {
    const place = freshPlace()
    expect(await health(env)).toEqual({ status: 200, body: { status: 'ok', rootCredentials: 'configured' } })
    expect(await health(place)).toEqual({ status: 200, body: { status: 'ok', rootCredentials: 'initial' } })
    await (await rootOf(place)).change(NEW)
    expect(await health(place)).toEqual({ status: 200, body: { status: 'ok', rootCredentials: 'changed' } })
  })

  test('that cannot be opened are not replaced by the initial ones', async () => {
    const place = freshPlace()
    await (await rootOf(place)).change(NEW)
    const anotherKey = Buffer.alloc(32, 7).toString('base64')
    for (const WHARF_MASTER_KEY of ['', anotherKey]) {
      const other = { ...place, WHARF_MASTER_KEY }
      expect(await isRoot(other, ROOT.accessKey)).toBe(false)
      expect(await health(other)).toEqual({
        status: 503,
        body: { error: expect.stringContaining('WHARF_ROOT_USER') },
      })
    }
  })

  test('rest encrypted', async () => {
    const place = freshPlace()
    await (await rootOf(place)).change(NEW)
    const kept = await place.SYSTEM.getByName('any').root()
    expect(kept?.accessKey).toBe(NEW.accessKey)
    expect(JSON.stringify(kept)).not.toContain(NEW.secretKey)
  })

  test('and users’ keys are never the same', async () => {
    const place = freshPlace()
    const { identities } = await open(place)
    await identities.createAccount({ id: 'some', name: 'some', displayName: 'some' })
    const user = { account: 'some', name: 'u', admin: false, policies: [], secretKey: 'secret-enough' }
    await identities.createUser({ ...user, accessKey: 'users-key' })
    await expect(identities.root.change({ ...NEW, accessKey: 'users-key' })).rejects.toMatchObject({ code: 'Conflict' })
    await identities.root.change(NEW)
    const taken = identities.createUser({ ...user, name: 'v', accessKey: NEW.accessKey })
    await expect(taken).rejects.toMatchObject({ code: 'Conflict' })
  })

  test('take no hop where the owner has set them, and else one in ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let hops = 0
    const counted = (place: Env): Env => ({
      ...place,
      SYSTEM: {
        getByName: (name: string) => {
          hops += 1
          return place.SYSTEM.getByName(name)
        },
      } as unknown as Env['SYSTEM'],
    })
    const final = counted(env)
    for (let i = 0; i < 3; i++) await isRoot(final, ROOT.accessKey)
    expect(hops).toBe(0)
    const initial = counted(freshPlace())
    for (let i = 0; i < 3; i++) await isRoot(initial, ROOT.accessKey)
    expect(hops).toBe(1)
    vi.setSystemTime(Date.now() + 10_001)
    for (let i = 0; i < 3; i++) await isRoot(initial, ROOT.accessKey)
    expect(hops).toBe(2)
  })
})
