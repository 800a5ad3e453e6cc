import { type IRequest, json, Router } from 'itty-router'
import { Fault } from '../../model/fault'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import { percentDecode } from '../../wire/percent'
import type { Dialect } from '../dialect'
import { addKey, changeKey, listKeys, removeKey, showKey } from './access-keys'
import { authenticate } from './authenticate'
import { BadRequest, failure } from './faults'
import { abortJob, listJobs, type OwnCall, showJob, startJob } from './jobs'
import {
  addAccount,
  addGroup,
  addUser,
  changeAccount,
  changeGroup,
  changeUser,
  listAccounts,
  listGroups,
  listUsers,
  removeAccount,
  removeGroup,
  removeUser,
  showAccount,
  showGroup,
  showUser,
} from './people'
import { addPolicy, changePolicy, listPolicies, removePolicy, showPolicy } from './policies'
import { removeQuota, setQuota, showQuota } from './quota'

const PREFIX = '/_wharf/'

/** Wharf's own pages, and the JSON API behind which its operator works. */
export const own: Dialect = {
  name: 'own',
  claims: request => pathOf(request.url).startsWith(PREFIX),
  serve: (request, env, ctx) => router.fetch(request, env, ctx),
}

const router = Router<IRequest, [Env, ExecutionContext]>({
  catch: () => json({ error: 'Something went wrong; the log says what.' }, { status: 500 }),
})

router
  .get(`${PREFIX}health`, (_request, env, ctx) => health(env, ctx))
  .get(`${PREFIX}api/jobs`, api(listJobs))
  .post(`${PREFIX}api/jobs`, api(startJob))
  .get(`${PREFIX}api/jobs/:id`, api(showJob))
  .delete(`${PREFIX}api/jobs/:id`, api(abortJob))
  .get(`${PREFIX}api/buckets/:id/quota`, api(showQuota))
  .put(`${PREFIX}api/buckets/:id/quota`, api(setQuota))
  .delete(`${PREFIX}api/buckets/:id/quota`, api(removeQuota))
  .get(`${PREFIX}api/accounts`, api(listAccounts))
  .post(`${PREFIX}api/accounts`, api(addAccount))
  .get(`${PREFIX}api/accounts/:id`, api(showAccount))
  .patch(`${PREFIX}api/accounts/:id`, api(changeAccount))
  .delete(`${PREFIX}api/accounts/:id`, api(removeAccount))
  .get(`${PREFIX}api/users`, api(listUsers))
  .post(`${PREFIX}api/users`, api(addUser))
  .get(`${PREFIX}api/users/:id`, api(showUser))
  .patch(`${PREFIX}api/users/:id`, api(changeUser))
  .delete(`${PREFIX}api/users/:id`, api(removeUser))
  .get(`${PREFIX}api/groups`, api(listGroups))
  .post(`${PREFIX}api/groups`, api(addGroup))
  .get(`${PREFIX}api/groups/:id`, api(showGroup))
  .patch(`${PREFIX}api/groups/:id`, api(changeGroup))
  .delete(`${PREFIX}api/groups/:id`, api(removeGroup))
  .get(`${PREFIX}api/policies`, api(listPolicies))
  .post(`${PREFIX}api/policies`, api(addPolicy))
  .get(`${PREFIX}api/policies/:id`, api(showPolicy))
  .put(`${PREFIX}api/policies/:id`, api(changePolicy))
  .delete(`${PREFIX}api/policies/:id`, api(removePolicy))
  .get(`${PREFIX}api/keys`, api(listKeys))
  .post(`${PREFIX}api/keys`, api(addKey))
  .get(`${PREFIX}api/keys/:id`, api(showKey))
  .patch(`${PREFIX}api/keys/:id`, api(changeKey))
  .delete(`${PREFIX}api/keys/:id`, api(removeKey))
  .all('*', () => json({ error: 'There is no such page.' }, { status: 404 }))

/** Whether requests would be served, and whose word root's credentials are; if not, a sentence that says what to set. */
async function health(env: Env, ctx: ExecutionContext): Promise<Response> {
  try {
    const wharf = await openWharf(env, ctx)
    requireRoot(wharf)
    const root = await wharf.identities.root.current()
    return json({ status: 'ok', rootCredentials: root?.origin })
  } catch (fault) {
    if (fault instanceof Fault && fault.code === 'NotConfigured') return json({ error: fault.message }, { status: 503 })
    throw fault
  }
}

/** An operation of the API: signed with SigV4, answered in JSON. */
function api(operation: (call: OwnCall, id: string) => Promise<Response>) {
  return async (request: IRequest, env: Env, ctx: ExecutionContext): Promise<Response> => {
    const requestId = crypto.randomUUID()
    let wharf: Wharf | undefined
    try {
      const address = request.headers.get('cf-connecting-ip') ?? ''
      wharf = await openWharf(env, ctx, { requestId, address })
      requireRoot(wharf)
      // The runtime gives the router a Request; its type has forgotten that.
      const { caller, body } = await authenticate(request as unknown as Request, wharf)
      const query = new URL(request.url).searchParams
      // The router leaves it as it was sent.
      const id = percentDecode(String(request.params?.id ?? ''))
      if (id === undefined) throw new BadRequest('the path has a malformed percent escape')
      return await operation({ wharf, caller, query, body }, id)
    } catch (error) {
      const response = failure(error, requestId)
      if (response.status === 500) wharf?.log.error('a request failed', { requestId, reason: String(error) })
      return response
    }
  }
}

function pathOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3))
}
