import type { BucketCall, ObjectCall, S3Call } from './call'
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './operations/acl'
import { appendObject, WRITE_OFFSET } from './operations/append'
import { createBucket, deleteBucket, getBucketLocation, headBucket } from './operations/bucket'
import { documentOperations } from './operations/bucket-documents'
import { bucketSetting, emptySetting, unsetSetting } from './operations/bucket-settings'
import { copyObject, uploadPartCopy } from './operations/copy'
import { listObjects, listObjectsV2 } from './operations/listing'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from './operations/multipart'
import { deleteObject, deleteObjects } from './operations/object-delete'
import { getObject, getObjectAttributes, headObject } from './operations/object-read'
import {
  deleteObjectTagging,
  getObjectLegalHold,
  getObjectRetention,
  getObjectTagging,
  putObjectLegalHold,
  putObjectRetention,
  putObjectTagging,
} from './operations/object-settings'
import { putObject } from './operations/object-write'
import { deleteBucketPolicy, getBucketPolicy, getBucketPolicyStatus, putBucketPolicy } from './operations/policy'
import { postObject } from './operations/post-object'
import { renameObject } from './operations/rename'
import { listBuckets } from './operations/service'
import { getBucketVersioning, listObjectVersions, putBucketVersioning } from './operations/versioning'
import { invalidArgument, S3Error } from './s3-error'

/** One operation of S3: its name, by which rights and logs speak of it, and what asks for it. */
export interface Operation<Call> {
  name: string
  method: string
  /** The sub-resource in the query; undefined for the bucket or object itself. */
  resource?: string
  when?: (call: Call) => boolean
  run(call: Call): Response | Promise<Response>
}

const BUCKET_RESOURCES = new Set([
  'abac',
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'delete',
  'encryption',
  'events',
  'intelligent-tiering',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metadataConfiguration',
  'metadataInventoryTable',
  'metadataJournalTable',
  'metadataTable',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'session',
  'tagging',
  'uploads',
  'versioning',
  'versions',
  'website',
])

const OBJECT_RESOURCES = new Set([
  'acl',
  'attributes',
  'encryption',
  'legal-hold',
  'renameObject',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploads',
  'uploadId',
])

const has = (name: string) => (call: S3Call) => call.headers.has(name)
const asks = (name: string) => (call: S3Call) => call.query.has(name)
const list2 = (call: S3Call) => call.query.get('list-type') === '2'

const serviceOperations: Operation<S3Call>[] = [{ name: 'ListBuckets', method: 'GET', run: listBuckets }]

/** The first entry that fits wins, the plainest comes last. */
const bucketOperations: Operation<BucketCall>[] = [
  { name: 'ListObjectsV2', method: 'GET', when: list2, run: listObjectsV2 },
  { name: 'ListObjects', method: 'GET', run: listObjects },
  { name: 'HeadBucket', method: 'HEAD', run: headBucket },
  { name: 'CreateBucket', method: 'PUT', run: createBucket },
  { name: 'DeleteBucket', method: 'DELETE', run: deleteBucket },
  { name: 'PostObject', method: 'POST', run: postObject },
  { name: 'DeleteObjects', method: 'POST', resource: 'delete', run: deleteObjects },
  { name: 'GetBucketLocation', method: 'GET', resource: 'location', run: getBucketLocation },
  { name: 'ListMultipartUploads', method: 'GET', resource: 'uploads', run: listMultipartUploads },
  { name: 'ListObjectVersions', method: 'GET', resource: 'versions', run: listObjectVersions },
  { name: 'GetBucketAcl', method: 'GET', resource: 'acl', run: getBucketAcl },
  { name: 'PutBucketAcl', method: 'PUT', resource: 'acl', run: putBucketAcl },
  { name: 'GetBucketVersioning', method: 'GET', resource: 'versioning', run: getBucketVersioning },
  { name: 'PutBucketVersioning', method: 'PUT', resource: 'versioning', run: putBucketVersioning },
  { name: 'GetBucketPolicy', method: 'GET', resource: 'policy', run: getBucketPolicy },
  { name: 'PutBucketPolicy', method: 'PUT', resource: 'policy', run: putBucketPolicy },
  { name: 'DeleteBucketPolicy', method: 'DELETE', resource: 'policy', run: deleteBucketPolicy },
  { name: 'GetBucketPolicyStatus', method: 'GET', resource: 'policyStatus', run: getBucketPolicyStatus },
  ...documentOperations(),
  ...setting(
    'BucketNotification',
    'notification',
    emptySetting('NotificationConfiguration', 's3:GetBucketNotification'),
    ['PUT'],
  ),
  ...setting('BucketLogging', 'logging', emptySetting('BucketLoggingStatus', 's3:GetBucketLogging'), ['PUT']),
  ...setting(
    'BucketReplication',
    'replication',
    unsetSetting('ReplicationConfigurationNotFoundError', 's3:GetReplicationConfiguration'),
    ['PUT', 'DELETE'],
  ),
  ...configurations('AnalyticsConfiguration', 'analytics', 'ListBucketAnalyticsConfigurationResult'),
  ...configurations('InventoryConfiguration', 'inventory', 'ListInventoryConfigurationsResult'),
  ...configurations('MetricsConfiguration', 'metrics', 'ListMetricsConfigurationsResult'),
  ...configurations(
    'IntelligentTieringConfiguration',
    'intelligent-tiering',
    'ListBucketIntelligentTieringConfigurationsOutput',
  ),
  ...unsupported(['GET', 'PUT', 'DELETE'], ['abac']),
  ...unsupported(
    ['GET', 'PUT', 'POST', 'DELETE'],
    ['metadataConfiguration', 'metadataTable', 'metadataInventoryTable', 'metadataJournalTable'],
  ),
  ...unsupported(['GET'], ['session', 'events']),
]

const objectOperations: Operation<ObjectCall>[] = [
  { name: 'GetObject', method: 'GET', run: getObject },
  { name: 'HeadObject', method: 'HEAD', run: headObject },
  // Half an UploadPart, or a write to a version: taken as a plain PUT it would overwrite the object.
  { name: 'PutObject', method: 'PUT', when: asks('partNumber'), run: refuse('partNumber') },
  { name: 'PutObject', method: 'PUT', when: asks('versionId'), run: refuse('versionId') },
  { name: 'CopyObject', method: 'PUT', when: has('x-amz-copy-source'), run: copyObject },
  { name: 'PutObject', method: 'PUT', when: has(WRITE_OFFSET), run: appendObject },
  { name: 'PutObject', method: 'PUT', run: putObject },
  { name: 'DeleteObject', method: 'DELETE', run: deleteObject },
  { name: 'CreateMultipartUpload', method: 'POST', resource: 'uploads', run: createMultipartUpload },
  { name: 'UploadPartCopy', method: 'PUT', resource: 'uploadId', when: has('x-amz-copy-source'), run: uploadPartCopy },
  { name: 'UploadPart', method: 'PUT', resource: 'uploadId', run: uploadPart },
  { name: 'CompleteMultipartUpload', method: 'POST', resource: 'uploadId', run: completeMultipartUpload },
  { name: 'AbortMultipartUpload', method: 'DELETE', resource: 'uploadId', run: abortMultipartUpload },
  { name: 'ListParts', method: 'GET', resource: 'uploadId', run: listParts },
  { name: 'GetObjectAttributes', method: 'GET', resource: 'attributes', run: getObjectAttributes },
  { name: 'GetObjectTagging', method: 'GET', resource: 'tagging', run: getObjectTagging },
  { name: 'GetObjectAcl', method: 'GET', resource: 'acl', run: getObjectAcl },
  { name: 'PutObjectTagging', method: 'PUT', resource: 'tagging', run: putObjectTagging },
  { name: 'DeleteObjectTagging', method: 'DELETE', resource: 'tagging', run: deleteObjectTagging },
  { name: 'GetObjectRetention', method: 'GET', resource: 'retention', run: getObjectRetention },
  { name: 'GetObjectLegalHold', method: 'GET', resource: 'legal-hold', run: getObjectLegalHold },
  { name: 'PutObjectRetention', method: 'PUT', resource: 'retention', run: putObjectRetention },
  { name: 'PutObjectLegalHold', method: 'PUT', resource: 'legal-hold', run: putObjectLegalHold },
  { name: 'PutObjectAcl', method: 'PUT', resource: 'acl', run: putObjectAcl },
  { name: 'RenameObject', method: 'PUT', resource: 'renameObject', run: renameObject },
  ...unsupported(['PUT'], ['encryption']),
  ...unsupported(['POST'], ['restore', 'select']),
  ...unsupported(['GET'], ['torrent']),
]

/** Whether a query parameter of this name asks for something else than the bucket or object itself. */
export function isSubResource(name: string): boolean {
  return BUCKET_RESOURCES.has(name) || OBJECT_RESOURCES.has(name)
}

/** @throws S3Error MethodNotAllowed */
export function serviceOperation(call: S3Call): Operation<S3Call> {
  return pick(serviceOperations, undefined, call, 'SERVICE')
}

/** @throws S3Error MethodNotAllowed, InvalidArgument */
export function bucketOperation(call: BucketCall): Operation<BucketCall> {
  return pick(bucketOperations, resourceOf(call, BUCKET_RESOURCES), call, 'BUCKET')
}

/** @throws S3Error MethodNotAllowed, InvalidArgument */
export function objectOperation(call: ObjectCall): Operation<ObjectCall> {
  return pick(objectOperations, resourceOf(call, OBJECT_RESOURCES), call, 'OBJECT')
}

/** The sub-resource that the query names, with or without a value. Unknown names are none. */
function resourceOf({ query }: S3Call, known: Set<string>): string | undefined {
  const named = Array.from(query.keys()).filter(name => known.has(name))
  if (named.length > 1) {
    throw new S3Error('InvalidArgument', `Conflicting query string parameters: ${named.join(', ')}`, {
      ArgumentName: 'ResourceType',
      ArgumentValue: named[0] ?? '',
    })
  }
  return named[0]
}

function pick<Call extends S3Call>(
  operations: Operation<Call>[],
  resource: string | undefined,
  call: Call,
  level: string,
): Operation<Call> {
  const ofResource = operations.filter(operation => operation.resource === resource)
  const found = ofResource.find(({ method, when }) => method === call.method && (!when || when(call)))
  if (found) return found
  const allowed = Array.from(new Set(ofResource.map(operation => operation.method))).join(', ')
  throw new S3Error('MethodNotAllowed', undefined, {
    Method: call.method,
    ResourceType: (resource ?? level).toUpperCase(),
    Allow: allowed,
  })
}

/** A parameter that the operation does not take. */
function refuse(name: string): (call: S3Call) => never {
  return ({ query }) => {
    throw invalidArgument(name, query.get(name) ?? '', `This operation does not accept ${name}.`)
  }
}

/** An operation that S3 has and Wharf has not. */
function missing(name: string): () => never {
  return () => {
    throw new S3Error('NotImplemented', `${name} is not implemented.`, { Header: name })
  }
}

/** A setting of buckets that can be read, and answers that it was never made; the named writes are not supported yet. */
function setting(
  name: string,
  resource: string,
  read: (call: BucketCall) => Promise<Response>,
  writes: string[],
): Operation<BucketCall>[] {
  const verbs: Record<string, string> = { PUT: 'Put', DELETE: 'Delete' }
  return [
    { name: `Get${name}`, method: 'GET', resource, run: read },
    ...writes.map(method => ({ name: verbs[method] + name, method, resource, run: missing(verbs[method] + name) })),
  ]
}

/** Settings of which a bucket may have several, told apart by their id: there is none. */
function configurations(name: string, resource: string, root: string): Operation<BucketCall>[] {
  return [
    ...setting(`Bucket${name}`, resource, unsetSetting('NoSuchConfiguration', `s3:Get${name}`), ['PUT', 'DELETE']).map(
      operation => (operation.method === 'GET' ? { ...operation, when: asks('id') } : operation),
    ),
    {
      name: `ListBucket${name}s`,
      method: 'GET',
      resource,
      run: bucketSetting(root, { IsTruncated: false }, `s3:Get${name}`),
    },
  ]
}

function unsupported(methods: string[], resources: string[]): Operation<S3Call>[] {
  return resources.flatMap(resource =>
    methods.map(method => ({
      name: `${method} ${resource}`,
      method,
      resource,
      run: missing(`${method} ?${resource}`),
    })),
  )
}
