import { exports } from 'cloudflare:workers'
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/streams/digest'
import { type FormAsk, formBody, postBody, postForm, type Scheme, signedFields, stored } from '../support/post-form'
import { codeOf, freshBucket, HOST, md5, ROOT, randomBytes, s3, s3Presigned, texts } from '../support/s3'

const SCHEMES: Scheme[] = ['sigv4', 'sigv2']
const MIB = 1024 * 1024

/** Sends a form to a bucket of its own, and says how that ended; when it was refused, nothing may be stored. */
async function outcome(ask: Omit<FormAsk, 'bucket'>): Promise<string> {
  const bucket = await freshBucket()
  const answer = await postForm({ bucket, ...ask })
  if (answer.status === 204) return 'stored'
  expect(await stored(bucket)).toBeUndefined()
  return codeOf(answer)
}

for (const scheme of SCHEMES) {
  describe(`a form with a policy signed by ${scheme}`, () => {
    for (const [where, size] of [
      ['is empty', 0],
      ['rests in the index', 5000],
      ['is gathered', 200_000],
      ['flows to R2', 300_000],
      ['is cut into extents', 9 * MIB],
    ] as const) {
      test(`stores its file, which ${where}, byte for byte`, async () => {
        const bucket = await freshBucket()
        const file = randomBytes(size)
        const fields = {
          key: 'a/ü.bin',
          acl: 'private',
          'Content-Type': 'image/png',
          'Cache-Control': 'max-age=7',
          'X-Amz-Meta-Colour': 'grün',
        }
        const answer = await postForm({
          bucket,
          fields,
          scheme,
          file,
          conditions: [['content-length-range', size, size]],
        })
        expect([answer.status, await answer.text(), answer.headers.get('etag')]).toEqual([204, '', `"${md5(file)}"`])
        expect(answer.headers.get('location')).toBe(`http://${HOST}/${bucket}/a/%C3%BC.bin`)
        const got = await s3('GET', `/${bucket}/a/ü.bin`)
        expect(Object.fromEntries(got.headers)).toMatchObject({
          'content-type': 'image/png',
          'cache-control': 'max-age=7',
          'x-amz-meta-colour': 'grün',
          'content-length': String(size),
        })
        expect(md5(new Uint8Array(await got.arrayBuffer()))).toBe(md5(file))
      })
    }

    test('is refused with another signature, policy or key', async () => {
      const other = signedFields({ bucket: 'another', scheme })
      expect(await outcome({ scheme, changed: { policy: other.policy } })).toBe('SignatureDoesNotMatch')
      expect(await outcome({ scheme, as: { ...ROOT, secretKey: 'wrong-password' } })).toBe('SignatureDoesNotMatch')
      expect(await outcome({ scheme, as: { ...ROOT, accessKey: 'somebody' } })).toBe('InvalidAccessKeyId')
      expect(await outcome({ scheme, expiresInSeconds: -1 })).toBe('AccessDenied')
    })

    test('is refused where some of its credential is missing', async () => {
      const credential = Object.keys(signedFields({ bucket: 'b', scheme })).filter(name => name !== 'key')
      for (const name of credential) {
        expect([name, await outcome({ scheme, changed: { [name]: undefined } })]).toEqual([name, 'InvalidArgument'])
      }
    })
  })
}

describe('a policy', () => {
  const fields = { key: 'key' }

  test('lets through what each of its conditions allows, and nothing else', async () => {
    const cases: [what: string, ask: Omit<FormAsk, 'bucket'>, code: string][] = [
      ['eq', { unspoken: { 'x-amz-meta-a': 'b' }, conditions: [['eq', '$x-amz-meta-a', 'b']] }, 'stored'],
      ['eq another', { unspoken: { 'x-amz-meta-a': 'B' }, conditions: [['eq', '$x-amz-meta-a', 'b']] }, 'AccessDenied'],
      ['eq nothing', { unspoken: { 'x-amz-meta-a': 'b' }, conditions: [['eq', '$x-amz-meta-a', '']] }, 'AccessDenied'],
      ['eq missing', { conditions: [['eq', '$x-amz-meta-a', 'b']] }, 'AccessDenied'],
      ['starts-with', { conditions: [['starts-with', '$key', 'k']] }, 'stored'],
      ['starts-with another', { conditions: [['starts-with', '$key', 'K']] }, 'AccessDenied'],
      ['starts-with anything', { conditions: [['starts-with', '$key', '']] }, 'stored'],
      ['starts-with missing', { conditions: [['starts-with', '$x-amz-meta-a', '']] }, 'AccessDenied'],
      ['both', { conditions: [['starts-with', '$key', 'k'], { key: 'another' }] }, 'AccessDenied'],
      ['names in any case', { unspoken: { ACL: 'private' }, conditions: [['Starts-WITH', '$aCl', 'priv']] }, 'stored'],
      ['another ACL', { unspoken: { acl: 'public-read' }, conditions: [{ acl: 'private' }] }, 'AccessDenied'],
      ['a field too many', { unspoken: { 'x-amz-meta-a': 'b' } }, 'AccessDenied'],
      ['an ignored field', { unspoken: { 'X-Ignore-This': 'b' } }, 'stored'],
      [
        'a list of types',
        {
          unspoken: { 'Content-Type': 'image/png, image/jpeg' },
          conditions: [['starts-with', '$Content-Type', 'image/']],
        },
        'stored',
      ],
      [
        'a list with another type',
        {
          unspoken: { 'Content-Type': 'image/png, text/html' },
          conditions: [['starts-with', '$Content-Type', 'image/']],
        },
        'AccessDenied',
      ],
      [
        'metadata that comes twice, as a list',
        { unspoken: { 'x-amz-meta-tag': 'a', 'X-Amz-Meta-Tag': 'b' }, conditions: [{ 'x-amz-meta-tag': 'a,b' }] },
        'stored',
      ],
      ['a key that comes twice', { unspoken: { Key: 'key' } }, 'InvalidArgument'],
      ['an escaped dollar', { fields: { key: '\\$key' } }, 'stored'],
    ]
    for (const [what, ask, code] of cases) expect([what, await outcome({ fields, ...ask })]).toEqual([what, code])
  })

  test('is for one bucket', async () => {
    const [bucket, other] = [await freshBucket(), await freshBucket()]
    const send = (fields: Record<string, string>) => postBody(bucket, formBody(fields, 'bytes'))
    expect(await codeOf(await send(signedFields({ bucket: other })))).toBe('AccessDenied')
    expect(await codeOf(await send({ bucket: other, ...signedFields({ bucket: other }) }))).toBe('InvalidArgument')
    expect((await send({ bucket, ...signedFields({ bucket }) })).status).toBe(204)
    const expiration = new Date(Date.now() + 60_000).toISOString()
    const policy = { expiration, conditions: [['starts-with', '$key', '']] }
    expect(await codeOf(await postForm({ bucket, scheme: 'sigv2', policy }))).toBe('AccessDenied')
  })

  test('that is malformed is refused as such', async () => {
    const expiration = new Date(Date.now() + 60_000).toISOString()
    const conditions: unknown[] = [
      ['starts-with', '$key', ''],
      ['starts-with', '$bucket', ''],
    ]
    const policies: [policy: unknown, isRight?: boolean][] = [
      [{ expiration, conditions }, true],
      [{ expiration: expiration.replace(/\..*/, 'Z'), conditions }, true],
      [
        `{"expiration":"${expiration}","conditions":[["starts-with","\\$key",""],["starts-with","\\$bucket","\\u0000"]]}`,
      ],
      ['no JSON'],
      ['[]'],
      ['null'],
      [{ conditions }],
      [{ EXPIRATION: expiration, conditions }],
      [{ expiration: '2030-01-01 00:00:00.000000+00:00', conditions }],
      [{ expiration: '2030-13-01T00:00:00Z', conditions }],
      [{ expiration: 1e12, conditions }],
      [{ expiration }],
      [{ expiration, CONDITIONS: conditions }],
      [{ expiration, conditions: {} }],
      [{ expiration, conditions: [...conditions, {}] }],
      [{ expiration, conditions: [...conditions, { a: 'b', c: 'd' }] }],
      [{ expiration, conditions: [...conditions, { a: 1 }] }],
      [{ expiration, conditions: [...conditions, 'a'] }],
      [{ expiration, conditions: [...conditions, []] }],
      [{ expiration, conditions: [...conditions, ['eq', '$a']] }],
      [{ expiration, conditions: [...conditions, ['eq', 'key', 'key']] }],
      [{ expiration, conditions: [...conditions, ['eq', '$key', 'key', 'x']] }],
      [{ expiration, conditions: [...conditions, ['ends-with', '$key', '']] }],
      [{ expiration, conditions: [...conditions, ['content-length-range', 0]] }],
      [{ expiration, conditions: [...conditions, ['content-length-range', -1, 10]] }],
      [{ expiration, conditions: [...conditions, ['content-length-range', 0.5, 10]] }],
      [{ expiration, conditions: [...conditions, ['content-length-range', 'a', 'b']] }],
    ]
    for (const [policy, isRight] of policies) {
      const expected = isRight ? 'stored' : expect.stringMatching(/^(InvalidPolicyDocument|AccessDenied)$/)
      const code = await outcome({ scheme: 'sigv2', policy })
      expect([policy, code]).toEqual([policy, expected])
      if (!isRight && typeof policy !== 'string') expect([policy, code]).toEqual([policy, 'InvalidPolicyDocument'])
    }
    const signature = createHmac('sha1', ROOT.secretKey).update('{}').digest('base64')
    const notBase64 = { ...signedFields({ bucket: 'b', scheme: 'sigv2' }), policy: '{}', signature }
    expect(await codeOf(await postBody(await freshBucket(), formBody(notBase64, 'x')))).toBe('InvalidPolicyDocument')
  })

  test('says how long the file may be, to the byte', async () => {
    for (const size of [10, 300_000]) {
      const file = randomBytes(size)
      const range = (...ranges: [unknown, unknown][]) =>
        outcome({
          file,
          conditions: ranges.map(([min, max]) => ['content-length-range', min, max] as (string | number)[]),
        })
      expect(await range([size, size])).toBe('stored')
      expect(await range([String(size), String(size)])).toBe('stored')
      expect(await range([0, size - 1])).toBe('EntityTooLarge')
      expect(await range([size + 1, 2 * size])).toBe('EntityTooSmall')
      expect(await range([0, size], [0, size - 1])).toBe('EntityTooLarge')
      expect(await range([5, 1])).toMatch(/^EntityToo/)
    }
    expect(await outcome({ file: '', conditions: [['content-length-range', 0, 0]] })).toBe('stored')
    expect(await outcome({ file: 'x', conditions: [['content-length-range', 0, 0]] })).toBe('EntityTooLarge')
  })

  test('cuts a file off that is too long, while it flows', async () => {
    const bucket = await freshBucket()
    const form = formBody(signedFields({ bucket, conditions: [['content-length-range', 0, MIB]] }), '')
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        // The end of the form never comes.
        controller.enqueue(sent === 0 ? form.subarray(0, form.lastIndexOf(10, -3) - 1) : randomBytes(65_536))
        sent += 65_536
        if (sent > 200 * MIB) controller.close()
      },
    })
    expect(await codeOf(await postBody(bucket, body))).toBe('EntityTooLarge')
    expect(sent).toBeLessThan(4 * MIB)
    expect(await stored(bucket)).toBeUndefined()
  })
})

describe('a form', () => {
  test('of the runtime itself is understood', async () => {
    const bucket = await freshBucket()
    const form = new FormData()
    const fields = signedFields({ bucket, fields: { key: 'a/ü "x".txt' } })
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new File(['some bytes'], 'ü "x".txt', { type: 'text/plain' }))
    const answer = await exports.default.fetch(new Request(`http://${HOST}/${bucket}`, { method: 'POST', body: form }))
    expect(answer.status).toBe(204)
    expect(String(await stored(bucket, 'a/ü "x".txt'))).toBe('some bytes')
  })

  test('may have no length', async () => {
    const bucket = await freshBucket()
    const body = formBody(signedFields({ bucket }), 'bytes')
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of body) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect((await postBody(bucket, stream)).status).toBe(204)
    expect(String(await stored(bucket))).toBe('bytes')
  })

  test('gives its file the name that the browser knows it by', async () => {
    const variable = ['$', '{filename}'].join('')
    const names: [filename: string | undefined, name: string][] = [
      ['photo.jpg', 'photo.jpg'],
      ['C:\\My Pictures\\photo.jpg', 'photo.jpg'],
      ['some/folder/$&.jpg', '$&.jpg'],
      ['', ''],
      [undefined, ''],
    ]
    for (const [filename, name] of names) {
      const bucket = await freshBucket()
      const conditions: FormAsk['conditions'] = [
        ['starts-with', '$key', 'user/'],
        ['starts-with', '$x-amz-meta-name', ''],
      ]
      const unspoken = { key: `user/${variable}`, 'x-amz-meta-name': `<${variable}>` }
      expect([filename, (await postForm({ bucket, fields: {}, unspoken, conditions, filename })).status]).toEqual([
        filename,
        204,
      ])
      const head = await s3('HEAD', `/${bucket}/user/${name}`)
      expect([filename, head.status, head.headers.get('x-amz-meta-name')]).toEqual([filename, 200, `<${name}>`])
    }
  })

  test('ends at its file: what comes behind is ignored', async () => {
    const bucket = await freshBucket()
    const body = Buffer.from(formBody(signedFields({ bucket }), 'bytes', 'f')).toString()
    const behind = body.replace(/--\r\n$/, '\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n')
    expect((await postBody(bucket, Buffer.from(`${behind}--xXx-boundary-xXx--\r\n`))).status).toBe(204)
    expect(String(await stored(bucket))).toBe('bytes')
    const { key = '', ...others } = signedFields({ bucket })
    const late = Buffer.from(formBody(others, 'bytes', 'f')).toString()
    const keyBehind = late.replace(/--\r\n$/, `\r\nContent-Disposition: form-data; name="key"\r\n\r\n${key}\r\n`)
    expect(await codeOf(await postBody(bucket, Buffer.from(`${keyBehind}--xXx-boundary-xXx--\r\n`)))).toBe(
      'AccessDenied',
    )
  })

  test('without a key or a file is refused', async () => {
    const bucket = await freshBucket()
    const noKey = await postForm({ bucket, fields: {} })
    const shown = await noKey.text()
    expect([noKey.status, texts(shown, 'Code'), texts(shown, 'ArgumentName')]).toEqual([
      400,
      ['InvalidArgument'],
      ['key'],
    ])
    const noFile = Buffer.from(formBody(signedFields({ bucket }), 'bytes'))
      .toString()
      .replace('name="file"', 'name="other"')
    expect(await codeOf(await postBody(bucket, Buffer.from(noFile)))).toBe('InvalidArgument')
  })

  test('obeys the rules of keys', async () => {
    expect(await outcome({ fields: { key: 'x'.repeat(1025) } })).toBe('KeyTooLongError')
    expect(await outcome({ fields: { key: 'a\u008a' } })).toBe('InvalidURI')
    expect(await outcome({ fields: { key: 'a\0' } })).toBe('InvalidURI')
  })

  test('that is broken, or none, is refused', async () => {
    const bucket = await freshBucket()
    const whole = formBody(signedFields({ bucket }), 'bytes')
    expect(await codeOf(await postBody(bucket, whole.subarray(0, -10)))).toBe('MalformedPOSTRequest')
    expect(await codeOf(await postBody(bucket, new Uint8Array()))).toBe('MalformedPOSTRequest')
    const large = formBody(signedFields({ bucket }), randomBytes(300_000))
    expect(await codeOf(await postBody(bucket, large.subarray(0, -10)))).toBe('MalformedPOSTRequest')
    const type = (value: string) => postBody(bucket, whole, { 'content-type': value }).then(codeOf)
    expect(await type('multipart/form-data')).toBe('MalformedPOSTRequest')
    expect(await type('multipart/form-data; boundary=other')).toBe('MalformedPOSTRequest')
    expect(await type('application/x-www-form-urlencoded')).toBe('PreconditionFailed')
    expect(await outcome({ unspoken: { 'x-ignore-a': 'x'.repeat(70_000) } })).toBe('MaxPostPreDataLengthExceededError')
    expect(await stored(bucket)).toBeUndefined()
  })

  test('is the only credential of its request', async () => {
    const bucket = await freshBucket()
    const body = formBody(signedFields({ bucket }), 'bytes')
    const headers = { 'content-type': 'multipart/form-data; boundary=xXx-boundary-xXx' }
    for (const answer of [
      await s3('POST', `/${bucket}`, { body, headers }),
      await s3Presigned('POST', `/${bucket}`, { body, headers }),
      await postBody(
        bucket,
        formBody({ ...signedFields({ bucket }), ...signedFields({ bucket, scheme: 'sigv2' }) }, 'x'),
      ),
    ]) {
      const text = await answer.text()
      expect([texts(text, 'Code'), texts(text, 'Message')[0]]).toEqual([
        ['InvalidArgument'],
        expect.stringContaining('Only one auth mechanism allowed'),
      ])
    }
    expect(await outcome({ fields: { key: 'key', 'x-amz-security-token': 'x' } })).toBe('InvalidToken')
  })

  test('gives no right but to PostObject', async () => {
    const bucket = await freshBucket()
    await s3('PUT', `/${bucket}/key`, { body: 'x' })
    const body = formBody(signedFields({ bucket }), '<Delete><Object><Key>key</Key></Object></Delete>')
    const headers = new Headers({
      host: HOST,
      'content-type': 'multipart/form-data; boundary=xXx-boundary-xXx',
      'content-length': String(body.length),
    })
    for (const path of [`/${bucket}?delete`, `/${bucket}/key?uploads`, `/${bucket}/key`]) {
      const request = new Request(`http://${HOST}${path}`, { method: 'POST', headers, body })
      expect((await exports.default.fetch(request)).status).toBeGreaterThanOrEqual(400)
    }
    expect(String(await stored(bucket))).toBe('x')
  })

  test('without a policy is the anonymous caller\u2019s', async () => {
    expect(await outcome({ scheme: 'none' })).toBe('AccessDenied')
    const bucket = await freshBucket({ headers: { 'x-amz-acl': 'public-read-write' } })
    const fields = { key: 'key', success_action_status: '201' }
    expect((await postForm({ bucket, scheme: 'none', fields })).status).toBe(201)
    expect(String(await stored(bucket))).toBe('bytes')
  })

  test('for another region or service is refused', async () => {
    expect(await outcome({ region: 'auto' })).toBe('stored')
    expect(await outcome({ region: 'eu-central-1' })).toBe('AuthorizationQueryParametersError')
    const changed = { 'x-amz-credential': `${ROOT.accessKey}/20200101/us-east-1/s3/aws4_request` }
    expect(await outcome({ changed })).toBe('AuthorizationQueryParametersError')
    expect(await outcome({ changed: { 'x-amz-algorithm': 'AWS4-ECDSA-P256-SHA256' } })).toBe('NotImplemented')
  })

  test('is answered as it wishes', async () => {
    const bucket = await freshBucket()
    const post = (fields: Record<string, string>) => postForm({ bucket, fields: { key: 'a/b c', ...fields } })
    const etag = `"${md5('bytes')}"`
    const location = `http://${HOST}/${bucket}/a/b%20c`
    const statuses = { 200: 200, 201: 201, 204: 204, 404: 204, '': 204, created: 204 }
    for (const [wish, status] of Object.entries(statuses)) {
      const answer = await post({ success_action_status: wish })
      expect([wish, answer.status, answer.headers.get('etag')]).toEqual([wish, status, etag])
      expect(answer.headers.get('location')).toBe(location)
      const text = await answer.text()
      if (status !== 201) expect(text).toBe('')
      else {
        expect(text).toContain('<PostResponse>')
        const found = ['Location', 'Bucket', 'Key', 'ETag'].map(name => texts(text, name)[0])
        expect(found).toEqual([location, bucket, 'a/b c', etag.replaceAll('"', '&quot;')])
      }
    }
    const added = `bucket=${bucket}&key=a%2Fb%20c&etag=%22${md5('bytes')}%22`
    const redirects: [string, string | undefined][] = [
      ['http://example.com/done', `http://example.com/done?${added}`],
      ['https://example.com/done?x=%20y&z#part', `https://example.com/done?x=%20y&z&${added}#part`],
      ['javascript:alert(1)', undefined],
      ['/done', undefined],
      ['nonsense', undefined],
    ]
    for (const [wish, expected] of redirects) {
      for (const name of ['success_action_redirect', 'redirect']) {
        const answer = await post({ [name]: wish, success_action_status: '200' })
        expect([wish, answer.status]).toEqual([wish, expected ? 303 : 200])
        expect(answer.headers.get('location')).toBe(expected ?? location)
      }
    }
  })

  test('carries checksums, which are verified and kept', async () => {
    const crc32 = Buffer.from(digestOf('crc32', Buffer.from('bytes'))).toString('base64')
    const md5Base64 = createHash('md5').update('bytes').digest('base64')
    const key = 'key'
    const bucket = await freshBucket()
    const fields = { key, 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-crc32': crc32, 'Content-MD5': md5Base64 }
    const answer = await postForm({ bucket, fields })
    expect([answer.status, answer.headers.get('x-amz-checksum-crc32')]).toEqual([204, crc32])
    const other = Buffer.from(digestOf('crc32', Buffer.from('other'))).toString('base64')
    for (const file of ['bytes', Buffer.from('bytes'.repeat(100_000))]) {
      expect(await outcome({ file, fields: { key, 'x-amz-checksum-crc32': other } })).toBe('BadDigest')
      expect(await outcome({ file, fields: { key, 'Content-MD5': md5Base64.replace(/^./, 'x') } })).toBe('BadDigest')
    }
  })

  test('says who may read the object, and how it is tagged', async () => {
    const bucket = await freshBucket()
    const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
    expect((await postForm({ bucket, fields: { key: 'key', acl: 'public-read', tagging } })).status).toBe(204)
    expect((await s3('GET', `/${bucket}/key`, { as: 'nobody' })).status).toBe(200)
    const tags = await (await s3('GET', `/${bucket}/key`, { query: { tagging: '' } })).text()
    expect([texts(tags, 'Key'), texts(tags, 'Value')]).toEqual([['a'], ['b']])
  })

  test('with what no PUT may say is refused', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ acl: 'nonsense' }, 'InvalidArgument'],
      [{ tagging: 'a=b' }, 'MalformedXML'],
      [{ tagging: '<Tagging><TagSet><Tag><Key>aws:a</Key><Value/></Tag></TagSet></Tagging>' }, 'InvalidTag'],
      [{ 'x-amz-server-side-encryption': 'aws:kms' }, 'NotImplemented'],
      [{ 'x-amz-storage-class': 'NONSENSE' }, 'InvalidStorageClass'],
      [{ 'x-amz-meta-a': 'a\r\nb' }, 'InvalidArgument'],
      [{ 'x-amz-meta-a b': 'c' }, 'InvalidArgument'],
      [{ 'x-amz-meta-a': 'x'.repeat(3000) }, 'MetadataTooLarge'],
      [{ 'x-amz-website-redirect-location': 'nonsense' }, 'InvalidRedirectLocation'],
      [{ acl: 'private', tagging: '' }, 'stored'],
    ]
    for (const [fields, code] of cases) {
      expect([fields, await outcome({ fields: { key: 'key', ...fields } })]).toEqual([fields, code])
    }
  })
})
