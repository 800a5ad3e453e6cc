import { expect, test } from 'vitest'
import { freshBucket, s3, send } from '../support/s3'

/** What may come back for nonsense: anything that tells the client of its own mistake, or that we have not got this. */
const isTold = (status: number) => status < 500 || status === 501

/** Asks, and fails if the answer is a server's fault or does not come. */
async function mustTell(what: string, ask: Promise<Response>): Promise<void> {
  const timeout = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no answer to ${what}`)), 10_000))
  const answer = await Promise.race([ask, timeout])
  await answer.arrayBuffer()
  expect([what, isTold(answer.status), answer.status]).toEqual([what, true, answer.status])
}

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'COPY', 'PROPFIND']

const RESOURCES = [
  'acl',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'legal-hold',
  'lifecycle',
  'list-type',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'renameObject',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
  'session',
  'abac',
]

test('every method on every sub-resource gets an answer of its own, signed or not', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'x' })
  for (const method of METHODS) {
    for (const resource of RESOURCES) {
      for (const path of ['/', `/${bucket}`, `/${bucket}/key`]) {
        const body = ['PUT', 'POST', 'PATCH'].includes(method) ? '<nonsense' : undefined
        await mustTell(`${method} ${path}?${resource}`, s3(method, path, { query: { [resource]: '' }, body }))
      }
      await mustTell(
        `unsigned ${method} ?${resource}`,
        s3(method, `/${bucket}/key`, { as: 'nobody', query: { [resource]: 'x' } }),
      )
    }
  }
})

test('header values that are nonsense are told as such', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'x' })
  const names = [
    'range',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'content-md5',
    'x-amz-acl',
    'x-amz-checksum-algorithm',
    'x-amz-checksum-crc32',
    'x-amz-checksum-mode',
    'x-amz-checksum-type',
    'x-amz-copy-source',
    'x-amz-copy-source-if-match',
    'x-amz-copy-source-range',
    'x-amz-metadata-directive',
    'x-amz-mp-object-size',
    'x-amz-object-attributes',
    'x-amz-part-number-marker',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-server-side-encryption',
    'x-amz-storage-class',
    'x-amz-tagging',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
    'x-amz-website-redirect-location',
    'x-amz-expected-bucket-owner',
    'x-amz-object-lock-mode',
    'x-amz-bucket-object-lock-enabled',
    'x-amz-if-match-size',
    'x-amz-grant-read',
    'x-amz-security-token',
    'content-type',
    'content-encoding',
    'expires',
    'accept',
  ]
  const values = [
    '',
    'x',
    '-1',
    '0',
    '99999999999999999999',
    'bytes=--',
    '%',
    '%zz',
    '"',
    '*',
    ',,,',
    'ü',
    'a'.repeat(5000),
  ]
  for (const name of names) {
    for (const value of values) {
      const headers = { [name]: value }
      await mustTell(`PUT ${name}: ${value}`, s3('PUT', `/${bucket}/key`, { headers, body: 'body' }))
      await mustTell(`GET ${name}: ${value}`, s3('GET', `/${bucket}/key`, { headers }))
      await mustTell(`POST ${name}: ${value}`, s3('POST', `/${bucket}/key`, { headers, query: { uploads: '' } }))
    }
  }
})

test('query values that are nonsense are told as such', async () => {
  const bucket = await freshBucket()
  const names = [
    'max-keys',
    'marker',
    'prefix',
    'delimiter',
    'continuation-token',
    'start-after',
    'encoding-type',
    'list-type',
    'fetch-owner',
    'max-uploads',
    'key-marker',
    'upload-id-marker',
    'max-parts',
    'part-number-marker',
    'max-buckets',
    'versionId',
    'partNumber',
    'uploadId',
    'response-content-type',
    'X-Amz-Algorithm',
    'X-Amz-Expires',
    'AWSAccessKeyId',
    'Signature',
  ]
  const values = [
    '',
    '-1',
    '0',
    '1e9',
    '99999999999999999999',
    '\u0001',
    '\0',
    '%',
    '\u{10FFFF}',
    '🎈'.repeat(400),
    'null',
    '../..',
  ]
  for (const name of names) {
    for (const value of values) {
      for (const path of ['/', `/${bucket}`, `/${bucket}/key`]) {
        await mustTell(`GET ${path} ${name}=${value}`, s3('GET', path, { query: { [name]: value } }))
      }
      const uploads = { uploads: '', [name]: value }
      await mustTell(`uploads ${name}=${value}`, s3('GET', `/${bucket}`, { query: uploads }))
    }
  }
})

test('documents that are nonsense are told as such', async () => {
  const bucket = await freshBucket()
  const deep = 30
  const documents = [
    '',
    '<',
    '<a',
    '<a>',
    '</a>',
    '<a></b>',
    '<Delete/>',
    '<Delete>text</Delete>',
    '<Delete><Object/></Delete>',
    '<Delete><Object><Key/></Object></Delete>',
    '<Delete><Object><Key><a/></Key></Object></Delete>',
    '{"json": true}',
    '\0\0\0',
    '<?xml version="1.0"?>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<a>&undefined;</a>',
    '<a>&#0;</a>',
    '<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>',
    '<Delete><Object><Key>&#xD800;</Key></Object></Delete>',
    '<Delete><Object><Key>&#x110000;</Key></Object></Delete>',
    '<Delete><__proto__>x</__proto__></Delete>',
    '<Delete><constructor>x</constructor></Delete>',
    `${'<a>'.repeat(deep)}${'</a>'.repeat(deep)}`,
    '<a '.repeat(5000),
    `<Delete>${'<Object>'.repeat(2000)}`,
    '<CompleteMultipartUpload><Part/></CompleteMultipartUpload>',
    '<CompleteMultipartUpload/>',
    '<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>y</ETag></Part></CompleteMultipartUpload>',
    '<CompleteMultipartUpload><Part><PartNumber>99999999999</PartNumber><ETag/></Part></CompleteMultipartUpload>',
    '<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>',
    Buffer.from([0xff, 0xfe, 0x3c, 0x00]).toString('latin1'),
  ]
  for (const body of documents) {
    const shown = body.slice(0, 60)
    await mustTell(`delete ${shown}`, s3('POST', `/${bucket}`, { query: { delete: '' }, body }))
    await mustTell(`complete ${shown}`, s3('POST', `/${bucket}/key`, { query: { uploadId: 'x' }, body }))
    await mustTell(`create ${shown}`, s3('PUT', `/new-${bucket}`, { body }))
  }
  const long = `<Delete>${' '.repeat(3_000_000)}</Delete>`
  await mustTell('a document of 3 MB', s3('POST', `/${bucket}`, { query: { delete: '' }, body: long }))
})

test('credentials that are nonsense are told as such', async () => {
  const authorizations = [
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 ',
    'AWS4-HMAC-SHA256 Credential',
    'AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=',
    'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x',
    'AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request',
    'AWS4-HMAC-SHA256 Credential=root-user/20200101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=00',
    'AWS4-ECDSA-P256-SHA256 Credential=a',
    'AWS',
    'AWS a',
    'Basic',
    `Bearer ${'x'.repeat(4000)}`,
    ' ',
    ',,,',
    '\u00ff',
  ]
  for (const authorization of authorizations) {
    for (const date of ['', '20200101T000000Z', 'yesterday', '99999999T999999Z']) {
      const headers = new Headers({
        host: 'localhost',
        authorization,
        'x-amz-date': date,
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      })
      await mustTell(`${authorization} ${date}`, send('GET', '/bucket/key', '', headers))
    }
  }
  const queries = [
    'X-Amz-Signature=',
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    'X-Amz-Algorithm=x&X-Amz-Credential=x&X-Amz-Date=x&X-Amz-Expires=x&X-Amz-SignedHeaders=x&X-Amz-Signature=x',
    'Signature=x',
    'AWSAccessKeyId=x&Signature=y&Expires=z',
    '%',
    '%zz=1',
    'a=%ff',
    '&&&',
    '=',
    '=&=',
    'X-Amz-Date=%00',
  ]
  for (const query of queries)
    await mustTell(query, send('GET', '/bucket/key', query, new Headers({ host: 'localhost' })))
})

test('names, markers and documents that mean something to the machine inside are told as such', async () => {
  const bucket = await freshBucket()
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await s3('PUT', `/${bucket}`, { query: { versioning: '' }, body: versioning })
  const ofBucket: Record<string, string>[] = [
    { versions: '', 'key-marker': '\u0000', 'version-id-marker': 'null' },
    { versions: '', prefix: '\u{10FFFF}'.repeat(300), 'key-marker': 'k' },
    { delimiter: '\u{10FFFF}', prefix: 'a\u0000' },
  ]
  for (const query of ofBucket) await mustTell(JSON.stringify(query), s3('GET', `/${bucket}`, { query }))
  const entries =
    '<Object><Key>__proto__</Key><VersionId>v000000000001</VersionId></Object><Object><Key>k</Key><ETag>*</ETag></Object>'
  await mustTell('delete', s3('POST', `/${bucket}`, { query: { delete: '' }, body: `<Delete>${entries}</Delete>` }))
  await mustTell(
    'policy',
    s3('PUT', `/${bucket}`, { query: { policy: '' }, body: '{"__proto__":1,"Statement":[null]}' }),
  )
  const grant = { 'x-amz-grant-read': 'id="__proto__"' }
  await mustTell('acl', s3('PUT', `/${bucket}`, { query: { acl: '' }, headers: grant }))
  for (const source of [`/${bucket}/k%00?versionId=null`, `/${'x'.repeat(3000)}/k%00`]) {
    await mustTell('copy', s3('PUT', `/${bucket}/c`, { headers: { 'x-amz-copy-source': source } }))
  }
  const rename = { query: { renameObject: '' }, headers: { 'x-amz-rename-source': `/${bucket}/${'x'.repeat(2000)}` } }
  await mustTell('rename', s3('PUT', `/${bucket}/c`, rename))
  for (const [path, body] of [
    ['keys', '{"scope":null}'],
    ['keys', '{"policy":"{"}'],
    ['keys', '{"policy":"[]"}'],
    ['keys', '[]'],
    ['jobs', '{"kind":"empty-bucket","params":{"bucket":"__proto__"}}'],
    ['jobs', '{"kind":"__proto__"}'],
    ['policies', '{"name":"p","document":{"Statement":{"a":1}}}'],
    ['users', '{"name":"__proto__","policies":["__proto__"]}'],
    ['groups', '{"name":"x","members":["nobody"]}'],
  ] as const) {
    await mustTell(`${path} ${body}`, s3('POST', `/_wharf/api/${path}`, { body }))
  }
})

test('paths that are nonsense are told as such', async () => {
  const paths = [
    '//',
    '///',
    '//key',
    '/%',
    '/%zz',
    '/%ff',
    '/bucket/%ff',
    '/bucket/%c3',
    '/bucket/%00',
    '/%00/key',
    '/bucket//',
    '/bucket/..%2f..',
    '/bucket/%2e%2e/x',
    '/_wharf/',
    '/_wharf/none',
    '/a'.repeat(3000),
    '/bucket/%C2%8A',
  ]
  for (const path of paths) {
    for (const method of METHODS)
      await mustTell(`${method} ${path.slice(0, 40)}`, send(method, path, '', new Headers({ host: 'localhost' })))
  }
})
