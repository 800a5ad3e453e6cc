import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { sha256, signed } from '../auth/independent-signer'
import { freshBucket, HOST, ROOT, s3, texts } from '../support/s3'
import { fetchFrom } from './admin'

/** Sends a request line as the original client of April 2017 does. */
async function call(line: string, operation?: string, body = ''): Promise<Response> {
  const [method = '', target = ''] = line.split(' ')
  const query = target
    .slice(2)
    .split('&')
    .map(pair => pair.split('=').map(decodeURIComponent) as [string, string])
  const headers: Record<string, string> = { host: HOST }
  if (operation) headers['x-minio-operation'] = operation
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const sent = signed({ method, path: '/', query, headers, time, payloadHash: sha256(body), ...ROOT })
  sent.headers.set('user-agent', 'Minio (linux; amd64) madmin-go/0.0.1')
  return fetchFrom(env, `http://${HOST}${target}`, { method, headers: sent.headers, body: body || undefined })
}

const isInt64 = (text: string | undefined) => /^-?\d{1,19}$/.test(text ?? '')

test('ServiceStatus', async () => {
  const text = await (await call('GET /?service=', 'status')).text()
  expect(JSON.parse(text).serverVersion).toEqual({ version: expect.any(String), commitID: expect.any(String) })
  expect(isInt64(/"uptime":([^,}]+)/.exec(text)?.[1])).toBe(true)
})

test('ServerInfo', async () => {
  const text = await (await call('GET /?info=')).text()
  const { storage, network, http, server } = JSON.parse(text)
  for (const count of [storage.Total, storage.Free, network.transferred, network.received, http.totalGETs.count]) {
    expect(isInt64(String(count))).toBe(true)
  }
  expect(isInt64(/"uptime":([^,}]+)/.exec(text)?.[1])).toBe(true)
  expect(server.sqsARN).toEqual([])
})

test('ListLocks and ClearLocks', async () => {
  const query = 'bucket=mybucket&duration=1m30s&lock=&prefix=my%20prefix%2F%2Bx'
  expect(await (await call(`GET /?${query}`, 'list')).json()).toEqual([])
  expect(await (await call(`POST /?${query}`, 'clear')).json()).toEqual([])
})

test('ListBucketsHeal, ListObjectsHeal and ListUploadsHeal', async () => {
  const bucket = await freshBucket()
  expect(await (await call('GET /?heal=', 'list-buckets')).text()).toContain('<ListAllMyBucketsResult xmlns=')
  const objects = await call(`GET /?bucket=${bucket}&delimiter=&heal=&marker=&max-key=1000&prefix=`, 'list-objects')
  expect(texts(await objects.text(), 'MaxKeys')).toEqual(['1000'])
  const query = `bucket=${bucket}&delimiter=&heal=&marker=&max-uploads=1000&prefix=&upload-id-marker=`
  expect(texts(await (await call(`GET /?${query}`, 'list-uploads')).text(), 'MaxUploads')).toEqual(['1000'])
})

test('HealBucket, HealObject, HealUpload and HealFormat, dry and not', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/dir/key`, { body: 'healthy' })
  const begun = await (await s3('POST', `/${bucket}/up`, { query: { uploads: '' } })).text()
  const id = texts(begun, 'UploadId')[0]
  const object = encodeURIComponent('dir/key')
  for (const dry of ['dry-run=&', '']) {
    const answers = [
      await call(`POST /?bucket=${bucket}&${dry}heal=`, 'bucket'),
      await call(`POST /?bucket=${bucket}&${dry}heal=&object=${object}`, 'object'),
      await call(`POST /?bucket=${bucket}&${dry}heal=&object=up&upload-id=${id}`, 'upload'),
      await call(`POST /?${dry}heal=`, 'format'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  }
})

test('GetConfig, SetConfig and ServiceRestart', async () => {
  const config = await (await call('GET /?config=', 'get')).text()
  expect(await (await call('PUT /?config=', 'set', config)).json()).toMatchObject({ status: true })
  expect((await call('POST /?service=', 'restart')).status).toBe(200)
})
