import type { Selector } from './address'
import { AdminError } from './admin-error'
import type { BodyLimit } from './body'
import type { AdminCall } from './call'
import { getConfig, setConfig } from './operations/config'
import { healBucket, healFormat, healObject, healUpload } from './operations/heal'
import { listBucketsHeal, listObjectsHeal, listUploadsHeal } from './operations/heal-listing'
import { serverInfo } from './operations/info'
import { clearLocks, listLocks } from './operations/locks'
import { restartService, serviceStatus, setCredentials } from './operations/service'

/** One operation: its name, by which rights and logs speak of it, and what asks for it. */
export interface Operation {
  name: string
  method: string
  selector: Selector
  /** What `x-minio-operation` says; undefined where that does not matter. */
  header?: string
  body: BodyLimit
  run(call: AdminCall): Promise<Response>
}

const NO_DOCUMENT: BodyLimit = { maxBytes: 64 * 1024, tooLarge: 'EntityTooLarge' }
const CREDENTIALS: BodyLimit = { maxBytes: 1024 * 1024, tooLarge: 'EntityTooLarge' }
const CONFIG: BodyLimit = { maxBytes: 262_144, tooLarge: 'ConfigTooLarge' }

/** The first entry that fits wins, so the order decides where a query has several selectors. */
const OPERATIONS: Operation[] = [
  operation('ServiceStatus', 'GET', 'service', 'status', serviceStatus),
  operation('ServiceRestart', 'POST', 'service', 'restart', restartService),
  operation('SetCredentials', 'POST', 'service', 'set-credentials', setCredentials, CREDENTIALS),
  // The documentation says GET; all clients POST.
  operation('SetCredentials', 'GET', 'service', 'set-credentials', setCredentials, CREDENTIALS),
  operation('ServerInfo', 'GET', 'info', undefined, serverInfo),
  operation('ListLocks', 'GET', 'lock', 'list', listLocks),
  operation('ClearLocks', 'POST', 'lock', 'clear', clearLocks),
  operation('ListObjectsHeal', 'GET', 'heal', 'list-objects', listObjectsHeal),
  operation('ListUploadsHeal', 'GET', 'heal', 'list-uploads', listUploadsHeal),
  operation('ListBucketsHeal', 'GET', 'heal', 'list-buckets', listBucketsHeal),
  operation('HealBucket', 'POST', 'heal', 'bucket', healBucket),
  operation('HealObject', 'POST', 'heal', 'object', healObject),
  operation('HealFormat', 'POST', 'heal', 'format', healFormat),
  operation('HealUpload', 'POST', 'heal', 'upload', healUpload),
  operation('GetConfig', 'GET', 'config', 'get', getConfig),
  operation('SetConfig', 'PUT', 'config', 'set', setConfig, CONFIG),
]

/**
 * Which operation a request asks for.
 * @param header  `x-minio-operation`; of several values any may fit
 * @throws AdminError MethodNotAllowed where there is none
 */
export function operationOf(method: string, selectors: Selector[], header: string | null): Operation {
  const asked = (header ?? '').split(',').map(value => value.trim())
  const found = OPERATIONS.find(
    one =>
      one.method === method &&
      selectors.includes(one.selector) &&
      (one.header === undefined || asked.includes(one.header)),
  )
  if (!found) throw new AdminError('MethodNotAllowed')
  return found
}

function operation(
  name: string,
  method: string,
  selector: Selector,
  header: string | undefined,
  run: Operation['run'],
  body: BodyLimit = NO_DOCUMENT,
): Operation {
  return { name, method, selector, header, body, run }
}
