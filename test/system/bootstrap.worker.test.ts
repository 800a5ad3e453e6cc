import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/model/fault'
import { openWharf } from '../../src/wharf'

const apply = (bootstrap: unknown, more: Record<string, string> = {}) =>
  openWharf({ ...env, ...more, WHARF_BOOTSTRAP: JSON.stringify(bootstrap) }, createExecutionContext())

async function complaint(bootstrap: unknown, more = {}): Promise<string> {
  try {
    await apply(bootstrap, more)
    return ''
  } catch (error) {
    return error instanceof Fault ? error.message : String(error)
  }
}

const user = { name: 'u', accessKey: 'AKBOOT00000000000001', secretKey: 'secret-enough' }

describe('the bootstrap file', () => {
  test('may be applied at every start: what exists is left alone', async () => {
    const file = { accounts: [{ name: 'again', users: [user] }], buckets: [{ name: 'again-bucket', account: 'again' }] }
    await apply(file)
    await apply(file)
    const changed = { accounts: [{ name: 'again', users: [{ ...user, secretKey: 'another-secret' }] }] }
    const wharf = await apply(changed)
    expect((await wharf.identities.require(user.accessKey)).secretKey).toBe('secret-enough')
  })

  test('keeps its secrets encrypted', async () => {
    await apply({ accounts: [{ name: 'sealed', users: [{ ...user, name: 's', accessKey: 'AKSEALED000000000001' }] }] })
    const sealed = await env.SYSTEM.getByName('system').identity('AKSEALED000000000001')
    expect(JSON.stringify(sealed)).not.toContain('secret-enough')
  })

  const wrong: [string, unknown, RegExp][] = [
    ['another type', [], /the file: must be an object/],
    ['an unknown member', { acounts: [] }, /has no member "acounts"/],
    ['an account without a name', { accounts: [{}] }, /accounts\[0\]\.name: must be a text/],
    [
      'a short secret',
      { accounts: [{ name: 'a', users: [{ ...user, secretKey: 'short' }] }] },
      /users\[0\]\.secretKey/,
    ],
    [
      'half a key',
      { accounts: [{ name: 'a', users: [{ name: 'u', accessKey: 'AKHALF' }] }] },
      /must be given together/,
    ],
    ['an unknown policy', { accounts: [{ name: 'a', users: [{ name: 'u', policies: ['god'] }] }] }, /no policy "god"/],
    ['a bucket of nobody', { buckets: [{ name: 'b-b-b', account: 'x' }] }, /buckets\[0\]\.account: no account/],
    [
      'a bad bucket name',
      { accounts: [{ name: 'bad' }], buckets: [{ name: 'B', account: 'bad' }] },
      /buckets\[0\]: InvalidBucketName/,
    ],
    [
      'a flag that is none',
      { accounts: [{ name: 'a', users: [{ name: 'u', admin: 'yes' }] }] },
      /admin: must be true or false/,
    ],
    [
      "another user's key",
      { accounts: [{ name: 'thief', users: [{ ...user, accessKey: 'AKSEALED000000000001' }] }] },
      /accounts\[0\]\.users\[0\]: Conflict/,
    ],
  ]
  for (const [name, file, reason] of wrong) {
    test(`with ${name} is refused with the place and the reason`, async () => {
      expect(await complaint(file)).toMatch(reason)
    })
  }

  test('that makes users needs the master key', async () => {
    const file = { accounts: [{ name: 'keyless', users: [{ ...user, accessKey: 'AKKEYLESS00000000001' }] }] }
    expect(await complaint(file, { WHARF_MASTER_KEY: '' })).toMatch(/WHARF_MASTER_KEY/)
  })
})

describe('without settings', () => {
  test('nothing is served but a sentence that says what to set', async () => {
    const { default: worker } = await import('../../src/index')
    const bare = { ...env, WHARF_ROOT_USER: '', WHARF_ROOT_PASSWORD: '' }
    const ask = (path: string) => worker.fetch(new Request(`http://localhost${path}`), bare, createExecutionContext())
    const answer = await ask('/bucket/key')
    expect(answer.status).toBe(503)
    expect(await answer.text()).toContain('WHARF_ROOT_USER')
    const health = await ask('/_wharf/health')
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('WHARF_ROOT_PASSWORD')])
  })

  test('a broken setting is told, not guessed', async () => {
    expect(await complaint({}, { WHARF_INLINE_MAX_BYTES: 'many' })).toMatch(
      /WHARF_INLINE_MAX_BYTES must be a whole number/,
    )
    expect(await complaint({}, { WHARF_INLINE_MAX_BYTES: '999999' })).toMatch(/WHARF_INLINE_MAX_BYTES/)
    expect(await complaint({}, { WHARF_LOG: 'loud' })).toMatch(/WHARF_LOG must be one of/)
    expect(await complaint({}, { WHARF_MASTER_KEY: 'short' })).toMatch(/WHARF_MASTER_KEY must be 32 bytes/)
    expect(await complaint({}, { WHARF_ROOT_PASSWORD: 'short' })).toMatch(/WHARF_ROOT_PASSWORD at least 8/)
  })
})
