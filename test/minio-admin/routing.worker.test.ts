import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { HOST, s3 } from '../support/s3'
import { admin, errorOf, fetchFrom, refusalOf } from './admin'

const NOT_ALLOWED = [405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.']

describe('which requests are of the management API', () => {
  test('a selector with its operation is', async () => {
    const answer = await admin('GET', 'service', { operation: 'status' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
  })

  test('the value of the selector does not matter', async () => {
    const answer = await admin('GET', 'bucket', { operation: 'status', query: { service: 'anything' } })
    expect(answer.status).toBe(200)
  })

  test('info needs no operation', async () => {
    for (const operation of [undefined, 'whatever']) {
      expect(await (await admin('GET', 'info', { operation })).json()).toHaveProperty('server')
    }
  })

  test('a GET without an operation stays a listing of the buckets', async () => {
    const answer = await s3('GET', '/', { query: { service: '' } })
    expect(await answer.text()).toContain('<ListAllMyBucketsResult')
  })

  test('another path stays S3’s', async () => {
    const answer = await s3('GET', '/a-bucket', { query: { service: '' }, headers: { 'x-minio-operation': 'status' } })
    expect(await refusalOf(answer)).toEqual([404, 'NoSuchBucket'])
  })

  test('of several selectors the first that fits counts: service, info, lock, heal, config', async () => {
    const answer = await admin('GET', 'lock', { operation: 'list', query: { info: '', bucket: 'any-bucket' } })
    expect(await answer.json()).toHaveProperty('server')
    const locks = await admin('GET', 'lock', { operation: 'list', query: { service: '', bucket: 'any-bucket' } })
    expect(await locks.json()).toEqual([])
  })

  for (const [method, selector, operation] of [
    ['GET', 'service', 'Status'],
    ['GET', 'service', 'stop'],
    ['GET', 'service', 'restart'],
    ['POST', 'service', 'status'],
    ['POST', 'service', undefined],
    ['POST', 'info', undefined],
    ['DELETE', 'lock', 'clear'],
    ['GET', 'heal', 'object'],
    ['PUT', 'config', 'get'],
    ['PATCH', 'config', 'set'],
  ] as const) {
    test(`${method} ?${selector} with the operation ${operation} is not allowed`, async () => {
      expect(await errorOf(await admin(method, selector, { operation }))).toEqual(NOT_ALLOWED)
    })
  }

  test('HEAD is not allowed, and says so without a body', async () => {
    const answer = await admin('HEAD', 'service', { operation: 'status' })
    expect([answer.status, await answer.text()]).toEqual([405, ''])
  })

  test('PUT without an operation is not implemented, whoever asks', async () => {
    const expected = [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented']
    expect(await errorOf(await admin('PUT', 'config', { body: '{}', as: 'nobody' }))).toEqual(expected)
  })

  test('a query with a broken escape is refused', async () => {
    const headers = { 'x-minio-operation': 'status' }
    const answer = await fetchFrom(env, `http://${HOST}/?service&prefix=%zz`, { headers })
    expect(await refusalOf(answer)).toEqual([400, 'InvalidURI'])
  })
})

describe('an answer', () => {
  test('bears the headers that the original sends', async () => {
    const { headers } = await admin('GET', 'service', { operation: 'status' })
    expect(Object.fromEntries(headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'x-amz-bucket-region': 'us-east-1',
      'x-amz-request-id': expect.stringMatching(/^[0-9A-F]+$/),
      vary: 'Origin',
      server: 'Wharf',
    })
  })

  test('may be read by any page, since without a signature there is none', async () => {
    const asked = { origin: 'http://page.test', 'access-control-request-method': 'POST' }
    const headers = { ...asked, 'access-control-request-headers': 'x-minio-operation' }
    const preflight = await fetchFrom(env, `http://${HOST}/?service`, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(200)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'x-minio-operation',
      'access-control-allow-methods': expect.stringContaining('POST'),
    })
    const plain = await fetchFrom(env, `http://${HOST}/?service`, { method: 'OPTIONS' })
    expect(plain.status).toBe(405)
  })
})
