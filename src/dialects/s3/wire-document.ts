import { Fault } from '../../model/fault'
import type { IncomingBody } from '../../streams/incoming'
import { readDocument } from '../../streams/promised'
import { MalformedXml, readXml } from '../../wire/xml'
import type { BucketCall } from './call'
import { S3Error } from './s3-error'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/**
 * A document is read before the store can say whether its sender may do what it asks for. That of a stranger is not even read
 * where the bucket speaks of nobody but its owner.
 * @throws Fault AccessDenied
 */
export async function refuseStrangers({ caller, bucket, wharf }: BucketCall): Promise<void> {
  if (caller.kind !== 'anonymous') return
  const { settings } = await wharf.store.buckets.describe(caller, bucket, undefined)
  if (settings.policy === undefined && settings.acl === undefined) throw new Fault('AccessDenied')
}

/**
 * The text of a document that a request brings; '' for an empty body.
 * @throws S3Error MaxMessageLengthExceeded, MalformedXML for bytes that are no UTF-8
 */
export async function readText(body: IncomingBody, maxBytes: number): Promise<string> {
  try {
    return utf8.decode(await readDocument(body, maxBytes))
  } catch (error) {
    if (error instanceof Fault && error.code === 'BodyTooLarge') throw new S3Error('MaxMessageLengthExceeded')
    if (error instanceof TypeError) throw new MalformedXml('not UTF-8')
    throw error
  }
}

/**
 * The root element of a document that a request brings.
 * @param lists  names of elements that are lists, however many there are
 * @throws S3Error MaxMessageLengthExceeded; MalformedXml
 */
export async function readXmlBody(
  body: IncomingBody,
  { root, lists, maxBytes }: { root: string; lists: string[]; maxBytes: number },
): Promise<Record<string, unknown>> {
  return readXml(await readText(body, maxBytes), root, lists)
}
