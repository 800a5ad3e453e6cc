import { readPolicy } from '../../auth/policy/read'
import type { Caller } from '../../model/caller'
import type { Wharf } from '../../wharf'
import { readAssumeRole, writeAssumeRole } from './wire'

export interface StsCall {
  wharf: Wharf
  caller: Caller
  parameters: ReadonlyMap<string, string>
  requestId: string
}

/** Temporary credentials for whoever asks. Source: STS API reference, AssumeRole; MinIO, "AssumeRole". */
export async function assumeRole({ wharf, caller, parameters, requestId }: StsCall): Promise<Response> {
  const { sessionName, ...ask } = readAssumeRole(parameters)
  if (ask.policy !== undefined) readPolicy(ask.policy, { kind: 'identity' })
  const credentials = await wharf.identities.assume(caller, ask)
  const { account, user } = caller
  const document = writeAssumeRole(credentials, { account, user, sessionName, requestId })
  return new Response(document, { headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId } })
}
