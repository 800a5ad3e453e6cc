import { describe, expect, test } from 'vitest'
import { signed } from '../auth/independent-signer'
import { codeOf, freshBucket, HOST, ROOT, s3, s3Presigned, send, texts } from '../support/s3'

const bucketWithKey = async (): Promise<string> => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'kept' })
  return bucket
}
const textAt = async (path: string): Promise<string> => (await s3('GET', path)).text()
const keysOf = async (bucket: string): Promise<string[]> => texts(await textAt(`/${bucket}`), 'Key')
const words = (text: string): string[] => text.trim().split(/\s+/)

/** Root's request for a path that is sent and signed as it stands here. */
function raw(method: string, path: string, body?: string): Promise<Response> {
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const sent = signed({ method, rawPath: path, canonicalPath: path, headers: { host: HOST }, time, ...ROOT })
  if (body !== undefined) sent.headers.set('content-length', String(body.length))
  return send(method, path, '', sent.headers, body === undefined ? undefined : Buffer.from(body))
}

describe('a form', () => {
  const form = [
    '--b',
    'Content-Disposition: form-data; name="key"',
    '',
    'uploaded',
    '--b',
    'Content-Disposition: form-data; name="file"; filename="f"',
    '',
    'x',
    '--b--',
    '',
  ].join('\r\n')
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }

  test('stores nothing while forms are not supported, whoever sends it', async () => {
    const bucket = await freshBucket()
    const policy = Buffer.from(JSON.stringify({ expiration: '2099-01-01T00:00:00Z', conditions: [] })).toString(
      'base64',
    )
    const withPolicy = `--b\r\nContent-Disposition: form-data; name="policy"\r\n\r\n${policy}\r\n${form}`
    const answers = [
      await s3('POST', `/${bucket}`, { as: 'nobody', headers, body: form }),
      await s3('POST', `/${bucket}/`, { as: 'nobody', headers, body: withPolicy }),
      await s3('POST', `/${bucket}`, { headers, body: withPolicy }),
      await s3('POST', `/${bucket}/uploaded`, { as: 'nobody', headers, body: form }),
      await s3('POST', `/${bucket}`, { as: 'nobody', query: { delete: '' }, headers, body: form }),
    ]
    for (const answer of answers) expect([403, 405, 501, 400]).toContain(answer.status)
    expect(await keysOf(bucket)).toEqual([])
  })
})

describe('a key is its bytes and nothing more', () => {
  test('in a batch delete: no path leads out of the bucket', async () => {
    const [bucket, other] = [await bucketWithKey(), await bucketWithKey()]
    const paths = words(
      `../${other}/key /${other}/key /../${other}/key ../key ./key key/ //key /key key%00 %6Bey \\key Key *`,
    )
    const odd = [...paths, ' key', 'key ', 'key?versionId=null']
    const objects = odd.map(key => `<Object><Key>${key}</Key></Object>`).join('')
    const answer = await s3('POST', `/${bucket}`, { query: { delete: '' }, body: `<Delete>${objects}</Delete>` })
    expect(texts(await answer.text(), 'Key')).toEqual(odd)
    expect([await textAt(`/${bucket}/key`), await textAt(`/${other}/key`)]).toEqual(['kept', 'kept'])
  })

  test('in a batch delete: what is no key is told, and the rest is done', async () => {
    const bucket = await bucketWithKey()
    await s3('PUT', `/${bucket}/gone`, { body: 'x' })
    const entry = (key: string, more = '') => `<Object><Key>${key}</Key>${more}</Object>`
    const objects = [
      entry('a'.repeat(1025)),
      entry('gone'),
      entry('key', '<VersionId>x</VersionId>'),
      entry('😀'.repeat(257)),
    ]
    const answer = await s3('POST', `/${bucket}`, {
      query: { delete: '' },
      body: `<Delete>${objects.join('')}</Delete>`,
    })
    expect(texts(await answer.text(), 'Code')).toEqual(['KeyTooLongError', 'InvalidArgument', 'KeyTooLongError'])
    expect(await keysOf(bucket)).toEqual(['key'])
    for (const key of ['', '&#0;', 'a&#0;b', '<b>x</b>']) {
      const body = `<Delete>${entry(key)}</Delete>`
      expect([key, await codeOf(await s3('POST', `/${bucket}`, { query: { delete: '' }, body }))]).toEqual([
        key,
        'MalformedXML',
      ])
    }
  })

  test('in a copy source: no path leads into another bucket', async () => {
    const [bucket, other] = [await bucketWithKey(), await bucketWithKey()]
    const sources: [string, string][] = [
      [`${bucket}/../${other}/key`, 'NoSuchKey'],
      [`/${bucket}/../${other}/key`, 'NoSuchKey'],
      [`${bucket}/..%2F${other}%2Fkey`, 'NoSuchKey'],
      [`${bucket}%2F..%2F${other}%2Fkey`, 'NoSuchKey'],
      [`${bucket}/%2e%2e/${other}/key`, 'NoSuchKey'],
      [`${bucket}//key`, 'NoSuchKey'],
      [`${bucket}/./key`, 'NoSuchKey'],
      [`${bucket}/\\key`, 'NoSuchKey'],
      [`${bucket}/key%2500`, 'NoSuchKey'],
      [`${bucket}/key%3FversionId%3Dnull`, 'NoSuchKey'],
      [`${bucket}/key%00`, 'InvalidURI'],
      [`../${bucket}/key`, 'NoSuchBucket'],
      [`./${bucket}/key`, 'NoSuchBucket'],
      [`//${bucket}/key`, 'InvalidArgument'],
      [`///key`, 'InvalidArgument'],
      ['', 'InvalidArgument'],
      ['/', 'InvalidArgument'],
      [`${bucket}`, 'InvalidArgument'],
      [`${bucket}/`, 'InvalidArgument'],
      [`${bucket}/key?versionId=../../${other}/key`, 'InvalidArgument'],
      [`${bucket}/key?versionId=`, 'InvalidArgument'],
      [`${bucket}/key?versionId=null&x`, 'InvalidArgument'],
      [`${bucket}/${'a'.repeat(1025)}`, 'KeyTooLongError'],
      [`http://${HOST}/${bucket}/key`, 'NoSuchBucket'],
      [`arn:aws:s3:us-east-1:1:accesspoint/x/object/key`, 'NoSuchBucket'],
    ]
    for (const [source, code] of sources) {
      const headers = { 'x-amz-copy-source': source }
      expect([source, await codeOf(await s3('PUT', `/${bucket}/copy`, { headers }))]).toEqual([source, code])
      const query = { partNumber: '1', uploadId: 'none' }
      const part = await s3('PUT', `/${bucket}/copy`, { headers, query })
      expect([source, part.status >= 400 && part.status < 500]).toEqual([source, true])
    }
    expect(await keysOf(bucket)).toEqual(['key'])
    const fine = { 'x-amz-copy-source': `/${bucket}/key?versionId=null` }
    expect((await s3('PUT', `/${bucket}/copy`, { headers: fine })).status).toBe(200)
  })

  test('in a path: escapes are undone once', async () => {
    const [bucket, other] = [await bucketWithKey(), await bucketWithKey()]
    const keys = [
      ...words(`%2e%2e/key %252e a;b=c a%2Fb %00 a?b a#b ..a a\\..\\b ..\\${other}\\key`),
      '\u0001',
      'a\r\nb: c',
    ]
    for (const key of keys) expect((await s3('PUT', `/${bucket}/${key}`, { body: key })).status).toBe(200)
    for (const key of keys) expect(await textAt(`/${bucket}/${key}`)).toBe(key)
    expect(
      texts(await (await s3('GET', `/${bucket}`, { query: { 'encoding-type': 'url' } })).text(), 'Key').length,
    ).toBe(keys.length + 1)
    expect([await textAt(`/${bucket}/key`), await textAt(`/${other}/key`)]).toEqual(['kept', 'kept'])
    for (const path of [`/${bucket}/a%00`, `/${bucket}/%00`]) {
      expect(await codeOf(await raw('PUT', path, 'x'))).toBe('InvalidURI')
    }
  })
})

describe('a bucket is its name and nothing more', () => {
  test('and what is none is refused in its own words', async () => {
    const bucket = await bucketWithKey()
    const odd = words(
      `a%2Fb ${bucket}%2Fkey ..%2f.. %00 ${bucket}%00 %2e%2e%2e %20 ${bucket}. .${bucket} %C3%BC 127.0.0.1 xn--a %0d%0a`,
    )
    const names = [...odd, ...words(`__proto__ * '-- a%0aLocation:%20x ${bucket.toUpperCase()} ${'a'.repeat(300)}`)]
    for (const name of names) {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
        for (const rawPath of [`/${name}`, `/${name}/key`]) {
          const answer = await raw(method, rawPath, method === 'PUT' ? '' : undefined)
          expect([method, rawPath, answer.status === 400 || answer.status === 404]).toEqual([method, rawPath, true])
        }
      }
    }
    expect(await textAt(`/${bucket}/key`)).toBe('kept')
  })
})

describe('what comes back', () => {
  test('holds no header that a client has smuggled in', async () => {
    const path = `/${await bucketWithKey()}/key`
    for (const value of ['x\r\nset-cookie: a=b', 'x\nset-cookie: a=b', 'x\rset-cookie: a=b', 'x\0', '\u0008', '\x7f']) {
      for (const name of [
        'cache-control',
        'content-disposition',
        'content-encoding',
        'content-language',
        'content-type',
        'expires',
      ]) {
        const answer = await s3('GET', path, { query: { [`response-${name}`]: value } })
        expect([await codeOf(answer), answer.headers.get('set-cookie')]).toEqual(['InvalidArgument', null])
      }
      for (const name of ['x-amz-meta-a', 'x-amz-website-redirect-location', 'x-amz-storage-class', 'x-amz-acl']) {
        const answer = await s3Presigned('PUT', path, { query: { [name]: `/${value}` }, body: 'changed' })
        expect([name, value, answer.status]).toEqual([name, value, 400])
      }
    }
    for (const name of ['x-amz-meta-a b', 'x-amz-meta-ü', 'x-amz-meta-a:b', 'x-amz-meta-\r\na', 'x-amz-meta-\0']) {
      const answer = await s3Presigned('PUT', path, { query: { [name]: 'x' }, body: 'changed' })
      expect([name, await codeOf(answer)]).toEqual([name, 'InvalidArgument'])
    }
    expect(await textAt(path)).toBe('kept')
  })

  test('is UTF-8 where it was, in overrides and metadata', async () => {
    const path = `/${await bucketWithKey()}/key`
    const got = await s3('GET', path, { query: { 'response-content-disposition': 'attachment; filename="ü😀.txt"' } })
    expect(got.headers.get('content-disposition')).toBe('attachment; filename="ü😀.txt"')
    expect((await s3Presigned('PUT', path, { query: { 'x-amz-meta-a': 'ü😀' }, body: 'x' })).status).toBe(200)
    expect((await s3('HEAD', path)).headers.get('x-amz-meta-a')).toBe('ü😀')
  })
})

describe('too much of anything is refused', () => {
  test('keys, markers and prefixes', async () => {
    const bucket = await freshBucket()
    const [longest, tooLong, far] = ['k'.repeat(1024), 'k'.repeat(1025), 'k'.repeat(8000)]
    expect((await s3('PUT', `/${bucket}/${longest}`, { body: 'x' })).status).toBe(200)
    for (const method of ['PUT', 'GET', 'DELETE']) {
      for (const key of [tooLong, far]) {
        expect(await codeOf(await s3(method, `/${bucket}/${key}`, { body: method === 'PUT' ? 'x' : undefined }))).toBe(
          'KeyTooLongError',
        )
      }
    }
    for (const name of ['prefix', 'marker', 'start-after', 'delimiter', 'key-marker', 'upload-id-marker']) {
      for (const query of [{ [name]: far }, { [name]: far, 'list-type': '2' }, { [name]: far, uploads: '' }]) {
        expect([name, (await s3('GET', `/${bucket}`, { query })).status]).toEqual([name, 200])
      }
    }
    expect(await codeOf(await s3('POST', `/${bucket}/${tooLong}`, { query: { uploads: '' } }))).toBe('KeyTooLongError')
  })

  test('headers and parameters', async () => {
    const path = `/${await bucketWithKey()}/key`
    const many = (prefix: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, 'v']))
    expect(await codeOf(await s3('PUT', path, { headers: many('x-amz-meta-', 1500), body: 'changed' }))).toBe(
      'MetadataTooLarge',
    )
    expect((await s3('GET', path, { headers: many('x-other-', 2000) })).status).toBe(200)
    expect((await s3('GET', path, { query: many('parameter', 5000) })).status).toBe(200)
    expect((await s3Presigned('GET', path, { query: many('x-amz-meta-', 3000) })).status).toBe(200)
    expect((await s3('GET', path, { headers: { range: `bytes=${'0-1,'.repeat(5000)}` } })).status).toBe(200)
    expect((await s3('GET', path, { headers: { 'if-none-match': '"a",'.repeat(10_000) } })).status).toBe(200)
    expect(await textAt(path)).toBe('kept')
  })

  test('documents, of which no more is read than may be', async () => {
    const bucket = await bucketWithKey()
    const asks: [string, Record<string, string>][] = [
      [`/${bucket}`, { delete: '' }],
      [`/${bucket}/key`, { uploadId: 'x' }],
    ]
    const document = `<Delete>${'<Object><Key>key</Key></Object>'.repeat(340_000)}</Delete>`
    for (const [path, query] of asks) {
      expect(await codeOf(await s3('POST', path, { query, body: document }))).toBe('MaxMessageLengthExceeded')
      let pulled = 0
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 65_536
          controller.enqueue(new Uint8Array(65_536).fill(32))
        },
      })
      const headers = { 'transfer-encoding': 'chunked', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
      expect(await codeOf(await s3('POST', path, { query, headers, body: endless }))).toBe('MaxMessageLengthExceeded')
      expect(pulled).toBeLessThan(4_000_000)
    }
    let read = 0
    for (const [method, path, query] of [
      ...asks.map(ask => ['POST', ...ask] as const),
      ['PUT', `/new-${bucket}`, {}] as const,
    ]) {
      const counted = new ReadableStream<Uint8Array>({
        pull(controller) {
          read += 1
          controller.enqueue(new Uint8Array(65_536).fill(32))
        },
      })
      const headers = { 'transfer-encoding': 'chunked', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
      const answer = await s3(method, path, { as: 'nobody', query, headers, body: counted })
      expect([path, await codeOf(answer)]).toEqual([path, 'AccessDenied'])
    }
    expect(read).toBeLessThan(10)
    const create = await s3('PUT', `/new-${bucket}`, { body: ' '.repeat(2_000_000) })
    expect(await codeOf(create)).toBe('MaxMessageLengthExceeded')
    expect(await textAt(`/${bucket}/key`)).toBe('kept')
  })

  test('numbers', async () => {
    const bucket = await bucketWithKey()
    const limits: [string, Record<string, string>][] = [
      ['max-keys', {}],
      ['max-uploads', { uploads: '' }],
    ]
    const junk = ['-1', '1e3', '1.5', '0x10', ' 1', '2147483648', '9'.repeat(400), 'NaN', 'Infinity', '٣', 'one', '\0']
    const code = (path: string, query: Record<string, string>, method = 'GET') =>
      s3(method, path, { query, body: method === 'PUT' ? 'changed' : undefined }).then(codeOf)
    for (const number of junk) {
      for (const [name, more] of limits) {
        expect([name, number, await code(`/${bucket}`, { ...more, [name]: number })]).toEqual([
          name,
          number,
          'InvalidArgument',
        ])
      }
      for (const method of ['GET', 'PUT']) {
        for (const query of [{ partNumber: number }, { partNumber: number, uploadId: 'x' }] as Record<
          string,
          string
        >[]) {
          if (method === 'GET' && query.uploadId) continue
          expect([method, number, await code(`/${bucket}/key`, query, method)]).toEqual([
            method,
            number,
            'InvalidArgument',
          ])
        }
      }
      expect([number, await code('/', { 'max-buckets': number })]).toEqual([number, 'InvalidArgument'])
    }
    for (const number of ['0', '10001', '00000000010001']) {
      expect(await code(`/${bucket}/key`, { partNumber: number, uploadId: 'x' }, 'PUT')).toBe('InvalidArgument')
    }
    expect(await textAt(`/${bucket}/key`)).toBe('kept')
  })

  test('upload ids that are none', async () => {
    const bucket = await bucketWithKey()
    const path = `/${bucket}/key`
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>'
    for (const uploadId of [
      '',
      ' ',
      '..',
      '../../x',
      '\0',
      '%00',
      "' or 1=1 --",
      '__proto__',
      '😀',
      'x'.repeat(8000),
    ]) {
      const codes = [
        await codeOf(await s3('PUT', path, { query: { uploadId, partNumber: '1' }, body: 'changed' })),
        await codeOf(
          await s3('PUT', path, {
            query: { uploadId, partNumber: '1' },
            headers: { 'x-amz-copy-source': `${bucket}/key` },
          }),
        ),
        await codeOf(await s3('GET', path, { query: { uploadId } })),
        await codeOf(await s3('DELETE', path, { query: { uploadId } })),
        await codeOf(await s3('POST', path, { query: { uploadId }, body })),
      ]
      expect([uploadId, codes]).toEqual([uploadId, codes.map(() => 'NoSuchUpload')])
    }
    expect(await textAt(path)).toBe('kept')
  })

  test('ranges that are none give the whole, and never bytes that are not there', async () => {
    const path = `/${await bucketWithKey()}/key`
    const none = words('bytes bytes= bytes=- bytes=a-b bytes=0-1,2-3 bytes=3-1 octets=0-1 bytes=--1 bytes=0x0-0x1')
    const ranges: [string, number, string | undefined][] = [
      ...[...none, '', 'bytes=0 - 1'].map((range): [string, number, string] => [range, 200, 'kept']),
      ['bytes=0-99999999999999999999999', 206, 'kept'],
      ['bytes=-99999999999999999999999', 206, 'kept'],
      [`bytes=3-${'9'.repeat(400)}`, 206, 't'],
      [`bytes=${'9'.repeat(400)}-`, 416, undefined],
      ['bytes=4-', 416, undefined],
      ['bytes=-0', 416, undefined],
    ]
    for (const [range, status, body] of ranges) {
      const answer = await s3('GET', path, { headers: { range } })
      const text = await answer.text()
      expect([range, answer.status, body === undefined ? undefined : text]).toEqual([range, status, body])
    }
  })
})

describe('a document', () => {
  const remove = (bucket: string, body: string | Uint8Array) =>
    s3('POST', `/${bucket}`, { query: { delete: '' }, body }).then(codeOf)
  const plain = '<Delete><Object><Key>key</Key></Object></Delete>'

  test('that would grow, or reach for something outside, is refused', async () => {
    const bucket = await bucketWithKey()
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
    const bombs = [
      `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">${entities}]><Delete><Object><Key>&l9;</Key></Object></Delete>`,
      `<!DOCTYPE Delete [<!ENTITY a "${'a'.repeat(100_000)}">]><Delete><Object><Key>${'&a;'.repeat(100_000)}</Key></Object></Delete>`,
      `<!DOCTYPE Delete [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>`,
      `<!DOCTYPE Delete SYSTEM "http://localhost/x.dtd">${plain}`,
      `<!DOCTYPE Delete [<!ENTITY % p SYSTEM "http://localhost/x"> %p;]>${plain}`,
      `<Delete xmlns:xi="http://www.w3.org/2001/XInclude"><Object><Key><xi:include href="file:///etc/passwd"/></Key></Object></Delete>`,
      `<Delete>${'<Object>'.repeat(100)}<Key>key</Key>${'</Object>'.repeat(100)}</Delete>`,
    ]
    for (const bomb of bombs)
      expect([bomb.slice(0, 40), await remove(bucket, bomb)]).toEqual([bomb.slice(0, 40), 'MalformedXML'])
    expect(await textAt(`/${bucket}/key`)).toBe('kept')
  })

  test('is UTF-8, with a mark before it or without, and nothing else', async () => {
    const bucket = await bucketWithKey()
    const wide = (text: string, isBig: boolean): Buffer => {
      const little = Buffer.from(`\ufeff${text}`, 'utf16le')
      return isBig ? little.swap16() : little
    }
    const said = `<?xml version="1.0" encoding="UTF-16"?>${plain}`
    for (const body of [
      wide(plain, false),
      wide(plain, true),
      wide(said, false),
      wide(said, true),
      Buffer.from(said),
    ]) {
      expect(await remove(bucket, body)).toBe('MalformedXML')
    }
    expect(await remove(bucket, Buffer.concat([Buffer.from([0xff]), Buffer.from(plain)]))).toBe('MalformedXML')
    // An overlong slash, and half a surrogate pair, both in what is no UTF-8.
    for (const bytes of [
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
    ]) {
      const body = Buffer.concat([
        Buffer.from('<Delete><Object><Key>'),
        Buffer.from(bytes),
        Buffer.from('</Key></Object></Delete>'),
      ])
      expect(await remove(bucket, body)).toBe('MalformedXML')
    }
    expect(await textAt(`/${bucket}/key`)).toBe('kept')
    expect(await remove(bucket, `\ufeff${plain}`)).toBe('')
    expect(await keysOf(bucket)).toEqual([])
  })
})
