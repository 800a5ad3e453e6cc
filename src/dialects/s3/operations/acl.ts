import type { Account } from '../../../model/caller'
import { type Grants, unpackGrants } from '../../../model/grants'
import { aclOf } from '../../../store/rights'
import type { BucketCall, ObjectCall, S3Call } from '../call'
import { xml } from '../render'
import { requireTakes, settle } from '../requested-acl'
import { S3Error } from '../s3-error'
import { type AskedAcl, aclElement, readAclDocument, readAclHeaders } from '../wire-acl'
import { readText } from '../wire-document'
import { putVersion, readVersion } from '../wire-version'

const MAX_DOCUMENT_BYTES = 256 * 1024

/** GET /{bucket}?acl. Source: S3 API reference, GetBucketAcl. */
export async function getBucketAcl(call: BucketCall): Promise<Response> {
  const { owner, settings } = await call.wharf.store.buckets.describe(call.caller, call.bucket, 's3:GetBucketAcl')
  return show(call, aclOf(settings) ?? privateTo(owner))
}

/** PUT /{bucket}?acl, by headers or by a document. Source: S3 API reference, PutBucketAcl. */
export async function putBucketAcl(call: BucketCall): Promise<Response> {
  const { caller, bucket, wharf } = call
  const asked = await readAsked(call)
  const present = await wharf.store.buckets.describe(caller, bucket, 's3:PutBucketAcl')
  const acl = await settle(call, asked, present, present.owner)
  await wharf.store.buckets.configure(caller, bucket, 's3:PutBucketAcl', (settings, now) => {
    if (acl !== undefined) requireTakes(now, unpackGrants(acl))
    return { ...settings, acl }
  })
  return new Response(null)
}

/** GET /{bucket}/{key}?acl. Source: S3 API reference, GetObjectAcl. */
export async function getObjectAcl(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, query, wharf } = call
  const stamp = readVersion(query)
  const action = stamp === undefined ? 's3:GetObjectAcl' : 's3:GetObjectVersionAcl'
  const { record, versionId } = await wharf.store.objects.head(caller, { bucket, key, stamp, action })
  const owner = record.owner ?? (await wharf.store.buckets.describe(caller, bucket, undefined)).owner
  const answer = await show(call, aclOf(record) ?? privateTo(owner))
  putVersion(answer.headers, versionId)
  return answer
}

/** PUT /{bucket}/{key}?acl, by headers or by a document. Source: S3 API reference, PutObjectAcl. */
export async function putObjectAcl(call: ObjectCall): Promise<Response> {
  const { caller, bucket, key, query, wharf } = call
  const asked = await readAsked(call)
  const stamp = readVersion(query)
  const action = stamp === undefined ? 's3:PutObjectAcl' : 's3:PutObjectVersionAcl'
  const { record } = await wharf.store.objects.head(caller, { bucket, key, stamp, action })
  const present = await wharf.store.buckets.describe(caller, bucket, undefined)
  const acl = await settle(call, asked, present, record.owner ?? present.owner)
  const change = { acl: acl ?? null }
  const { versionId } = await wharf.store.objects.redescribe(caller, {
    bucket,
    key,
    stamp: record.stamp,
    action,
    change,
  })
  const answer = new Headers()
  putVersion(answer, versionId)
  return new Response(null, { headers: answer })
}

async function readAsked({ headers, openBody }: S3Call): Promise<AskedAcl> {
  const byHeaders = readAclHeaders(headers)
  const text = await readText(openBody(), MAX_DOCUMENT_BYTES)
  if (byHeaders && text.trim() !== '') {
    throw new S3Error('UnexpectedContent', 'This request does not support content')
  }
  if (byHeaders) return byHeaders
  if (text.trim() === '') throw new S3Error('MissingSecurityHeader')
  return readAclDocument(text)
}

async function show({ caller, wharf }: S3Call, acl: Grants): Promise<Response> {
  const names = new Map<string, string>()
  for (const id of [acl.owner, ...acl.grants.flatMap(({ grantee }) => ('account' in grantee ? grantee.account : []))]) {
    const account: Account | undefined = caller.account.id === id ? caller.account : await wharf.identities.account(id)
    names.set(id, account?.displayName ?? id)
  }
  return xml(
    'AccessControlPolicy',
    aclElement(acl, id => names.get(id) ?? id),
  )
}

function privateTo(owner: string): Grants {
  return { owner, grants: [{ grantee: { account: owner }, permission: 'FULL_CONTROL' }] }
}
