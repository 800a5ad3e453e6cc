import type { Bucket, BucketSettings } from '../../../model/bucket'
import type { XmlElement } from '../../../wire/xml'
import type { BucketCall } from '../call'
import { xml } from '../render'
import type { Operation } from '../routes'
import { S3Error, type S3ErrorCode } from '../s3-error'
import { corsElements, readCors } from '../wire-cors'
import { readText } from '../wire-document'
import { bucketEncryptionElements, readBucketEncryption } from '../wire-encryption'
import { lifecycleElements, lifecycleHeaders, readLifecycle } from '../wire-lifecycle'
import { objectLockElements, readObjectLock } from '../wire-object-lock'
import {
  ownershipElement,
  publicAccessBlockElement,
  readOwnershipControls,
  readPublicAccessBlock,
} from '../wire-public-access'
import { MAX_BUCKET_TAGS, readTagging, taggingElements } from '../wire-tags'
import { accelerationElements, readAcceleration, readRequestPayment, requestPaymentElements } from '../wire-transfer'
import { readWebsite, websiteElements } from '../wire-website'

const MAX_DOCUMENT_BYTES = 1024 * 1024

/** A setting of buckets that is one XML document: put, read back as it was put, and mostly deleted. */
interface DocumentSetting<K extends keyof BucketSettings> {
  /** As S3's actions and operations name it: `GetBucketTagging`. */
  name: string
  /** What S3's actions say behind `Get` and `Put`, where that is not the name. */
  action?: string
  /** The right to delete it, where that is another than to put it. */
  deleteAction?: string
  resource: string
  root: string
  member: K
  read(text: string, headers: Headers): BucketSettings[K]
  elements(value: NonNullable<BucketSettings[K]>): XmlElement
  /** Further headers of a read and of a write. */
  headers?(value: NonNullable<BucketSettings[K]>): Record<string, string>
  /** What a read answers where there is none: an error, or a document. */
  unset: S3ErrorCode | XmlElement
  /** Why a bucket cannot have it. */
  check?(bucket: Bucket, value: BucketSettings[K]): void
  putStatus?: number
  /** Whether it can be deleted, other than by putting an empty one. */
  isDeletable: boolean
}

/** The operations on all settings that are documents of their own. */
export function documentOperations(): Operation<BucketCall>[] {
  return [
    ...operationsOf({
      name: 'BucketTagging',
      resource: 'tagging',
      root: 'Tagging',
      member: 'tags',
      read: text => readTagging(text, MAX_BUCKET_TAGS),
      elements: taggingElements,
      unset: 'NoSuchTagSet',
      putStatus: 204,
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketLifecycle',
      action: 'LifecycleConfiguration',
      resource: 'lifecycle',
      root: 'LifecycleConfiguration',
      member: 'lifecycle',
      read: readLifecycle,
      elements: lifecycleElements,
      headers: lifecycleHeaders,
      unset: 'NoSuchLifecycleConfiguration',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketCors',
      action: 'BucketCORS',
      resource: 'cors',
      root: 'CORSConfiguration',
      member: 'cors',
      read: readCors,
      elements: corsElements,
      unset: 'NoSuchCORSConfiguration',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketWebsite',
      deleteAction: 's3:DeleteBucketWebsite',
      resource: 'website',
      root: 'WebsiteConfiguration',
      member: 'website',
      read: readWebsite,
      elements: websiteElements,
      unset: 'NoSuchWebsiteConfiguration',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketEncryption',
      action: 'EncryptionConfiguration',
      resource: 'encryption',
      root: 'ServerSideEncryptionConfiguration',
      member: 'encryption',
      read: readBucketEncryption,
      elements: bucketEncryptionElements,
      unset: 'ServerSideEncryptionConfigurationNotFoundError',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'ObjectLockConfiguration',
      action: 'BucketObjectLockConfiguration',
      resource: 'object-lock',
      root: 'ObjectLockConfiguration',
      member: 'objectLock',
      read: readObjectLock,
      elements: objectLockElements,
      unset: 'ObjectLockConfigurationNotFoundError',
      check: requireVersions,
      isDeletable: false,
    }),
    ...operationsOf({
      name: 'PublicAccessBlock',
      action: 'BucketPublicAccessBlock',
      resource: 'publicAccessBlock',
      root: 'PublicAccessBlockConfiguration',
      member: 'publicAccessBlock',
      read: readPublicAccessBlock,
      elements: publicAccessBlockElement,
      unset: 'NoSuchPublicAccessBlockConfiguration',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketOwnershipControls',
      resource: 'ownershipControls',
      root: 'OwnershipControls',
      member: 'ownership',
      read: readOwnershipControls,
      elements: ownershipElement,
      unset: 'OwnershipControlsNotFoundError',
      isDeletable: true,
    }),
    ...operationsOf({
      name: 'BucketRequestPayment',
      resource: 'requestPayment',
      root: 'RequestPaymentConfiguration',
      member: 'payer',
      read: readRequestPayment,
      elements: requestPaymentElements,
      unset: requestPaymentElements(undefined),
      isDeletable: false,
    }),
    ...operationsOf({
      name: 'BucketAccelerate',
      action: 'AccelerateConfiguration',
      resource: 'accelerate',
      root: 'AccelerateConfiguration',
      member: 'acceleration',
      read: readAcceleration,
      elements: accelerationElements,
      unset: {},
      check: requirePlainName,
      isDeletable: false,
    }),
  ]
}

function operationsOf<K extends keyof BucketSettings>(setting: DocumentSetting<K>): Operation<BucketCall>[] {
  const { name, resource } = setting
  const operations: Operation<BucketCall>[] = [
    { name: `Get${name}`, method: 'GET', resource, run: call => getDocument(call, setting) },
    { name: `Put${name}`, method: 'PUT', resource, run: call => putDocument(call, setting) },
  ]
  if (!setting.isDeletable) return operations
  return [
    ...operations,
    { name: `Delete${name}`, method: 'DELETE', resource, run: call => deleteDocument(call, setting) },
  ]
}

async function getDocument<K extends keyof BucketSettings>(
  { caller, bucket, wharf }: BucketCall,
  { name, action = name, root, member, unset, elements, headers }: DocumentSetting<K>,
): Promise<Response> {
  const { settings } = await wharf.store.buckets.describe(caller, bucket, `s3:Get${action}`)
  const value = settings[member]
  if (value !== undefined && value !== null) {
    const answer = xml(root, elements(value))
    for (const [header, text] of Object.entries(headers?.(value) ?? {})) answer.headers.set(header, text)
    return answer
  }
  if (typeof unset !== 'string') return xml(root, unset)
  throw new S3Error(unset, undefined, { BucketName: bucket })
}

async function putDocument<K extends keyof BucketSettings>(
  { caller, bucket, headers, openBody, wharf }: BucketCall,
  { name, action = name, member, read, check, putStatus, headers: further }: DocumentSetting<K>,
): Promise<Response> {
  const value = read(await readText(openBody(), MAX_DOCUMENT_BYTES), headers)
  await wharf.store.buckets.configure(caller, bucket, `s3:Put${action}`, (settings, present) => {
    check?.(present, value)
    return { ...settings, [member]: value }
  })
  const answer = value === undefined || value === null ? {} : further?.(value)
  return new Response(null, { status: putStatus ?? 200, headers: answer })
}

async function deleteDocument<K extends keyof BucketSettings>(
  { caller, bucket, wharf }: BucketCall,
  { name, action = name, deleteAction = `s3:Put${action}`, member }: DocumentSetting<K>,
): Promise<Response> {
  await wharf.store.buckets.configure(caller, bucket, deleteAction, settings => {
    const { [member]: _, ...rest } = settings
    return rest
  })
  return new Response(null, { status: 204 })
}

/** Locks are of versions. */
function requireVersions({ settings }: Bucket): void {
  if (settings.versioning === 'Enabled') return
  throw new S3Error('InvalidBucketState', "Versioning must be 'Enabled' on the bucket to apply this configuration")
}

function requirePlainName({ name }: Bucket): void {
  if (!name.includes('.')) return
  throw new S3Error(
    'InvalidRequest',
    'S3 Transfer Acceleration is not supported for buckets with periods in their names',
  )
}
