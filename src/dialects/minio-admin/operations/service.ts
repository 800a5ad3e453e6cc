import { Fault } from '../../../model/fault'
import { MalformedXml, readXmlOfAnyRoot } from '../../../wire/xml'
import { AdminError } from '../admin-error'
import { decodeUtf8 } from '../body'
import type { AdminCall } from '../call'
import { isNewAccessKey, isNewSecretKey } from '../new-credentials'
import { json, nothing } from '../render'
import { nanos, serverVersion, storageInfo } from '../wire-server'
import { measureSpace } from './info'

/** GET /?service, status. The seed promises StorageInfo, its later clients read `uptime`: the answer has both. */
export async function serviceStatus(call: AdminCall): Promise<Response> {
  const [space, uptimeMillis] = await Promise.all([measureSpace(call), call.wharf.administration.uptimeMillis()])
  return json({
    storageInfo: storageInfo(space),
    serverVersion: serverVersion(),
    uptime: nanos(uptimeMillis),
  })
}

/** POST /?service, restart. As in the original the answer comes first. */
export async function restartService({ wharf, caller }: AdminCall): Promise<Response> {
  wharf.later(wharf.restart(caller))
  return nothing()
}

/** POST or GET /?service, set-credentials. */
export async function setCredentials({ wharf, body }: AdminCall): Promise<Response> {
  const { root } = wharf.identities
  if ((await root.current())?.origin === 'configured') throw new AdminError('MethodNotAllowed')
  const { accessKey, secretKey } = readCredentials(body)
  if (!isNewAccessKey(accessKey)) throw badCredentials('XMinioAdminInvalidAccessKey')
  if (!isNewSecretKey(secretKey)) throw badCredentials('XMinioAdminInvalidSecretKey')
  try {
    await root.change({ accessKey, secretKey })
  } catch (error) {
    if (error instanceof Fault && error.code === 'Conflict') throw badCredentials('XMinioAdminInvalidAccessKey')
    throw error
  }
  return nothing()
}

/** The seed has one code for both keys; the original's own, which say which key it is, go beside it. */
function badCredentials(code: 'XMinioAdminInvalidAccessKey' | 'XMinioAdminInvalidSecretKey'): AdminError {
  return new AdminError('BadCredentials', { 'x-minio-error-code': code })
}

/** `<any><username/><password/></any>`, in any order, among other elements; what is missing is empty. */
function readCredentials(body: Uint8Array): { accessKey: string; secretKey: string } {
  const text = decodeUtf8(body)
  if (text === undefined) throw new MalformedXml('not UTF-8')
  const content = readXmlOfAnyRoot(text)
  return { accessKey: textOf(content.username), secretKey: textOf(content.password) }
}

/** Of an element that stands there twice the last counts. */
function textOf(value: unknown): string {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value
  return typeof last === 'string' ? last : ''
}
