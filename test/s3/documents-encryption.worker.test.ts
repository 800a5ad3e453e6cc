import { describe, expect, test } from 'vitest'
import { bucketEncryptionElements, readBucketEncryption } from '../../src/dialects/s3/wire-encryption'
import { refusal, stored, written } from '../support/documents'

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
