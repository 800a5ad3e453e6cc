import { type AccessLogging, LOG_PERMISSIONS, type LogGrant, PARTITION_DATES } from '../../model/access-logging'
import type { XmlElement } from '../../wire/xml'
import {
  type Content,
  malformed,
  readChild,
  readChildren,
  readOneOf,
  readRoot,
  readString,
  required,
} from './wire-members'

const LOGGING = ['TargetBucket', 'TargetPrefix', 'TargetGrants', 'TargetObjectKeyFormat']

/**
 * A `BucketLoggingStatus`; undefined where it ends the logging.
 * @throws S3Error MalformedXML, MissingRequestBodyError
 */
export function readLogging(text: string): AccessLogging | undefined {
  const content = readChild(readRoot(text, 'BucketLoggingStatus', ['LoggingEnabled']), 'LoggingEnabled', LOGGING)
  if (!content) return undefined
  const grants = readChild(content, 'TargetGrants', ['Grant'])
  return {
    targetBucket: required(readString(content, 'TargetBucket'), 'TargetBucket').trim(),
    targetPrefix: required(readString(content, 'TargetPrefix'), 'TargetPrefix'),
    grants: grants && readChildren(grants, 'Grant', ['Grantee', 'Permission']).map(readGrant),
    ...readKeyFormat(content),
  }
}

/** The content of a `BucketLoggingStatus`; empty for a bucket that keeps no log. */
export function loggingElements(logging: AccessLogging | undefined): XmlElement {
  if (!logging) return {}
  const { targetBucket, targetPrefix, grants } = logging
  return {
    LoggingEnabled: {
      TargetBucket: targetBucket,
      TargetPrefix: targetPrefix,
      TargetGrants: grants && { Grant: grants.map(grantElement) },
      TargetObjectKeyFormat: keyFormatElement(logging),
    },
  }
}

function readGrant(content: Content): LogGrant {
  const grantee = required(readChild(content, 'Grantee', ['ID', 'DisplayName', 'EmailAddress', 'URI']), 'Grantee')
  const grant: LogGrant = {
    id: readString(grantee, 'ID'),
    displayName: readString(grantee, 'DisplayName'),
    email: readString(grantee, 'EmailAddress'),
    group: readString(grantee, 'URI'),
    permission: required(readOneOf(content, 'Permission', LOG_PERMISSIONS), 'Permission'),
  }
  const named = [grant.id, grant.email, grant.group].filter(one => one !== undefined)
  if (named.length !== 1) throw malformed('a Grantee has one of ID, EmailAddress, URI')
  return grant
}

function grantElement({ id, displayName, email, group, permission }: LogGrant): XmlElement {
  const type = group !== undefined ? 'Group' : email !== undefined ? 'AmazonCustomerByEmail' : 'CanonicalUser'
  return {
    Grantee: {
      '@xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
      '@xsi:type': type,
      ID: id,
      DisplayName: displayName,
      EmailAddress: email,
      URI: group,
    },
    Permission: permission,
  }
}

function readKeyFormat(logging: Content): Pick<AccessLogging, 'keyFormat' | 'partitionDate'> {
  const format = readChild(logging, 'TargetObjectKeyFormat', ['SimplePrefix', 'PartitionedPrefix'])
  if (!format) return {}
  const simple = readChild(format, 'SimplePrefix', [])
  const partitioned = readChild(format, 'PartitionedPrefix', ['PartitionDateSource'])
  if ((simple === undefined) === (partitioned === undefined))
    throw malformed('either SimplePrefix or PartitionedPrefix')
  if (!partitioned) return { keyFormat: 'simple' }
  return { keyFormat: 'partitioned', partitionDate: readOneOf(partitioned, 'PartitionDateSource', PARTITION_DATES) }
}

function keyFormatElement({ keyFormat, partitionDate }: AccessLogging): XmlElement | undefined {
  if (!keyFormat) return undefined
  return keyFormat === 'simple' ? { SimplePrefix: {} } : { PartitionedPrefix: { PartitionDateSource: partitionDate } }
}
