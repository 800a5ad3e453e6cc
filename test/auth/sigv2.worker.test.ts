import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readSigV2Claim, verifySigV2 } from '../../src/auth/sigv2'
import type { SentRequest } from '../../src/auth/sigv4-claim'
import { Fault } from '../../src/model/fault'
import { codeOf, freshBucket, ROOT, s3, send } from '../support/s3'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const DATE = 'Tue, 27 Mar 2007 19:36:42 +0000'
const NOW = Date.parse(DATE)

/** The examples of Amazon's documentation: method, path, headers, bucket in the host, signature. */
const examples: [string, string, Record<string, string>, string][] = [
  ['GET', '/photos/puppy.jpg', { date: DATE }, 'bWq2s1WEIj+Ydj0vQ697zp+IXMU='],
  [
    'PUT',
    '/photos/puppy.jpg',
    { date: 'Tue, 27 Mar 2007 21:15:45 +0000', 'content-type': 'image/jpeg' },
    'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
  ],
  [
    'GET',
    '/?prefix=photos&max-keys=50&marker=puppy',
    { date: 'Tue, 27 Mar 2007 19:42:41 +0000' },
    'htDYFYduRNen8P9ZfE/s9SuKy0U=',
  ],
  ['GET', '/?acl', { date: 'Tue, 27 Mar 2007 19:44:46 +0000' }, 'c2WLPFtWHVgbEmeEG93a4cG37dM='],
]

function sentOf(method: string, target: string, headers: Record<string, string>): SentRequest {
  const [rawPath = '', rawQuery = ''] = target.split('?')
  return { method, rawPath, rawQuery, headers: new Headers(headers) }
}

describe('SigV2', () => {
  for (const [method, target, headers, signature] of examples) {
    test(`verifies Amazon's example ${method} ${target}`, async () => {
      const sent = sentOf(method, target, { ...headers, authorization: `AWS AKIAIOSFODNN7EXAMPLE:${signature}` })
      const claim = readSigV2Claim(sent)
      if (!claim) throw new Error('no claim')
      const options = { hostBucket: 'awsexamplebucket1', nowMillis: Date.parse(headers.date ?? '') }
      await verifySigV2(claim, sent, SECRET, options).catch(error => {
        // The documentation signs for one bucket or the other, by its edition.
        if (!(error instanceof Fault)) throw error
        return verifySigV2(claim, sent, SECRET, { ...options, hostBucket: 'johnsmith' })
      })
      await expect(verifySigV2(claim, sent, 'another secret', options)).rejects.toThrow('SignatureMismatch')
    })
  }

  test('of another time is refused', async () => {
    const sent = sentOf('GET', '/b/k', { date: DATE, authorization: 'AWS a:b' })
    const claim = readSigV2Claim(sent)
    if (!claim) throw new Error('no claim')
    const at = (nowMillis: number) => verifySigV2(claim, sent, SECRET, { hostBucket: undefined, nowMillis })
    await expect(at(NOW + 16 * 60_000)).rejects.toThrow('ClockSkewed')
  })
})

/** A presigned URL as boto3 makes it in the old regions. */
function presign(method: string, path: string, { expires = 60, query = '', secret = ROOT.secretKey } = {}): string {
  const until = Math.floor(Date.now() / 1000) + expires
  const text = `${method}\n\n\n${until}\n${path}${query === '' ? '' : `?${query}`}`
  const signature = encodeURIComponent(createHmac('sha1', secret).update(text).digest('base64'))
  const more = query === '' ? '' : `${query}&`
  return `${more}AWSAccessKeyId=${ROOT.accessKey}&Signature=${signature}&Expires=${until}`
}

describe('a presigned URL of the older scheme', () => {
  const host = new Headers({ host: 'localhost' })

  test('writes and reads', async () => {
    const bucket = await freshBucket()
    const path = `/${bucket}/key`
    const put = await send(
      'PUT',
      path,
      presign('PUT', path),
      new Headers({ host: 'localhost', 'content-length': '5' }),
      Buffer.from('hello'),
    )
    expect(put.status).toBe(200)
    const query = 'response-content-type=text/x'
    const got = await send('GET', path, presign('GET', path, { query }), host)
    expect([await got.text(), got.headers.get('content-type')]).toEqual(['hello', 'text/x'])
  })

  test('is refused when expired, changed, not whole, or signed with another secret', async () => {
    const bucket = await freshBucket()
    const path = `/${bucket}/key`
    const code = (query: string, to = path) => send('GET', to, query, host).then(codeOf)
    expect(await code(presign('GET', path))).toBe('NoSuchKey')
    expect(await code(presign('GET', path, { expires: -1 }))).toBe('AccessDenied')
    expect(await code(presign('PUT', path))).toBe('SignatureDoesNotMatch')
    expect(await code(presign('GET', path), `${path}2`)).toBe('SignatureDoesNotMatch')
    expect(await code(`${presign('GET', path)}&acl`)).toBe('SignatureDoesNotMatch')
    expect(await code(presign('GET', path, { secret: 'wrong-secret' }))).toBe('SignatureDoesNotMatch')
    expect(await code(presign('GET', path).replace(ROOT.accessKey, 'nobody'))).toBe('InvalidAccessKeyId')
    expect(await code('AWSAccessKeyId=a&Signature=b')).toBe('AccessDenied')
    expect(await code('AWSAccessKeyId=a&Signature=b&Expires=soon')).toBe('AccessDenied')
    expect(await code(`${presign('GET', path)}&X-Amz-Algorithm=AWS4-HMAC-SHA256`)).toBe('InvalidArgument')
  })

  test('cannot sign chunks', async () => {
    const path = `/${await freshBucket()}/key`
    const headers = new Headers({ host: 'localhost', 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' })
    expect(await codeOf(await send('PUT', path, presign('PUT', path), headers, Buffer.from('x')))).toBe(
      'InvalidArgument',
    )
  })
})

test('SigV2 in the header signs every x-amz header, and a bucket with or without its slash', async () => {
  const bucket = await freshBucket()
  await s3('PUT', `/${bucket}/key`, { body: 'x' })
  const sign = (path: string, signedPath: string) => {
    const date = new Date().toUTCString()
    const text = `GET\n\n\n${date}\nx-amz-meta-a:b\n${signedPath}`
    const signature = createHmac('sha1', ROOT.secretKey).update(text).digest('base64')
    const headers = {
      host: 'localhost',
      date,
      'x-amz-meta-a': 'b',
      authorization: `AWS ${ROOT.accessKey}:${signature}`,
    }
    return send('GET', path, '', new Headers(headers))
  }
  expect((await sign(`/${bucket}`, `/${bucket}/`)).status).toBe(200)
  expect((await sign(`/${bucket}`, `/${bucket}`)).status).toBe(200)
  expect((await sign(`/${bucket}/key`, `/${bucket}/key`)).status).toBe(200)
  expect((await sign(`/${bucket}/key`, `/${bucket}/other`)).status).toBe(403)
})
