import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { freshBucket, HOST, ROOT, s3 } from '../support/s3'
import { admin, adminOf, errorOf, fetchFrom, freshPlace, refusalOf } from './admin'

interface Status {
  storageInfo: Record<string, unknown>
  serverVersion: { version: string; commitID: string }
  uptime: number
}

const status = async (place = env) =>
  (await (await adminOf(place, 'GET', 'service', { operation: 'status' })).json()) as Status

describe('the status', () => {
  test('tells what the documentation and the later clients read, with every count an integer', async () => {
    const answer = await admin('GET', 'service', { operation: 'status' })
    expect(answer.headers.get('content-type')).toBe('application/json')
    const text = await answer.text()
    expect(text).toMatch(/"uptime":\d+\}$/)
    expect(JSON.parse(text)).toMatchObject({
      storageInfo: {
        Total: 2 ** 50,
        Free: expect.any(Number),
        Backend: {
          Type: 1,
          OnlineDisks: 0,
          OfflineDisks: 0,
          ReadQuorum: 0,
          WriteQuorum: 0,
          StandardSCParity: 0,
          RRSCParity: 0,
        },
      },
      serverVersion: { version: expect.stringMatching(/^\d+\.\d+\.\d+/), commitID: '' },
    })
  })

  test('tells what is used and what is free', async () => {
    const place = { ...env, WHARF_CAPACITY_BYTES: '1000000' }
    const before = (await status(place)).storageInfo as { Used: number; Buckets: number; Objects: number }
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'x'.repeat(1234) })
    expect((await status(place)).storageInfo).toMatchObject({
      Total: 1_000_000,
      Free: 1_000_000 - before.Used - 1234,
      Used: before.Used + 1234,
      Buckets: before.Buckets + 1,
      Objects: before.Objects + 1,
    })
    expect((await status({ ...env, WHARF_CAPACITY_BYTES: '1' })).storageInfo.Free).toBe(0)
  })

  test('counts the uptime from the start of the server, in whole nanoseconds however many', async () => {
    const days = 86_400_000 * 1_000_000
    const place = freshPlace({ WHARF_STARTED_MILLIS: String(Date.now() - 200 * 86_400_000) })
    const { uptime } = await status(place)
    expect([uptime >= 200 * days, uptime < 201 * days]).toEqual([true, true])
    const text = await (await adminOf(place, 'GET', 'service', { operation: 'status' })).text()
    expect(text).toMatch(/"uptime":\d{17}\}/)
    // A server that was started again since.
    const started = { ...place, WHARF_STARTED_MILLIS: String(Date.now() - 1000) }
    expect((await status(started)).uptime).toBeLessThan(days)
  })
})

test('what nobody foresaw is an internal error, and shows nothing', async () => {
  const broken = () => {
    throw new Error('the binding is broken')
  }
  const place = { ...env, SYSTEM: { getByName: broken } as unknown as typeof env.SYSTEM }
  expect(await errorOf(await adminOf(place, 'GET', 'service', { operation: 'status' }))).toEqual([
    500,
    'InternalError',
    'We encountered an internal error, please try again.',
  ])
})

describe('a restart', () => {
  test('answers empty, begins the uptime anew, and loses nothing', async () => {
    const place = freshPlace()
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'kept' })
    await status(place)
    await new Promise(resolve => setTimeout(resolve, 300))
    const before = (await status(place)).uptime
    const answer = await adminOf(place, 'POST', 'service', { operation: 'restart' })
    expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([200, '', null])
    expect((await status(place)).uptime).toBeLessThan(before)
    expect(await (await s3('GET', `/${bucket}/key`)).text()).toBe('kept')
  })
})

const document = (accessKey: string, secretKey: string) =>
  `<setCredsReq><username>${accessKey}</username><password>${secretKey}</password></setCredsReq>`
const NEW = { accessKey: 'newaccess', secretKey: 'newsecret1' }

describe('new credentials', () => {
  const set = (place: typeof env, body: string | undefined, as = ROOT) =>
    adminOf(place, 'POST', 'service', { operation: 'set-credentials', body, as })

  test('are root’s at once, and the old ones nobody’s, in every dialect', async () => {
    const place = freshPlace()
    const answer = await set(place, document(NEW.accessKey, NEW.secretKey))
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    const ask = { operation: 'status' }
    expect(await refusalOf(await adminOf(place, 'GET', 'service', ask))).toEqual([403, 'InvalidAccessKeyID'])
    expect((await adminOf(place, 'GET', 'service', { ...ask, as: NEW })).status).toBe(200)
  })

  test('may keep the access key', async () => {
    const place = freshPlace()
    expect((await set(place, document(ROOT.accessKey, NEW.secretKey))).status).toBe(200)
    const ask = { operation: 'status', as: ROOT }
    expect(await refusalOf(await adminOf(place, 'GET', 'service', ask))).toEqual([403, 'SignatureDoesNotMatch'])
  })

  test('are read from any root element, in any order, among others', async () => {
    const place = freshPlace()
    const body = `<?xml version="1.0"?>\n<x xmlns="urn:any"><more>1</more><password>${NEW.secretKey}</password><username>${NEW.accessKey}</username></x>`
    expect((await set(place, body)).status).toBe(200)
  })

  test('over GET without a body are malformed XML', async () => {
    const answer = await admin('GET', 'service', { operation: 'set-credentials' })
    expect(await refusalOf(answer)).toEqual([405, 'MethodNotAllowed'])
    const initial = await adminOf(freshPlace(), 'GET', 'service', { operation: 'set-credentials' })
    expect(await refusalOf(initial)).toEqual([400, 'MalformedXML'])
  })

  test('are not taken where the owner has set them, whatever the body says', async () => {
    const expected = [405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.']
    for (const body of [document(NEW.accessKey, NEW.secretKey), 'no xml', undefined]) {
      expect(await errorOf(await set(env, body))).toEqual(expected)
    }
  })

  for (const body of [undefined, 'no xml', '<a><b></a>', '<!DOCTYPE a><a/>', '\ufeff', '<a>&#x110000;</a>']) {
    test(`in ${JSON.stringify(body)} are malformed XML`, async () => {
      expect(await errorOf(await set(freshPlace(), body))).toEqual([
        400,
        'MalformedXML',
        'The XML you provided was not well-formed or did not validate against our published schema.',
      ])
    })
  }

  const ACCESS = 'XMinioAdminInvalidAccessKey'
  const SECRET = 'XMinioAdminInvalidSecretKey'
  for (const [what, body, code] of [
    ['with an access key of 4 bytes', document('four', NEW.secretKey), ACCESS],
    ['with an access key of 21 bytes', document('x'.repeat(21), NEW.secretKey), ACCESS],
    ['with an access key that would part a signature', document('new/access', NEW.secretKey), ACCESS],
    ['with a secret key of 7 bytes', document(NEW.accessKey, 'seven77'), SECRET],
    ['with a secret key of 41 bytes', document(NEW.accessKey, `${'ü'.repeat(20)}x`), SECRET],
    ['without elements', '<a/>', ACCESS],
    ['without a password', '<a><username>newaccess</username></a>', SECRET],
  ] as const) {
    test(`${what} are refused`, async () => {
      const place = freshPlace()
      const answer = await set(place, body)
      expect(answer.headers.get('x-minio-error-code')).toBe(code)
      expect(await errorOf(answer)).toEqual([400, 'XMinioBadCred', 'XMinioBadCred'])
      expect((await adminOf(place, 'GET', 'service', { operation: 'status' })).status).toBe(200)
    })
  }

  test('whose access key is a user’s are refused', async () => {
    const user = { name: 'u', accessKey: 'AKSOMEBODYS0001', secretKey: 'secret-enough' }
    const place = freshPlace({ WHARF_BOOTSTRAP: JSON.stringify({ accounts: [{ name: 'some', users: [user] }] }) })
    const answer = await set(place, document(user.accessKey, NEW.secretKey))
    expect(await errorOf(answer)).toEqual([400, 'XMinioBadCred', 'XMinioBadCred'])
  })

  test('without a master key are refused with a sentence that says what to set', async () => {
    const place = freshPlace({ WHARF_MASTER_KEY: '' })
    const answer = await set(place, document(NEW.accessKey, NEW.secretKey))
    expect(await errorOf(answer)).toEqual([
      503,
      'XMinioServerNotInitialized',
      expect.stringContaining('WHARF_MASTER_KEY'),
    ])
  })

  test('in a document without end are refused before it is read', async () => {
    const answer = await set(freshPlace(), `<a>${'x'.repeat(1024 * 1024)}</a>`)
    expect(await refusalOf(answer)).toEqual([400, 'EntityTooLarge'])
  })
})

describe('the server info', () => {
  interface Info {
    network: { transferred: number; received: number }
    http: Record<string, { count: number; avgDuration: string }>
  }
  const info = async (place = env) => (await (await adminOf(place, 'GET', 'info')).json()) as Info

  test('tells storage, traffic and server in one object', async () => {
    const methods = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE']
    const answer = await admin('GET', 'info')
    const text = await answer.text()
    expect(text).toMatch(/"uptime":\d+,/)
    const told = JSON.parse(text)
    expect(Object.keys(told)).toEqual(['storage', 'network', 'http', 'server'])
    expect(Object.keys(told.http)).toEqual(methods.flatMap(method => [`total${method}s`, `success${method}s`]))
    expect(told.server).toMatchObject({ version: expect.any(String), commitID: '', region: 'us-east-1', sqsARN: [] })
  })

  test('is a list of one node where WHARF_MINIO_INFO_SHAPE says so', async () => {
    const place = { ...env, WHARF_MINIO_INFO_SHAPE: 'array' }
    const told = await (await adminOf(place, 'GET', 'info')).json()
    expect(told).toMatchObject([{ error: '', addr: HOST, data: { server: { region: 'us-east-1' } } }])
  })

  test('counts requests, successes and bytes, this isolate’s latest too', async () => {
    const place = freshPlace()
    const before = await info(place)
    await adminOf(place, 'POST', 'lock', { operation: 'clear', query: { bucket: 'any-bucket' } })
    await adminOf(place, 'POST', 'service', { operation: 'set-credentials', body: 'x'.repeat(500) })
    await fetchFrom(place, `http://${HOST}/any-bucket/key`, { method: 'HEAD' })
    const after = await info(place)
    const grown = (name: string) => (after.http[name]?.count ?? 0) - (before.http[name]?.count ?? 0)
    expect({ posts: grown('totalPOSTs'), done: grown('successPOSTs') }).toEqual({ posts: 2, done: 1 })
    expect({ heads: grown('totalHEADs'), done: grown('successHEADs') }).toEqual({ heads: 1, done: 0 })
    expect(after.network.transferred - before.network.transferred).toBe(500)
    expect(after.http.totalPOSTs?.avgDuration).toMatch(/^(0s|[\d.]+(µs|ms|s))$/)
  })

  test('tells us-east-1 where signatures for any region are taken', async () => {
    const told = await (await adminOf({ ...env, WHARF_REGION: '*' }, 'GET', 'info')).json()
    expect(told).toMatchObject({ server: { region: 'us-east-1' } })
  })
})
