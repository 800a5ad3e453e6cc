import { Fault } from '../../../model/fault'
import type { RootPair } from '../../../system/root-credentials'
import { AdminError } from '../admin-error'
import { decodeUtf8 } from '../body'
import type { AdminCall } from '../call'
import { isNewAccessKey, isNewSecretKey } from '../new-credentials'
import { regionOf } from '../region'
import { json, jsonLine } from '../render'
import {
  type ConfigDocument,
  complaintAbout,
  credentialOf,
  readDocument,
  setResult,
  shownDocument,
} from '../wire-config'

/** GET /?config, get. The secret key is masked. */
export async function getConfig({ wharf, caller }: AdminCall): Promise<Response> {
  const text = await wharf.administration.configuration()
  const kept = text === undefined ? {} : readDocument(text)
  const root = await wharf.identities.root.current()
  const accessKey = root?.accessKey ?? caller.accessKey ?? ''
  return json(shownDocument(kept, { accessKey, region: regionOf(wharf.config) }))
}

/**
 * PUT /?config, set. What cannot be kept is answered with 200 and `status: false`, as the original does; then nothing is
 * kept. Afterwards the server restarts.
 */
export async function setConfig({ wharf, caller, body, host }: AdminCall): Promise<Response> {
  const document = readDocument(decodeUtf8(body))
  const root = await wharf.identities.root.current()
  const wanted = root && (await wantedPair(document, root))
  if (wanted && root.origin === 'configured') throw new AdminError('CredentialsMismatch')
  const complaint = complaintAbout(document, regionOf(wharf.config)) ?? (wanted && complaintAboutPair(wanted))
  if (complaint !== undefined) return jsonLine(setResult(host, complaint))
  const { credential: _, ...kept } = document
  try {
    await wharf.administration.keepConfiguration(JSON.stringify(kept), wanted)
  } catch (error) {
    return jsonLine(setResult(host, refusalOf(error)))
  }
  wharf.later(wharf.restart(caller))
  return jsonLine(setResult(host, undefined))
}

/** The credentials that the document asks for; undefined where they are those that root has. */
async function wantedPair(
  document: ConfigDocument,
  root: RootPair,
): Promise<{ accessKey: string; secretKey: string } | undefined> {
  const { accessKey = root.accessKey, secretKey = root.secretKey } = credentialOf(document)
  const isSame = accessKey === root.accessKey && (await areEqual(secretKey, root.secretKey))
  return isSame ? undefined : { accessKey, secretKey }
}

function complaintAboutPair({ accessKey, secretKey }: { accessKey: string; secretKey: string }): string | undefined {
  if (!isNewAccessKey(accessKey))
    return 'credential.accessKey must be 5 to 20 characters of ASCII without / , : and spaces.'
  return isNewSecretKey(secretKey) ? undefined : 'credential.secretKey must be 8 to 40 bytes.'
}

/** The sentence for what can be mended by whoever reads it; anything else is thrown again. */
function refusalOf(error: unknown): string {
  if (error instanceof Fault && error.code === 'NotConfigured') return error.message
  if (error instanceof Fault && error.code === 'Conflict') return 'credential.accessKey is the key of a user.'
  throw error
}

/** In constant time. */
async function areEqual(left: string, right: string): Promise<boolean> {
  const [leftHash, rightHash] = await Promise.all([left, right].map(sha256))
  return leftHash !== undefined && rightHash !== undefined && crypto.subtle.timingSafeEqual(leftHash, rightHash)
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
