import { type Config, readConfig } from './config'
import { Jobs } from './jobs/jobs'
import { type Log, openLog } from './log'
import type { Caller } from './model/caller'
import { Fault } from './model/fault'
import { Blobs } from './store/blobs'
import { BucketCache } from './store/bucket-cache'
import type { RequestOrigin, StoreContext } from './store/context'
import { openStore, type Store } from './store/store'
import { type Env, Stubs } from './stubs'
import { AccessKeys } from './system/access-keys'
import { Administration } from './system/administration'
import { applyBootstrap } from './system/bootstrap'
import { Identities, IdentityCache } from './system/identities'
import { People } from './system/people'
import { Policies } from './system/policies'
import { restartObjects } from './system/restart'
import { trafficCounterOf } from './system/traffic'

/** Everything a dialect may use, put together for one request. */
export interface Wharf {
  config: Config
  store: Store
  jobs: Jobs
  identities: Identities
  people: People
  policies: Policies
  accessKeys: AccessKeys
  administration: Administration
  log: Log
  /** Ends and begins anew every Durable Object, and forgets what this isolate remembers. */
  restart(caller: Caller): Promise<void>
  now(): number
  /** Lets work go on after the answer. */
  later(work: Promise<unknown>): void
}

/** What an isolate remembers between requests: only caches, and what it read once. */
interface IsolateMemory {
  config: Config
  log: Log
  stubs: Stubs
  blobs: Blobs
  buckets: BucketCache
  identities: IdentityCache
  /** Whether the jobs that come round for ever are known to. */
  jobsRecur: boolean
  /** Whether all that shall exist at the start exists. */
  bootstrapped: boolean
}

const memories = new WeakMap<Env, IsolateMemory>()

const NOWHERE: RequestOrigin = { requestId: '', address: '' }

/**
 * Opens the waist for one request (or one slice of a job).
 * @throws Fault NotConfigured
 */
export async function openWharf(
  env: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  origin: RequestOrigin = NOWHERE,
): Promise<Wharf> {
  const memory = memories.get(env) ?? remember(env)
  const wharf = assemble(env, memory, ctx, origin)
  if (!memory.jobsRecur) {
    memory.jobsRecur = true
    const { sweepIntervalMillis: sweep, lifecycleIntervalMillis: lifecycle } = memory.config
    const set = memory.stubs.jobRunner().ensureRecurring({ sweep, lifecycle })
    wharf.later(
      set.catch(error => {
        // The next request tries again.
        memory.jobsRecur = false
        throw error
      }),
    )
  }
  if (!memory.bootstrapped) await bootstrap(memory, wharf)
  return wharf
}

/** As `openWharf`, for the job-runner: with the store's own ground, and without setting anything going. */
export function openWharfForJobs(
  env: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  origin: RequestOrigin = NOWHERE,
): Wharf & { context: StoreContext } {
  const memory = memories.get(env) ?? remember(env)
  const context = contextOf(memory, ctx, origin)
  return { ...assemble(env, memory, ctx, origin), context }
}

function remember(env: Env): IsolateMemory {
  const config = readConfig(env)
  const memory: IsolateMemory = {
    config,
    log: openLog(config.log),
    stubs: new Stubs(env),
    blobs: new Blobs(env.BLOBS),
    buckets: new BucketCache(),
    identities: new IdentityCache(),
    jobsRecur: false,
    bootstrapped: config.bootstrap === undefined || config.root === undefined,
  }
  memories.set(env, memory)
  return memory
}

function assemble(
  env: Env,
  memory: IsolateMemory,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  origin: RequestOrigin,
): Wharf {
  const { config, log, stubs } = memory
  const context = contextOf(memory, ctx, origin)
  const store = openStore(context)
  const identities = new Identities(config, stubs, memory.identities, context.now)
  const counter = trafficCounterOf(env)
  return {
    config,
    log,
    store,
    jobs: new Jobs(stubs, store, context.now),
    identities,
    people: new People(stubs, identities),
    policies: new Policies(stubs, identities),
    accessKeys: new AccessKeys(stubs, identities, context.now),
    administration: new Administration({ config, stubs, root: identities.root, counter }, context.now),
    restart: async caller => {
      await restartObjects(stubs, caller, context.now())
      memories.delete(env)
    },
    now: context.now,
    later: context.later,
  }
}

function contextOf(
  memory: IsolateMemory,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  origin: RequestOrigin,
): StoreContext {
  const { config, stubs, blobs, log, buckets } = memory
  const later = (work: Promise<unknown>) =>
    ctx.waitUntil(work.catch(error => log.error('work after an answer failed', { reason: String(error) })))
  return { config, stubs, blobs, log, known: buckets, origin, now: Date.now, later }
}

/**
 * Makes what shall exist. Requests that come at once each do it themselves, which is harmless: a request must not wait for
 * work of another one, whose client may go away.
 */
async function bootstrap(memory: IsolateMemory, { identities, store }: Wharf): Promise<void> {
  const warnings = await applyBootstrap(memory.config.bootstrap ?? '', identities, store)
  for (const warning of warnings) memory.log.error(warning)
  memory.bootstrapped = true
}

/** @throws Fault NotConfigured while there are no root credentials: nothing is served without them */
export function requireRoot({ config }: Wharf): void {
  if (config.root) return
  throw new Fault(
    'NotConfigured',
    {},
    'Set the secrets WHARF_ROOT_USER and WHARF_ROOT_PASSWORD: there are no default credentials.',
  )
}
