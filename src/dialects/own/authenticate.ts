import { readSignedDocument } from '../../auth/signed-document'
import type { Caller } from '../../model/caller'
import type { Wharf } from '../../wharf'

/** Documents of this dialect are short. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * Finds out who asks, by SigV4 in the Authorization header; there is no other way in.
 *
 * @returns the caller, and the body's text
 * @throws Fault
 */
export async function authenticate(request: Request, wharf: Wharf): Promise<{ caller: Caller; body: string }> {
  const { caller, text } = await readSignedDocument(request, {
    region: wharf.config.region,
    services: ['s3'],
    nowMillis: wharf.now(),
    maxBytes: MAX_BODY_BYTES,
    identify: (accessKey, token) => wharf.identities.require(accessKey, token),
  })
  return { caller, body: text }
}
