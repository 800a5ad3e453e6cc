import { type IRequest, json, Router } from 'itty-router'
import { Fault } from '../../model/fault'
import type { Env } from '../../stubs'
import { openWharf, requireRoot, type Wharf } from '../../wharf'
import type { Dialect } from '../dialect'
import { authenticate } from './authenticate'
import { failure } from './faults'
import { abortJob, listJobs, type OwnCall, showJob, startJob } from './jobs'

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
      return await operation({ wharf, caller, query, body }, String(request.params?.id ?? ''))
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
