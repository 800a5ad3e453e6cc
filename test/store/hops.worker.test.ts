import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, test } from 'vitest'
import worker from '../../src/index'
import { signed } from '../auth/independent-signer'
import { HOST, ROOT } from '../support/s3'

let hops: string[] = []

/** Everything that is called on it is noted before it is done. */
function counted<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(_, member) {
      const value: unknown = Reflect.get(target, member)
      if (typeof value !== 'function' || typeof member !== 'string') return value
      return (...args: unknown[]) => {
        hops.push(`${name}.${member}`)
        return Reflect.apply(value, target, args)
      }
    },
  })
}

/** The same bindings, whose Durable Objects and R2 note each call. */
const watched = {
  ...env,
  BLOBS: counted('r2', env.BLOBS),
  NAMESPACE: {
    getByName: (name: string) => counted('namespace', env.NAMESPACE.getByName(name)),
  } as typeof env.NAMESPACE,
  SYSTEM: { getByName: (name: string) => counted('system', env.SYSTEM.getByName(name)) } as typeof env.SYSTEM,
  BUCKET_INDEX: {
    idFromName: (name: string) => env.BUCKET_INDEX.idFromName(name),
    get: (id: DurableObjectId) => counted('index', env.BUCKET_INDEX.get(id)),
  } as typeof env.BUCKET_INDEX,
}

/** Sends a signed request, and says which hops it took. */
async function hopsOf(
  method: string,
  path: string,
  ask: { body?: string; query?: Record<string, string>; headers?: Record<string, string> } = {},
) {
  const bytes = ask.body === undefined ? undefined : Buffer.from(ask.body)
  const headers = { host: HOST, ...(bytes ? { 'content-length': String(bytes.length) } : {}), ...ask.headers }
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const sent = signed({ method, path, query: Object.entries(ask.query ?? {}), headers, time, ...ROOT })
  const search = sent.rawQuery === '' ? '' : `?${sent.rawQuery}`
  const request: Request<unknown, IncomingRequestCfProperties> = new Request(`http://${HOST}${sent.rawPath}${search}`, {
    method,
    headers: sent.headers,
    body: bytes,
  })
  hops = []
  const ctx = createExecutionContext()
  const answer = await worker.fetch(request, watched, ctx)
  const text = await answer.text()
  await waitOnExecutionContext(ctx)
  expect([method, path, answer.status < 300]).toEqual([method, path, true])
  return { hops, text }
}

const LONG = 'x'.repeat(100_000)

const at = (offset: number) => ({ 'x-amz-write-offset-bytes': String(offset) })

beforeAll(async () => {
  await hopsOf('PUT', '/hops')
})

const budget: [string, Parameters<typeof hopsOf>, string[]][] = [
  ['PUT of a small body', ['PUT', '/hops/small', { body: 'x' }], ['index.commit']],
  ['PUT of a larger body', ['PUT', '/hops/large', { body: LONG }], ['r2.put', 'index.commit']],
  // The lease of a long body is taken beside it: nobody waits for that.
  [
    'PUT of a long body',
    ['PUT', '/hops/long', { body: LONG.repeat(20) }],
    ['index.takeLock', 'r2.put', 'index.commit'],
  ],
  ['an append that stays small', ['PUT', '/hops/small', { body: 'x', headers: at(1) }], ['index.append']],
  [
    'an append to a larger object',
    ['PUT', '/hops/large', { body: 'x', headers: at(100_000) }],
    ['r2.put', 'index.append'],
  ],
  // Once for each object: its first bytes go to R2 together with the new ones.
  [
    'an append by which an object outgrows the index',
    ['PUT', '/hops/small', { body: LONG, headers: at(2) }],
    ['r2.put', 'index.append', 'r2.put', 'index.append'],
  ],
  ['PUT of a small body again', ['PUT', '/hops/small', { body: 'x' }], ['index.commit']],
  ['PUT of a larger body again', ['PUT', '/hops/large', { body: LONG }], ['r2.put', 'index.commit']],
  ['GET of a small object', ['GET', '/hops/small'], ['index.find']],
  ['GET of a larger object', ['GET', '/hops/large'], ['index.find', 'r2.get']],
  ['HEAD', ['HEAD', '/hops/large'], ['index.find']],
  ['a page of a listing', ['GET', '/hops', { query: { delimiter: '/' } }], ['index.list']],
  [
    'a copy inside the bucket',
    ['PUT', '/hops/copy', { headers: { 'x-amz-copy-source': 'hops/large' } }],
    ['index.copy'],
  ],
  ['DELETE', ['DELETE', '/hops/copy'], ['index.remove']],
  [
    'DELETE of many keys',
    [
      'POST',
      '/hops',
      {
        query: { delete: '' },
        headers: { 'content-md5': 'gnFQWv8HmHVEQ7mTrck6JQ==' },
        body: '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>',
      },
    ],
    ['index.remove'],
  ],
]

for (const [what, ask, expected] of budget) {
  test(`${what} takes no more hops than its budget`, async () => {
    expect((await hopsOf(...ask)).hops).toEqual(expected)
  })
}

test('completing an upload takes one hop and moves no bytes', async () => {
  const begun = await hopsOf('POST', '/hops/parts', { query: { uploads: '' } })
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.text)?.[1] ?? ''
  const part = await hopsOf('PUT', '/hops/parts', { query: { uploadId, partNumber: '1' }, body: LONG })
  expect(part.hops).toEqual(['index.findUpload', 'r2.put', 'index.putPart'])
  const listed = await hopsOf('GET', '/hops/parts', { query: { uploadId } })
  const etag = /<ETag>(.*)<\/ETag>/.exec(listed.text)?.[1] ?? ''
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
  expect((await hopsOf('POST', '/hops/parts', { query: { uploadId }, body })).hops).toEqual(['index.completeUpload'])
})
