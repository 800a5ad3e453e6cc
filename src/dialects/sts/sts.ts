import { readSignedDocument } from '../../auth/signed-document'
import { Fault } from '../../model/fault'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import type { Dialect } from '../dialect'
import { assumeRole } from './assume-role'
import { failure, StsError } from './faults'
import { readParameters } from './wire'

/** Forms of this dialect are short: a session policy of 2,048 characters, percent-encoded. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * Amazon's Security Token Service, as far as MinIO has it too: AssumeRole, signed with SigV4. There are no roles: whatever
 * role is named, the temporary credentials have the rights of the key that asks, held to less by the session policy.
 *
 * Refused: session policies by ARN, session tags, MFA, and everything but AssumeRole.
 */
export const sts: Dialect = {
  name: 'sts',
  claims,
  serve,
}

const VERSION = '2011-06-15'

function claims({ url, method, headers }: Request): boolean {
  const target = url.slice(url.indexOf('/', url.indexOf('://') + 3))
  const [path, query = ''] = target.split('?', 2)
  if (path !== '/') return false
  if (method === 'POST' && isForm(headers)) return true
  if (method !== 'GET' && method !== 'POST') return false
  const parameters = new URLSearchParams(query)
  return parameters.get('Version') === VERSION || parameters.get('Action') === 'AssumeRole'
}

function isForm(headers: Headers): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers.get('content-type') ?? '')
}

async function serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const requestId = crypto.randomUUID()
  let wharf: Wharf | undefined
  try {
    const address = request.headers.get('cf-connecting-ip') ?? ''
    wharf = await openWharf(env, ctx, { requestId, address })
    requireRoot(wharf)
    return await answer(request, wharf, requestId)
  } catch (error) {
    const response = failure(error, requestId)
    if (response.status === 500) wharf?.log.error('a request failed', { requestId, reason: String(error) })
    return response
  }
}

async function answer(request: Request, wharf: Wharf, requestId: string): Promise<Response> {
  const { caller, text } = await readSignedDocument(request, {
    region: wharf.config.region,
    services: ['sts'],
    nowMillis: wharf.now(),
    maxBytes: MAX_BODY_BYTES,
    identify: (accessKey, token) => wharf.identities.require(accessKey, token),
  })
  const { searchParams: query } = new URL(request.url)
  const parameters = readParameters(request.method === 'GET' ? query : new URLSearchParams(text))
  const action = parameters.get('Action')
  if (action === undefined) throw new Fault('AccessDenied')
  if (action !== 'AssumeRole')
    throw new StsError('InvalidAction', `The action ${action.slice(0, 80)} is not supported.`)
  if ((parameters.get('Version') ?? VERSION) !== VERSION) {
    throw new StsError('InvalidAction', `Only version ${VERSION} is supported.`)
  }
  return assumeRole({ wharf, caller, parameters, requestId })
}
