import { BLOCKABLE_ENCRYPTIONS, type BucketEncryption } from '../../model/encryption'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, notImplemented } from './s3-error'
import {
  type Content,
  malformed,
  readChild,
  readChildren,
  readFlag,
  readOneOf,
  readRoot,
  readString,
  readStrings,
  required,
  requireLength,
} from './wire-members'

const DEFAULT = 'ApplyServerSideEncryptionByDefault'

/** With a KMS there would be more; Wharf has none. */
const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx'] as const

/**
 * A `ServerSideEncryptionConfiguration`, which has one rule.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidArgument, NotImplemented for KMS
 */
export function readBucketEncryption(text: string): BucketEncryption {
  const content = readRoot(text, 'ServerSideEncryptionConfiguration', ['Rule'])
  const [rule = {}] = requireLength(
    readChildren(content, 'Rule', [DEFAULT, 'BucketKeyEnabled', 'BlockedEncryptionTypes']),
    'Rule',
    1,
  )
  const blocked = readChild(rule, 'BlockedEncryptionTypes', ['EncryptionType'])
  const encryption: BucketEncryption = {
    algorithm: readDefault(readChild(rule, DEFAULT, ['SSEAlgorithm', 'KMSMasterKeyID'])),
    bucketKey: readFlag(rule, 'BucketKeyEnabled'),
    blocked: blocked && readBlocked(blocked),
  }
  if (!encryption.algorithm && !encryption.blocked) throw malformed(`${DEFAULT} is missing`)
  return encryption
}

/** The content of a `ServerSideEncryptionConfiguration`. */
export function bucketEncryptionElements({ algorithm, bucketKey, blocked }: BucketEncryption): XmlElement {
  return {
    Rule: {
      [DEFAULT]: algorithm && { SSEAlgorithm: algorithm },
      BucketKeyEnabled: bucketKey,
      BlockedEncryptionTypes: blocked && { EncryptionType: blocked },
    },
  }
}

function readDefault(content: Content | undefined): 'AES256' | undefined {
  if (!content) return undefined
  const algorithm = required(readOneOf(content, 'SSEAlgorithm', ALGORITHMS), 'SSEAlgorithm')
  if (algorithm !== 'AES256') throw notImplemented('SSEAlgorithm', algorithm)
  const keyId = readString(content, 'KMSMasterKeyID')
  if (keyId) {
    const message = 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms'
    throw invalidArgument('KMSMasterKeyID', keyId, message)
  }
  return algorithm
}

function readBlocked(content: Content): BucketEncryption['blocked'] {
  return readStrings(content, 'EncryptionType').map(text => {
    const type = BLOCKABLE_ENCRYPTIONS.find(one => one === text.trim())
    if (!type) throw malformed(`EncryptionType is not one of ${BLOCKABLE_ENCRYPTIONS.join(', ')}`)
    return type
  })
}
