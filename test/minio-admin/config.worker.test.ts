import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/stubs'
import { HOST, ROOT } from '../support/s3'
import { type AdminAsk, adminOf, errorOf, freshPlace, refusalOf } from './admin'

interface Config extends Record<string, unknown> {
  credential: { accessKey: string; secretKey: string }
}

const get = async (place: Env, ask: AdminAsk = {}): Promise<Config> =>
  (await adminOf(place, 'GET', 'config', { operation: 'get', ...ask })).json()
const set = (place: Env, document: unknown, ask: AdminAsk = {}) =>
  adminOf(place, 'PUT', 'config', {
    operation: 'set',
    body: typeof document === 'string' ? document : JSON.stringify(document),
    ...ask,
  })

const DONE = `{"nodeResults":[{"name":"${HOST}","errSet":false,"errMsg":"<nil>"}],"status":true}\n`

describe('the configuration', () => {
  test('of a fresh server has every member, and shows no secret', async () => {
    const answer = await adminOf(env, 'GET', 'config', { operation: 'get' })
    expect(answer.headers.get('content-type')).toBe('application/json')
    const text = await answer.text()
    expect(text).not.toContain(ROOT.secretKey)
    const off = { 1: { enable: false } }
    expect(JSON.parse(text)).toEqual({
      version: '18',
      credential: { accessKey: ROOT.accessKey, secretKey: '*****' },
      region: 'us-east-1',
      browser: 'off',
      logger: { console: { enable: true }, file: { enable: false, filename: '' } },
      notify: {
        amqp: off,
        nats: off,
        elasticsearch: off,
        redis: off,
        postgresql: off,
        kafka: off,
        webhook: off,
        mysql: off,
      },
    })
  })

  test('as it was got can be set, and changes nothing', async () => {
    const place = freshPlace()
    const before = await get(place)
    const answer = await set(place, before)
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'application/json',
      DONE,
    ])
    expect(await get(place)).toEqual(before)
  })

  test('that was set is got, with the members that it lacked', async () => {
    const place = freshPlace()
    const webhook = { 1: { enable: false, endpoint: 'http://hook.test' }, 2: { enable: false } }
    const document = { version: '18', browser: 'on', notify: { webhook }, of: { others: [1, '__proto__'] } }
    expect(await (await set(place, document)).text()).toBe(DONE)
    expect(await get(place)).toMatchObject({
      browser: 'on',
      notify: { webhook, mysql: { 1: { enable: false } } },
      logger: { console: { enable: true } },
      of: { others: [1, '__proto__'] },
    })
  })

  test('rests encrypted', async () => {
    const place = freshPlace()
    await set(place, { notify: { mysql: { 1: { enable: false, password: 'secret-of-another' } } } })
    const kept = await place.SYSTEM.getByName('any').configuration()
    expect(kept).toMatch(/^[A-Za-z0-9+/=]+$/)
    expect(Buffer.from(kept ?? '', 'base64').toString('latin1')).not.toContain('secret-of-another')
  })

  test('restarts the server when it is set', async () => {
    const place = freshPlace()
    const uptime = async () =>
      ((await (await adminOf(place, 'GET', 'service', { operation: 'status' })).json()) as { uptime: number }).uptime
    await uptime()
    await new Promise(resolve => setTimeout(resolve, 300))
    const before = await uptime()
    await set(place, {})
    expect(await uptime()).toBeLessThan(before)
  })

  test('may come over https with its MD5, and no hash', async () => {
    const place = freshPlace()
    const ask = { payloadHash: 'UNSIGNED-PAYLOAD', headers: { 'content-md5': 'mZFLkyvTelC5g8XnyQrpOw==' } }
    expect((await set(place, '{}', ask)).status).toBe(200)
    expect(await refusalOf(await set(place, '{ }', ask))).toEqual([400, 'BadDigest'])
  })
})

describe('credentials in the configuration', () => {
  const NEW = { accessKey: 'config-access', secretKey: 'config-secret' }

  test('change root’s, where they are initial', async () => {
    const place = freshPlace()
    expect(await (await set(place, { credential: NEW })).text()).toBe(DONE)
    expect(await refusalOf(await adminOf(place, 'GET', 'config', { operation: 'get' }))).toEqual([
      403,
      'InvalidAccessKeyID',
    ])
    expect((await get(place, { as: NEW })).credential).toEqual({ accessKey: NEW.accessKey, secretKey: '*****' })
  })

  test('with a masked secret change the access key alone', async () => {
    const place = freshPlace()
    await set(place, { credential: { accessKey: NEW.accessKey, secretKey: '*****' } })
    const as = { ...ROOT, accessKey: NEW.accessKey }
    expect((await get(place, { as })).credential.accessKey).toBe(NEW.accessKey)
  })

  test('that are root’s own are taken where the owner has set them', async () => {
    for (const credential of [ROOT, { ...ROOT, secretKey: '*****' }, { accessKey: ROOT.accessKey }, {}, undefined]) {
      expect(await (await set(env, { credential })).text()).toBe(DONE)
    }
  })

  test('that differ from those that the owner has set are refused', async () => {
    for (const credential of [NEW, { ...ROOT, secretKey: 'another-secret' }, { accessKey: 'another-key' }]) {
      expect(await errorOf(await set(env, { credential }))).toEqual([
        503,
        'XMinioAdminCredentialsMismatch',
        'Credentials in config mismatch with server environment variables',
      ])
    }
  })

  const complaints: [string, unknown, Record<string, string>, RegExp][] = [
    ['a short access key', { accessKey: 'four', secretKey: NEW.secretKey }, {}, /accessKey must be 5 to 20/],
    ['a short secret', { ...NEW, secretKey: 'short' }, {}, /secretKey must be 8 to 40/],
    ['new ones without a master key', NEW, { WHARF_MASTER_KEY: '' }, /WHARF_MASTER_KEY/],
  ]
  for (const [what, credential, variables, sentence] of complaints) {
    test(`with ${what} are refused, and nothing is kept`, async () => {
      const place = freshPlace(variables)
      const told = (await (await set(place, { browser: 'on', credential })).json()) as Failure
      expect(told).toMatchObject({
        status: false,
        nodeResults: [{ errSet: true, errMsg: expect.stringMatching(sentence) }],
      })
      expect((await get(place)).browser).toBe('off')
    })
  }

  test('of a user are refused, and nothing is kept', async () => {
    const user = { name: 'u', accessKey: 'AKSOMEBODYS0002', secretKey: 'secret-enough' }
    const place = freshPlace({ WHARF_BOOTSTRAP: JSON.stringify({ accounts: [{ name: 'some-2', users: [user] }] }) })
    const credential = { accessKey: user.accessKey, secretKey: NEW.secretKey }
    const told = (await (await set(place, { browser: 'on', credential })).json()) as Failure
    expect(told.nodeResults[0]?.errMsg).toBe('credential.accessKey is the key of a user.')
    expect((await get(place)).browser).toBe('off')
  })
})

interface Failure {
  status: boolean
  nodeResults: { errMsg: string }[]
}

describe('a configuration that cannot be', () => {
  const complaints: [string, unknown, RegExp][] = [
    ['another region', { region: 'eu-west-1' }, /WHARF_REGION/],
    ['an older version', { version: '17' }, /version must be "18"/],
    ['a browser that is neither on nor off', { browser: true }, /browser must be/],
    ['a log file', { logger: { file: { enable: true, filename: '/tmp/log' } } }, /logger\.file cannot be enabled/],
    [
      'a target for notifications',
      { notify: { webhook: { 1: { enable: true } } } },
      /notify\.webhook\.1 cannot be enabled/,
    ],
    [
      'a target that nobody knows',
      { notify: { pigeon: { a: { enable: true } } } },
      /notify\.pigeon\.a cannot be enabled/,
    ],
    ['targets of another shape', { notify: [] }, /notify must be an object/],
    ['a target of another shape', { notify: { webhook: 1 } }, /notify\.webhook must be an object/],
    ['a logger of another shape', { logger: 'file' }, /logger must be an object/],
  ]
  for (const [what, document, sentence] of complaints) {
    test(`with ${what} is answered with a sentence, and nothing is kept`, async () => {
      const place = freshPlace()
      const answer = await set(place, { marked: true, ...(document as object) })
      expect(answer.status).toBe(200)
      const errMsg = expect.stringMatching(sentence)
      expect(await answer.json()).toEqual({ nodeResults: [{ name: HOST, errSet: true, errMsg }], status: false })
      expect(await get(place)).not.toHaveProperty('marked')
    })
  }

  const BAD_JSON = [400, 'XMinioAdminConfigBadJSON', 'JSON configuration provided has objects with duplicate keys']
  const bad = [
    '{"version":"18","version":"18"}',
    '{"a":{"b":1,"c":[{"d":1,"\\u0064":2}]}}',
    '{"a":1',
    'no json',
    '',
    '[]',
    '"text"',
    'null',
  ]
  for (const document of bad) {
    test(`as ${JSON.stringify(document)} is bad JSON`, async () => {
      expect(await errorOf(await set(freshPlace(), document))).toEqual(BAD_JSON)
    })
  }

  test('is not one whose objects have members of the same name', async () => {
    const document = '{"a":{"x":1},"b":{"x":"\\"a\\":,{"},"c":[{"x":1},{"x":2}],"d":["x","x"],"x":"x"}'
    expect(await (await set(freshPlace(), document)).text()).toBe(DONE)
  })

  test('is refused beyond 262144 bytes, with a length and without, and taken up to that', async () => {
    const place = freshPlace()
    const fitting = `{"a":"${'x'.repeat(262_144 - 8)}"}`
    expect(await (await set(place, fitting)).text()).toBe(DONE)
    const expected = [
      400,
      'XMinioAdminConfigTooLarge',
      'Configuration data provided exceeds the allowed maximum of 262144 bytes',
    ]
    expect(await errorOf(await set(place, `${fitting} `))).toEqual(expected)
    expect(await errorOf(await set(place, `${fitting} `, { chunked: true }))).toEqual(expected)
    expect(await (await set(place, fitting, { chunked: true })).text()).toBe(DONE)
  })

  test('cannot be kept without a master key', async () => {
    const told = await (await set(freshPlace({ WHARF_MASTER_KEY: '' }), {})).json()
    expect(told).toMatchObject({
      status: false,
      nodeResults: [{ errMsg: expect.stringContaining('WHARF_MASTER_KEY') }],
    })
  })
})
