import type { Account } from '../../../model/caller'
import type { XmlElement } from '../../../wire/xml'
import type { BucketCall, ObjectCall } from '../call'
import { xml } from '../render'
import { ownerElement } from './service'

/** GET /{bucket}?acl: the owner has full control, nobody else has any. Source: S3 API reference, GetBucketAcl. */
export async function getBucketAcl({ caller, bucket, wharf }: BucketCall): Promise<Response> {
  const { owner } = await wharf.store.buckets.describe(caller, bucket, 's3:GetBucketAcl')
  return xml('AccessControlPolicy', policy(await wharf.identities.account(owner), owner))
}

/** GET /{bucket}/{key}?acl. Source: S3 API reference, GetObjectAcl. */
export async function getObjectAcl({ caller, bucket, key, wharf }: ObjectCall): Promise<Response> {
  const { record } = await wharf.store.objects.head(caller, { bucket, key })
  const owner = record.owner ?? (await wharf.store.buckets.describe(caller, bucket, 's3:GetObjectAcl')).owner
  return xml('AccessControlPolicy', policy(await wharf.identities.account(owner), owner))
}

function policy(account: Account | undefined, id: string): XmlElement {
  const owner = ownerElement(account ?? { id, name: id, displayName: id })
  return {
    Owner: owner,
    AccessControlList: {
      Grant: [
        {
          Grantee: {
            '@xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
            '@xsi:type': 'CanonicalUser',
            ...owner,
          },
          Permission: 'FULL_CONTROL',
        },
      ],
    },
  }
}
