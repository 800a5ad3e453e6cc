import type { Caller } from '../../model/caller'
import type { IncomingBody } from '../../streams/incoming'
import type { Wharf } from '../../wharf'
import type { Address } from './address'

/** One S3 request, addressed and authenticated. */
export interface S3Call {
  method: string
  wharf: Wharf
  caller: Caller
  address: Address
  query: ReadonlyMap<string, string>
  /** The headers that count: with those that a presigned URL carries in its query. */
  headers: Headers
  /** Lets policies judge by other headers than these, where an operation goes by others: a form's fields, tags in a body. */
  judgeBy(headers: Headers): void
  /**
   * The body with all that was promised of it. Not touched before something wants to read it, so that a client that
   * waits for `100 Continue` need not send what is refused anyway.
   *
   * @param checksumsOf  'object' where the checksum headers describe the object that the request makes, not its document
   */
  openBody(checksumsOf?: 'body' | 'object'): IncomingBody
  /** As which format lists and errors are wanted. */
  format: 'xml' | 'json'
  requestId: string
}

export interface BucketCall extends S3Call {
  bucket: string
}

export interface ObjectCall extends BucketCall {
  key: string
}
