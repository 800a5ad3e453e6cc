import type { VersioningState } from '../../model/versions'
import type { XmlElement } from '../../wire/xml'
import { notImplemented, S3Error } from './s3-error'
import { readOneOf, readRoot, readString } from './wire-members'

/**
 * The state that a `VersioningConfiguration` asks for. MFA delete cannot be switched on; to switch it off changes nothing,
 * and S3 does not name it in the answer before it was on once.
 *
 * @throws S3Error MalformedXML, MissingRequestBodyError, IllegalVersioningConfigurationException, NotImplemented
 */
export function readVersioning(text: string): VersioningState {
  const content = readRoot(text, 'VersioningConfiguration', ['Status', 'MfaDelete'])
  const status = readString(content, 'Status')?.trim()
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('IllegalVersioningConfigurationException')
  if (readOneOf(content, 'MfaDelete', ['Enabled', 'Disabled']) === 'Enabled')
    throw notImplemented('MfaDelete', 'Enabled')
  return status
}

/** The content of a `VersioningConfiguration`; empty for a bucket that never kept versions. */
export function versioningElements(status: VersioningState | undefined): XmlElement {
  return { Status: status }
}
