import { type IRequest, json, Router } from 'itty-router'
import { Fault } from '../../model/fault'
import type { Env } from '../../stubs'
import { openWharf, requireRoot } from '../../wharf'
import type { Dialect } from '../dialect'

const PREFIX = '/_wharf/'

/** Wharf's own pages. */
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
  .all('*', () => json({ error: 'There is no such page.' }, { status: 404 }))

/** Whether requests would be served; if not, a sentence that says what to set. */
async function health(env: Env, ctx: ExecutionContext): Promise<Response> {
  try {
    const wharf = await openWharf(env, ctx)
    requireRoot(wharf)
    return json({ status: 'ok' })
  } catch (fault) {
    if (fault instanceof Fault && fault.code === 'NotConfigured') return json({ error: fault.message }, { status: 503 })
    throw fault
  }
}

function pathOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3))
}
