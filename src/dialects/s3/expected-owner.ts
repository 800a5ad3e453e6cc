import { Fault } from '../../model/fault'
import type { S3Call } from './call'

/**
 * A client may say whose bucket it takes this for.
 * @param header  the name of the header that says so
 * @throws Fault  AccessDenied where it is another account's
 */
export async function expectOwner({ caller, headers, wharf }: S3Call, bucket: string, header: string): Promise<void> {
  const expected = headers.get(header)
  if (expected === null) return
  const { owner } = await wharf.store.buckets.describe(caller, bucket, undefined)
  if (owner !== expected) throw new Fault('AccessDenied')
}
