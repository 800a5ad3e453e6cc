import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SentRequest } from '../../src/auth/sigv4-claim'
import { hmacHex, presigned, sha256, signed, signingKeyBytes, uriEncode, type Wanted } from '../auth/independent-signer'
import { codeOf, freshBucket, HOST, ROOT, randomBytes, s3, s3Presigned, send, texts } from '../support/s3'

const SIGNED_CHUNKS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const CRC32_OF_X = 'jNwWgw=='

const bucketWithKey = async (): Promise<string> => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'kept' })
  return bucket
}
const textAt = async (path: string): Promise<string> => (await s3('GET', path)).text()
const keysOf = async (bucket: string): Promise<string[]> => texts(await textAt(`/${bucket}`), 'Key')

function now(offMillis = 0): string {
  return `${new Date(Date.now() + offMillis).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

/** As root, now, for this host: what a test says of a request is all that is odd about it. */
const asRoot = (wanted: Wanted): Wanted => ({
  time: now(),
  ...ROOT,
  ...wanted,
  headers: { host: HOST, ...wanted.headers },
})
const signedByRoot = (wanted: Wanted): SentRequest => signed(asRoot(wanted))

function go({ method, rawPath, rawQuery, headers }: SentRequest, body?: string | Uint8Array): Promise<Response> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (bytes) headers.set('content-length', String(bytes.length))
  return send(method, rawPath, rawQuery, headers, bytes)
}

function presignedOlder(method: string, path: string): string {
  const expires = Math.floor(Date.now() / 1000) + 60
  const signature = createHmac('sha1', ROOT.secretKey).update(`${method}\n\n\n${expires}\n${path}`).digest('base64')
  return `AWSAccessKeyId=${ROOT.accessKey}&Signature=${uriEncode(signature)}&Expires=${expires}`
}

describe('a body whose trailer is not signed', () => {
  const body = `1\r\nx\r\n0\r\nx-amz-checksum-crc32:${CRC32_OF_X}\r\n\r\n`
  const headers = { 'x-amz-decoded-content-length': '1', 'x-amz-trailer': 'x-amz-checksum-crc32' }
  const mode = { ...headers, 'x-amz-content-sha256': UNSIGNED_TRAILER }

  test('needs a request that is signed all the same', async () => {
    const bucket = await freshBucket()
    const path = `/${bucket}/key`
    const wrong = { ...ROOT, secretKey: 'wrong-password' }
    const right = signedByRoot({ method: 'PUT', path, headers, payloadHash: UNSIGNED_TRAILER })
    const claimed = new Headers({ host: HOST, ...mode })
    const credential = `X-Amz-Credential=${ROOT.accessKey}%2F${now().slice(0, 8)}%2Fus-east-1%2Fs3%2Faws4_request`
    const refused: [Promise<Response>, string][] = [
      [s3('PUT', path, { as: wrong, headers, body, payloadHash: UNSIGNED_TRAILER }), 'SignatureDoesNotMatch'],
      [s3Presigned('PUT', path, { as: wrong, headers: mode, body }), 'SignatureDoesNotMatch'],
      [s3('PUT', path, { as: 'nobody', headers: mode, body }), 'AccessDenied'],
      [send('PUT', path, credential, claimed, Buffer.from(body)), 'AuthorizationQueryParametersError'],
      [send('PUT', path, `AWSAccessKeyId=${ROOT.accessKey}`, claimed, Buffer.from(body)), 'AccessDenied'],
    ]
    for (const [answer, code] of refused) expect(await codeOf(await answer)).toBe(code)
    expect(await keysOf(bucket)).toEqual([])
    expect((await go(right, body)).status).toBe(200)
    expect(await textAt(path)).toBe('x')
  })

  test('must not say that it is signed, nor bring what was not announced', async () => {
    const bucket = await freshBucket()
    const ask = { headers, payloadHash: UNSIGNED_TRAILER }
    const signature = `x-amz-trailer-signature:${'0'.repeat(64)}\r\n`
    for (const more of [
      signature,
      'x-amz-meta-a:b\r\n',
      `x-amz-checksum-crc32:${CRC32_OF_X}\r\n`,
      'x-amz-acl:public-read\r\n',
    ]) {
      const answer = await s3('PUT', `/${bucket}/key`, { ...ask, body: `${body.slice(0, -2)}${more}\r\n` })
      expect([more, await codeOf(answer)]).toEqual([more, 'MalformedTrailerError'])
    }
    expect(await keysOf(bucket)).toEqual([])
  })
})

describe('credentials', () => {
  test('from two sources are refused, though each of them would do', async () => {
    const bucket = await freshBucket()
    const path = `/${bucket}/key`
    const inHeader = signedByRoot({ method: 'PUT', path })
    const inQuery = presigned(asRoot({ method: 'PUT', path }))
    const older = presignedOlder('PUT', path)
    const date = new Date().toUTCString()
    const olderText = `PUT\n\n\n${date}\n${path}`
    const olderSignature = createHmac('sha1', ROOT.secretKey).update(olderText).digest('base64')
    const olderHeaders = { host: HOST, date, authorization: `AWS ${ROOT.accessKey}:${olderSignature}` }
    const twice = [
      { ...inHeader, rawQuery: inQuery.rawQuery },
      { ...inHeader, rawQuery: older },
      { ...inQuery, headers: new Headers(olderHeaders) },
      { ...inQuery, rawQuery: `${inQuery.rawQuery}&${older}` },
      { ...inQuery, rawQuery: older, headers: new Headers(olderHeaders) },
      { ...inHeader, rawQuery: 'X-Amz-Expires=60' },
      { ...inHeader, rawQuery: 'Signature=' },
    ]
    for (const sent of twice) expect(await codeOf(await go(sent, 'x'))).toBe('InvalidArgument')
    expect(await keysOf(bucket)).toEqual([])
    for (const sent of [inHeader, inQuery, { ...inHeader, headers: new Headers(olderHeaders) }]) {
      expect((await go({ ...sent, headers: new Headers(sent.headers) }, 'x')).status).toBe(200)
    }
  })

  test('of an odd shape are unknown or malformed, and never more', async () => {
    const keys = [
      ...[
        'ROOT-USER',
        'root-user ',
        'root-user\t',
        'root-use',
        'root-user0',
        'root-user%00',
        '../root-user',
        '__proto__',
      ],
      ...['constructor', 'toString', 'root-user;', '*', '%', "' or 1=1 --", '{}', '<a>', 'x'.repeat(5000)],
    ]
    for (const accessKey of keys) {
      const code = await codeOf(await s3('GET', '/', { as: { ...ROOT, accessKey } }))
      const inQuery = await codeOf(await s3Presigned('GET', '/', { as: { ...ROOT, accessKey } }))
      const told = ['InvalidAccessKeyId', 'AuthorizationHeaderMalformed', 'AuthorizationQueryParametersError']
      expect([accessKey, told.includes(code), told.includes(inQuery)]).toEqual([accessKey, true, true])
    }
  })

  test('of another algorithm than the signature was made by are refused', async () => {
    const path = `/${await bucketWithKey()}/key`
    const sent = signedByRoot({ path })
    const authorization = sent.headers.get('authorization') ?? ''
    const [, signature = ''] = /Signature=(.*)/.exec(authorization) ?? []
    const olderSignature = createHmac('sha1', ROOT.secretKey).update(`GET\n\n\n\n${path}`).digest('base64')
    const forged: [string, string][] = [
      [authorization.replace('SHA256', 'SHA1'), 'InvalidArgument'],
      [authorization.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), 'NotImplemented'],
      [authorization.replace('AWS4-HMAC-SHA256', 'aws4-hmac-sha256'), 'InvalidArgument'],
      [authorization.replace('AWS4-HMAC-SHA256', 'none'), 'InvalidArgument'],
      [authorization.replace(signature, olderSignature), 'SignatureDoesNotMatch'],
      [authorization.replace(signature, signature.toUpperCase()), 'SignatureDoesNotMatch'],
      [authorization.replace(signature, signature.slice(1)), 'SignatureDoesNotMatch'],
      [authorization.replace(signature, `${signature}00`), 'SignatureDoesNotMatch'],
      [authorization.replace(signature, '0'.repeat(64)), 'SignatureDoesNotMatch'],
      [authorization.replace(signature, ''), 'AuthorizationHeaderMalformed'],
      [authorization.replace('/s3/', '/sts/'), 'AuthorizationHeaderMalformed'],
      [authorization.replace('aws4_request', 'aws4_testing'), 'AuthorizationHeaderMalformed'],
    ]
    for (const [authorization, code] of forged) {
      const headers = new Headers(sent.headers)
      headers.set('authorization', authorization)
      expect([authorization, await codeOf(await go({ ...sent, headers }))]).toEqual([authorization, code])
    }
    const inOlder = new Headers({
      host: HOST,
      date: new Date().toUTCString(),
      authorization: `AWS ${ROOT.accessKey}:${signature}`,
    })
    expect(await codeOf(await go({ ...sent, headers: inOlder }))).toBe('SignatureDoesNotMatch')
    const inQuery = presigned(asRoot({ path }))
    for (const algorithm of ['AWS4-HMAC-SHA1', 'AWS4-HMAC-SHA512', 'none', '']) {
      const rawQuery = inQuery.rawQuery.replace('AWS4-HMAC-SHA256', algorithm)
      expect(await codeOf(await go({ ...inQuery, rawQuery }))).toBe('AuthorizationQueryParametersError')
    }
  })

  test('must cover the host, and every x-amz header that is there', async () => {
    const bucket = await bucketWithKey()
    const path = `/${bucket}/key`
    const noHost = signedByRoot({ path, signedNames: ['x-amz-content-sha256', 'x-amz-date'] })
    expect(texts(await (await go(noHost)).text(), 'HeadersNotSigned')).toEqual(['host'])
    const noHostInQuery = presigned(asRoot({ path, headers: { range: 'bytes=0-1' }, signedNames: ['range'] }))
    expect(texts(await (await go(noHostInQuery)).text(), 'HeadersNotSigned')).toEqual(['host'])
    const added: Record<string, string>[] = [
      { 'x-amz-copy-source': `${bucket}/other` },
      { 'x-amz-acl': 'private' },
      { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      { 'x-amz-decoded-content-length': '1' },
      { 'x-amz-expected-bucket-owner': 'wharf' },
      { 'x-amz-security-token': '' },
    ]
    for (const unsignedHeaders of added) {
      for (const sign of [signed, presigned]) {
        const names = Object.keys(unsignedHeaders).join()
        const sent = sign(asRoot({ method: 'PUT', path, unsignedHeaders }))
        const code = await codeOf(await go(sent, 'changed'))
        const isSigned = sign === signed && names === 'x-amz-content-sha256'
        const due = names === 'x-amz-security-token' ? 'InvalidToken' : 'AccessDenied'
        expect([names, code]).toEqual([names, isSigned ? '' : due])
        if (isSigned) await s3('PUT', path, { body: 'kept' })
      }
    }
    expect(await textAt(path)).toBe('kept')
  })

  test('of a key that is for ever have no session token, wherever it stands', async () => {
    const path = `/${await bucketWithKey()}/key`
    for (const token of ['', 'x', 'a'.repeat(4000)]) {
      const inQuery = { query: { 'X-Amz-Security-Token': token } }
      expect(await codeOf(await s3Presigned('GET', path, inQuery))).toBe('InvalidToken')
      const headers = { 'x-amz-security-token': token }
      expect(await codeOf(await s3Presigned('GET', path, { headers }))).toBe('InvalidToken')
    }
  })
})

describe('a presigned URL', () => {
  test('is for its method, its path, its parameters and its time alone', async () => {
    const bucket = await bucketWithKey()
    const path = `/${bucket}/key`
    const sent = presigned(asRoot({ path, query: [['response-expires', 'never']] }))
    const code = async (change: Partial<SentRequest>, body?: string) => codeOf(await go({ ...sent, ...change }, body))
    expect(await code({})).toBe('')
    for (const method of ['HEAD', 'PUT', 'DELETE', 'POST']) {
      const answer = await go({ ...sent, method }, ['PUT', 'POST'].includes(method) ? 'changed' : undefined)
      expect([method, answer.status]).toEqual([method, 403])
    }
    expect(await code({ rawPath: `/${bucket}/other` })).toBe('SignatureDoesNotMatch')
    expect(await code({ rawPath: `/${bucket}` })).toBe('SignatureDoesNotMatch')
    for (const more of [
      '&acl',
      '&tagging=',
      '&partNumber=1',
      '&x-amz-acl=private',
      '&response-content-type=text%2Fhtml',
      '&a',
    ]) {
      expect([more, await code({ rawQuery: sent.rawQuery + more })]).toEqual([more, 'SignatureDoesNotMatch'])
    }
    expect(await code({ rawQuery: sent.rawQuery.replace('never', 'later') })).toBe('SignatureDoesNotMatch')
    expect(await code({ rawQuery: sent.rawQuery.replace('86400', '86401') })).toBe('SignatureDoesNotMatch')
    expect(await textAt(path)).toBe('kept')
  })

  test('has each of its parameters once', async () => {
    const path = `/${await bucketWithKey()}/key`
    const sent = presigned(asRoot({ path }))
    for (const pair of sent.rawQuery.split('&')) {
      const [name = ''] = pair.split('=')
      for (const twice of [pair, `${name}=`, `${name.toLowerCase()}=x`, `${name.replace('X-', 'X%2D')}=x`]) {
        for (const rawQuery of [`${sent.rawQuery}&${twice}`, `${twice}&${sent.rawQuery}`]) {
          const code = await codeOf(await go({ ...sent, rawQuery }))
          expect([twice, code]).toEqual([twice, 'AuthorizationQueryParametersError'])
        }
      }
    }
  })

  test('of the older scheme is for what it signs, and for nothing that it cannot sign', async () => {
    const bucket = await bucketWithKey()
    const path = `/${bucket}/key`
    const get = (more: string) =>
      send('GET', path, presignedOlder('GET', path) + more, new Headers({ host: HOST })).then(codeOf)
    expect(await get('')).toBe('')
    for (const name of ['acl', 'tagging', 'uploadId', 'versionId', 'partNumber', 'retention', 'response-expires']) {
      expect([name, await get(`&${name}=1`)]).toEqual([name, 'SignatureDoesNotMatch'])
    }
    for (const name of ['attributes', 'renameObject'])
      expect([name, await get(`&${name}`)]).toEqual([name, 'AccessDenied'])
    const onBucket = (method: string, name: string) =>
      send(method, `/${bucket}`, `${presignedOlder(method, `/${bucket}`)}&${name}=x`, new Headers({ host: HOST })).then(
        codeOf,
      )
    for (const name of ['ownershipControls', 'analytics', 'inventory', 'metrics', 'policyStatus', 'abac']) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        expect([method, name, await onBucket(method, name)]).toEqual([method, name, 'AccessDenied'])
      }
    }
    expect(await textAt(path)).toBe('kept')
  })
})

describe('the hash of a payload', () => {
  test('may be in capitals, and must be right all the same', async () => {
    const bucket = await freshBucket()
    const put = (of: string) =>
      s3('PUT', `/${bucket}/key`, { body: 'x', payloadHash: sha256(of).toUpperCase() }).then(codeOf)
    expect(await put('y')).toBe('XAmzContentSHA256Mismatch')
    expect(await keysOf(bucket)).toEqual([])
    expect(await put('x')).toBe('')
  })

  test('is one of the words that there are, as they are written', async () => {
    const path = `/${await bucketWithKey()}/key`
    const odd = [
      '',
      'unsigned-payload',
      'streaming-unsigned-payload-trailer',
      'STREAMING-AWS4-HMAC-SHA256',
      'x',
      'UNSIGNED-PAYLOAD,',
      sha256('').slice(1),
    ]
    for (const payloadHash of odd) {
      const older = { host: HOST, 'x-amz-content-sha256': payloadHash, date: new Date().toUTCString() }
      const text = `PUT\n\n\n${older.date}\nx-amz-content-sha256:${payloadHash}\n${path}`
      const signature = createHmac('sha1', ROOT.secretKey).update(text).digest('base64')
      const authorization = `AWS ${ROOT.accessKey}:${signature}`
      const asks: Promise<Response>[] = [
        s3('PUT', path, { payloadHash, body: 'changed' }),
        s3Presigned('PUT', path, { headers: { 'x-amz-content-sha256': payloadHash }, body: 'changed' }),
        s3Presigned('PUT', path, { query: { 'X-Amz-Content-Sha256': payloadHash }, body: 'changed' }),
        s3('PUT', path, { as: 'nobody', headers: { 'x-amz-content-sha256': payloadHash }, body: 'changed' }),
        go(
          { method: 'PUT', rawPath: path, rawQuery: '', headers: new Headers({ ...older, authorization }) },
          'changed',
        ),
      ]
      for (const ask of asks) expect([payloadHash, await codeOf(await ask)]).toEqual([payloadHash, 'InvalidArgument'])
    }
    expect(await textAt(path)).toBe('kept')
  })

  test('is not that of signed chunks where nothing was signed that they could be chained to', async () => {
    const path = `/${await bucketWithKey()}/key`
    for (const mode of [SIGNED_CHUNKS, `${SIGNED_CHUNKS}-TRAILER`]) {
      const headers = { 'x-amz-content-sha256': mode, 'x-amz-decoded-content-length': '1' }
      const body = `1;chunk-signature=${'0'.repeat(64)}\r\nx\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`
      expect(await codeOf(await s3('PUT', path, { as: 'nobody', headers, body }))).toBe('InvalidArgument')
      expect(await codeOf(await s3Presigned('PUT', path, { headers, body }))).toBe('SignatureDoesNotMatch')
      const query = { 'X-Amz-Content-Sha256': mode }
      expect(
        await codeOf(await s3Presigned('PUT', path, { query, headers: { 'x-amz-decoded-content-length': '1' }, body })),
      ).not.toBe('')
    }
    expect(await textAt(path)).toBe('kept')
  })
})

/** A PUT in signed chunks: its frames, each chained to the one before, and the request that they begin with. */
function chunkedPut(
  path: string,
  chunks: Uint8Array[],
  decodedSize = chunks.reduce((sum, chunk) => sum + chunk.length, 0),
) {
  const time = now()
  const headers = { 'x-amz-decoded-content-length': String(decodedSize) }
  const sent = signedByRoot({ method: 'PUT', path, headers, payloadHash: SIGNED_CHUNKS, time })
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`
  const key = signingKeyBytes(ROOT.secretKey, scope)
  let previous = /Signature=([0-9a-f]+)/.exec(sent.headers.get('authorization') ?? '')?.[1] ?? ''
  const frames = [...chunks, new Uint8Array()].map(chunk => {
    previous = hmacHex(key, ['AWS4-HMAC-SHA256-PAYLOAD', time, scope, previous, sha256(''), sha256(chunk)].join('\n'))
    return Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)};chunk-signature=${previous}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ])
  })
  return { sent, frames }
}

for (const [where, size] of Object.entries({ 'rests in the index': 9000, 'goes to R2': 100_000 })) {
  describe(`a body in signed chunks that ${where}`, () => {
    const chunks = [randomBytes(size), randomBytes(size), randomBytes(100)]

    test('is refused when a chunk is dropped, repeated, swapped or comes from another request', async () => {
      const path = `/${await bucketWithKey()}/key`
      const attempts: [string, (frames: Buffer[], others: Buffer[]) => (Buffer | undefined)[], string][] = [
        ['without its last', frames => frames.slice(0, -1), 'IncompleteBody'],
        ['without one', ([one, , ...rest]) => [one, ...rest], 'SignatureDoesNotMatch'],
        ['with one twice', ([one, ...rest]) => [one, one, ...rest], 'SignatureDoesNotMatch'],
        ['in another order', ([one, two, ...rest]) => [two, one, ...rest], 'SignatureDoesNotMatch'],
        ['of another request', (_, others) => others, 'SignatureDoesNotMatch'],
        [
          'with the end of another request',
          (frames, others) => [...frames.slice(0, -1), others.at(-1)],
          'SignatureDoesNotMatch',
        ],
        ['with an end too early', frames => [...frames.slice(0, 1), ...frames.slice(-1)], 'IncompleteBody'],
        ['with more behind its end', frames => [...frames, ...frames.slice(0, 1)], 'IncompleteBody'],
      ]
      for (const [how, attack, due] of attempts) {
        const { sent, frames } = chunkedPut(path, chunks)
        const others = chunkedPut(`${path}-other`, chunks).frames
        const body = Buffer.concat(attack(frames, others).filter(frame => frame !== undefined))
        const code = await codeOf(await go(sent, body))
        // What breaks off first decides which of the two words is heard.
        expect([how, [due, 'SignatureDoesNotMatch', 'IncompleteBody'].includes(code)]).toEqual([how, true])
        expect([how, await textAt(path)]).toEqual([how, 'kept'])
      }
      const { sent, frames } = chunkedPut(path, chunks)
      expect((await go(sent, Buffer.concat(frames))).status).toBe(200)
    })

    test('is refused when its decoded length is a lie, or none', async () => {
      const path = `/${await bucketWithKey()}/key`
      const length = 2 * size + 100
      for (const lie of [0, 1, length - 1, length + 1, length * 2, 2 ** 40]) {
        const { sent, frames } = chunkedPut(path, chunks, lie)
        const code = await codeOf(await go(sent, Buffer.concat(frames)))
        expect([lie, ['IncompleteBody', 'EntityTooLarge'].includes(code)]).toEqual([lie, true])
      }
      for (const lie of ['', '-1', '1e3', '0x10', 'NaN', '99999999999999999999', '1, 2']) {
        const headers = { 'x-amz-decoded-content-length': lie }
        const sent = signedByRoot({ method: 'PUT', path, headers, payloadHash: SIGNED_CHUNKS })
        expect([lie, (await go(sent, Buffer.concat(chunkedPut(path, chunks).frames))).status]).toEqual([lie, 411])
      }
      expect(await textAt(path)).toBe('kept')
    })
  })
}
