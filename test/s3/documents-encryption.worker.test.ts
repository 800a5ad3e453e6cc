import { describe, expect, test } from 'vitest'
import {
  bucketEncryptionElements,
  putCustomerKeyHeaders,
  readBucketEncryption,
  readCustomerKey,
  readEncryptionHeaders,
  readSourceKey,
} from '../../src/dialects/s3/wire-encryption'
import { refusal, stored, written } from '../support/documents'
import { md5 } from '../support/s3'

const document = (...rules: string[]) =>
  `<ServerSideEncryptionConfiguration>${rules.map(one => `<Rule>${one}</Rule>`).join('')}</ServerSideEncryptionConfiguration>`
const byDefault = (inner: string) => `<ApplyServerSideEncryptionByDefault>${inner}</ApplyServerSideEncryptionByDefault>`
const AES = byDefault('<SSEAlgorithm>AES256</SSEAlgorithm>')

describe('the encryption of a bucket', () => {
  test.each([
    document(AES),
    document(`${AES}<BucketKeyEnabled>false</BucketKeyEnabled>`),
    document(
      `${AES}<BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>`,
    ),
    document('<BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>'),
  ])('comes back as %s', text => {
    expect(
      written('ServerSideEncryptionConfiguration', bucketEncryptionElements(stored(readBucketEncryption(text)))),
    ).toBe(text)
  })

  test.each([
    [document(), '400 MalformedXML'],
    [document(AES, AES), '400 MalformedXML'],
    [document(''), '400 MalformedXML'],
    [document('<BucketKeyEnabled>true</BucketKeyEnabled>'), '400 MalformedXML'],
    [document(`${AES}<BucketKeyEnabled>yes</BucketKeyEnabled>`), '400 MalformedXML'],
    [document(byDefault('')), '400 MalformedXML'],
    [document(byDefault('<SSEAlgorithm>aes256</SSEAlgorithm>')), '400 MalformedXML'],
    [document(byDefault('<SSEAlgorithm>aws:kms</SSEAlgorithm>')), '501 NotImplemented'],
    [
      document(byDefault('<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>')),
      '400 InvalidArgument',
    ],
    [
      document(`${AES}<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>`),
      '400 MalformedXML',
    ],
    ['', '400 MissingRequestBodyError'],
  ])('%s is refused: %s', (text, answer) => {
    expect(refusal(() => readBucketEncryption(text))).toBe(answer)
  })
})

const SSE = 'x-amz-server-side-encryption'
const KEY_BYTES = new Uint8Array(32).map((_, i) => 251 - i)
const KEY = Buffer.from(KEY_BYTES).toString('base64')
const MD5 = Buffer.from(md5(KEY_BYTES), 'hex').toString('base64')
const customer = (prefix: string, algorithm?: string, key?: string, digest?: string) => {
  const headers = new Headers()
  if (algorithm !== undefined) headers.set(`${prefix}-customer-algorithm`, algorithm)
  if (key !== undefined) headers.set(`${prefix}-customer-key`, key)
  if (digest !== undefined) headers.set(`${prefix}-customer-key-MD5`, digest)
  return headers
}

describe('the encryption that a request asks for', () => {
  test('is none, the one of S3, or one by a key of its own', () => {
    expect(readEncryptionHeaders(new Headers(), true)).toEqual({})
    expect(readEncryptionHeaders(new Headers({ [SSE]: 'AES256' }), true)).toEqual({ algorithm: 'AES256' })
    expect(readEncryptionHeaders(customer(SSE, 'AES256', KEY, MD5), true)).toEqual({
      customerKey: { key: KEY_BYTES, md5: MD5 },
    })
  })

  test('may name a key for the source of a copy too', () => {
    const headers = customer('x-amz-copy-source-server-side-encryption', 'AES256', KEY, MD5)
    expect(readSourceKey(headers, true)).toEqual({ key: KEY_BYTES, md5: MD5 })
    expect(readCustomerKey(headers, true)).toBeUndefined()
    expect(readSourceKey(customer(SSE, 'AES256', KEY, MD5), true)).toBeUndefined()
  })

  test('is told without the key', () => {
    const answer = new Headers()
    putCustomerKeyHeaders(answer, { md5: MD5 })
    expect(Object.fromEntries(answer)).toEqual({
      [`${SSE}-customer-algorithm`]: 'AES256',
      [`${SSE}-customer-key-md5`]: MD5,
    })
  })

  test.each<[string, Record<string, string>, string]>([
    ['an unknown algorithm', { [SSE]: 'AES512' }, '400 InvalidEncryptionAlgorithmError'],
    ['another case', { [SSE]: 'aes256' }, '400 InvalidEncryptionAlgorithmError'],
    ['KMS', { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: 'k' }, '501 NotImplemented'],
    ['KMS of two layers', { [SSE]: 'aws:kms:dsse' }, '501 NotImplemented'],
    ['a KMS key without KMS', { [`${SSE}-aws-kms-key-id`]: 'k' }, '400 InvalidArgument'],
    ['a KMS context without KMS', { [SSE]: 'AES256', [`${SSE}-context`]: 'e30=' }, '400 InvalidArgument'],
    ['a bucket key, which changes nothing', { [SSE]: 'AES256', [`${SSE}-bucket-key-enabled`]: 'true' }, 'accepted'],
  ])('by %s', (_, headers, answer) => {
    expect(refusal(() => readEncryptionHeaders(new Headers(headers), true))).toBe(answer)
  })

  const otherMd5 = Buffer.from(md5('x'), 'hex').toString('base64')
  const short = Buffer.from(new Uint8Array(31)).toString('base64')
  test.each([
    ['no algorithm', customer(SSE, undefined, KEY, MD5), '400 InvalidArgument'],
    ['no key', customer(SSE, 'AES256', undefined, MD5), '400 InvalidArgument'],
    ['an empty key', customer(SSE, 'AES256', '', MD5), '400 InvalidArgument'],
    ['no digest', customer(SSE, 'AES256', KEY), '400 InvalidArgument'],
    ['another algorithm', customer(SSE, 'AES128', KEY, MD5), '400 InvalidEncryptionAlgorithmError'],
    ['a short key', customer(SSE, 'AES256', short, MD5), '400 InvalidArgument'],
    ['a key that is no base64', customer(SSE, 'AES256', `!${KEY.slice(1)}`, MD5), '400 InvalidArgument'],
    ['another digest', customer(SSE, 'AES256', KEY, otherMd5), '400 InvalidArgument'],
  ])('by a key of its own is refused with %s', (_, headers, answer) => {
    expect(refusal(() => readEncryptionHeaders(headers, true))).toBe(answer)
    const copied = new Headers(
      Array.from(headers, ([name, value]): [string, string] => [name.replace('x-amz-', 'x-amz-copy-source-'), value]),
    )
    expect(refusal(() => readSourceKey(copied, true))).toBe(answer)
  })

  test('is not both at once, nor by a key on an open line', () => {
    const both = customer(SSE, 'AES256', KEY, MD5)
    expect(refusal(() => readEncryptionHeaders(both, false))).toBe('400 InvalidRequest')
    both.set(SSE, 'AES256')
    expect(refusal(() => readEncryptionHeaders(both, true))).toBe('400 InvalidArgument')
  })

  test('never shows the key in an error', () => {
    for (const headers of [customer(SSE, 'AES256', KEY, otherMd5), customer(SSE, 'AES256', KEY.slice(4), MD5)]) {
      try {
        readCustomerKey(headers, true)
        expect.unreachable()
      } catch (error) {
        expect(JSON.stringify(error) + String(error)).not.toContain(KEY.slice(4))
      }
    }
  })
})
