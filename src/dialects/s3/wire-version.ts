import { readVersionId, type Stamp } from '../../model/versions'
import { invalidArgument } from './s3-error'

/**
 * The version that a request names; undefined for the latest.
 * @throws S3Error InvalidArgument for what was never a version id
 */
export function readVersion(query: ReadonlyMap<string, string>): Stamp | undefined {
  const text = query.get('versionId')
  return text === undefined ? undefined : requireVersionId('versionId', text)
}

/** @param name  of the argument, as the client wrote it */
export function requireVersionId(name: string, text: string): Stamp {
  const stamp = readVersionId(text)
  if (stamp === undefined) throw invalidArgument(name, text, 'Invalid version id specified')
  return stamp
}

/** Tells a version in an answer's headers, where the bucket ever kept versions. */
export function putVersion(headers: Headers, versionId: string | undefined, header = 'x-amz-version-id'): void {
  if (versionId !== undefined) headers.set(header, versionId)
}
