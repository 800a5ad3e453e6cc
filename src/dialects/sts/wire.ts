import type { Account } from '../../model/caller'
import type { TemporaryCredentials } from '../../system/identities'
import { writeXml } from '../../wire/xml'
import { NAMESPACE, StsError } from './faults'

/** @throws StsError where a parameter comes twice */
export function readParameters(sent: URLSearchParams): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of sent) {
    if (parameters.has(name)) throw new StsError('ValidationError', `${name} stands there twice.`)
    parameters.set(name, value)
  }
  return parameters
}

export interface AssumeRoleAsk {
  policy?: string
  durationMillis: number
  sessionName: string
}

/** Clients that want more than this must not believe that they got it. */
const KNOWN = new Set([
  ...['Action', 'Version', 'Policy', 'DurationSeconds', 'RoleSessionName', 'RoleArn', 'ExternalId', 'SourceIdentity'],
])
const MIN_SECONDS = 900
const MAX_SECONDS = 43_200
const MAX_POLICY_LENGTH = 2048

/** @throws StsError ValidationError */
export function readAssumeRole(parameters: ReadonlyMap<string, string>): AssumeRoleAsk {
  for (const name of parameters.keys()) {
    if (!KNOWN.has(name)) throw new StsError('ValidationError', `${name.slice(0, 80)} is not supported.`)
  }
  const seconds = parameters.get('DurationSeconds') ?? '3600'
  if (!/^\d{1,6}$/.test(seconds) || Number(seconds) < MIN_SECONDS || Number(seconds) > MAX_SECONDS) {
    throw new StsError('ValidationError', `DurationSeconds must be from ${MIN_SECONDS} to ${MAX_SECONDS}.`)
  }
  const sessionName = parameters.get('RoleSessionName') ?? 'wharf'
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw new StsError('ValidationError', 'RoleSessionName must have 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -.')
  }
  const policy = parameters.get('Policy') || undefined
  if (policy !== undefined && policy.length > MAX_POLICY_LENGTH) {
    throw new StsError('ValidationError', `Policy must have at most ${MAX_POLICY_LENGTH} characters.`)
  }
  return { policy, durationMillis: Number(seconds) * 1000, sessionName }
}

/** @see STS API reference, AssumeRole, "Response Elements" */
export function writeAssumeRole(
  { accessKey, secretKey, token, expiresMillis }: TemporaryCredentials,
  { account, user, sessionName, requestId }: { account: Account; user: string; sessionName: string; requestId: string },
): string {
  return writeXml('AssumeRoleResponse', {
    '@xmlns': NAMESPACE,
    AssumeRoleResult: {
      AssumedRoleUser: {
        Arn: `arn:aws:sts::${account.id}:assumed-role/${user}/${sessionName}`,
        AssumedRoleId: `${account.id}:${sessionName}`,
      },
      Credentials: {
        AccessKeyId: accessKey,
        SecretAccessKey: secretKey,
        SessionToken: token,
        Expiration: `${new Date(expiresMillis).toISOString().slice(0, 19)}Z`,
      },
    },
    ResponseMetadata: { RequestId: requestId },
  })
}
