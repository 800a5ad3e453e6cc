import { createHash } from 'node:crypto'
import {
  BLOCKABLE_ENCRYPTIONS,
  type BucketEncryption,
  type CustomerKey,
  type RequestedEncryption,
} from '../../model/encryption'
import { amzHeaders } from '../../wire/amz-headers'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, notImplemented, S3Error } from './s3-error'
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
const HEADER = 'x-amz-server-side-encryption'
const CUSTOMER = `${HEADER}-customer-`
const COPY_SOURCE_CUSTOMER = 'x-amz-copy-source-server-side-encryption-customer-'

/** With a KMS there would be more; Wharf has none. */
const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx'] as const
const KEY_BYTES = 32
const BASE64_OF_KEY = /^[A-Za-z0-9+/]{43}=$/

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

/**
 * How a PUT, a copy or a new upload wants its object encrypted.
 *
 * @param mayBringKeys  false where the keys of clients would come over a line that others can read
 * @throws S3Error InvalidArgument, InvalidEncryptionAlgorithmError, InvalidRequest, NotImplemented for KMS
 */
export function readEncryptionHeaders(headers: Headers, mayBringKeys: boolean): RequestedEncryption {
  const algorithm = readAlgorithm(headers)
  refuseKms(headers)
  const customerKey = readCustomerKey(headers, mayBringKeys)
  if (algorithm && customerKey) {
    const message =
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified'
    throw invalidArgument(HEADER, algorithm, message)
  }
  return { algorithm, customerKey }
}

/** The key that a request brings for its own object: on a write, a read, or a part. */
export function readCustomerKey(headers: Headers, mayBringKeys: boolean): CustomerKey | undefined {
  return readKey(headers, CUSTOMER, mayBringKeys)
}

/** The key that a copy brings for its source. */
export function readSourceKey(headers: Headers, mayBringKeys: boolean): CustomerKey | undefined {
  return readKey(headers, COPY_SOURCE_CUSTOMER, mayBringKeys)
}

/** Tells the client which key its object is encrypted with. */
export function putCustomerKeyHeaders(headers: Headers, { md5 }: Pick<CustomerKey, 'md5'>): void {
  headers.set(`${CUSTOMER}algorithm`, 'AES256')
  headers.set(`${CUSTOMER}key-md5`, md5)
}

function readAlgorithm(headers: Headers): 'AES256' | undefined {
  const text = headers.get(HEADER)
  if (text === null) return undefined
  const algorithm = ALGORITHMS.find(one => one === text)
  if (!algorithm) throw new S3Error('InvalidEncryptionAlgorithmError', undefined, { ArgumentName: HEADER })
  if (algorithm !== 'AES256') throw notImplemented(HEADER, algorithm)
  return algorithm
}

/** What is said of KMS keys where none is asked for. A bucket key would only make KMS cheaper. */
function refuseKms(headers: Headers): void {
  for (const [name, value] of amzHeaders(headers)) {
    if (name === `${HEADER}-aws-kms-key-id` || name === `${HEADER}-context`) {
      throw invalidArgument(name, value, `${name} is only applicable with ${HEADER}: aws:kms`)
    }
  }
}

function readKey(headers: Headers, prefix: string, mayBringKeys: boolean): CustomerKey | undefined {
  const algorithm = headers.get(`${prefix}algorithm`)
  const key = headers.get(`${prefix}key`)
  const md5 = headers.get(`${prefix}key-md5`)
  if (algorithm === null && key === null && md5 === null) return undefined
  if (!mayBringKeys) {
    const message =
      'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.'
    throw new S3Error('InvalidRequest', message)
  }
  requirePresent(`${prefix}algorithm`, algorithm, 'an encryption algorithm')
  requirePresent(`${prefix}key`, key, 'an appropriate secret key')
  requirePresent(`${prefix}key-md5`, md5, 'the client calculated MD5 of the secret key')
  if (algorithm !== 'AES256') {
    throw new S3Error('InvalidEncryptionAlgorithmError', undefined, { ArgumentName: `${prefix}algorithm` })
  }
  // The key itself is not shown in errors, which end up in logs.
  const bytes = BASE64_OF_KEY.test(key) ? Buffer.from(key, 'base64') : undefined
  if (bytes?.length !== KEY_BYTES) {
    throw invalidArgument(`${prefix}key`, '', 'The secret key was invalid for the specified algorithm.')
  }
  if (createHash('md5').update(bytes).digest('base64') !== md5) {
    const message = 'The calculated MD5 hash of the key did not match the hash that was provided.'
    throw invalidArgument(`${prefix}key-md5`, md5, message)
  }
  return { key: new Uint8Array(bytes), md5 }
}

function requirePresent(name: string, value: string | null, what: string): asserts value is string {
  if (value !== null && value !== '') return
  const message = `Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`
  throw invalidArgument(name, '', message)
}
