import { type Config, readConfig } from './config'
import { type Log, openLog } from './log'
import { Fault } from './model/fault'
import { Blobs } from './store/blobs'
import { BucketCache } from './store/bucket-cache'
import type { StoreContext } from './store/context'
import { openStore, type Store } from './store/store'
import { type Env, Stubs } from './stubs'
import { applyBootstrap } from './system/bootstrap'
import { Identities, type IdentityCache } from './system/identities'

/** Everything a dialect may use, put together for one request. */
export interface Wharf {
  config: Config
  store: Store
  identities: Identities
  log: Log
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
  /** Settled once the bootstrap has been applied and the sweep is known to run. */
  started: Promise<void> | undefined
}

const memories = new WeakMap<Env, IsolateMemory>()

/**
 * Opens the waist for one request (or one slice of a job).
 * @throws Fault NotConfigured
 */
export async function openWharf(env: Env, ctx: Pick<ExecutionContext, 'waitUntil'>): Promise<Wharf> {
  const memory = memories.get(env) ?? remember(env)
  const wharf = assemble(memory, ctx)
  memory.started ??= start(memory, wharf)
  if (memory.config.bootstrap === undefined) return wharf
  try {
    await memory.started
  } catch (error) {
    memory.started = undefined
    throw error
  }
  return wharf
}

/** As `openWharf`, for the job-runner: it must not wait for a start that asks the job-runner itself. */
export function openWharfForJobs(
  env: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): Wharf & { context: StoreContext } {
  const memory = memories.get(env) ?? remember(env)
  const context = contextOf(memory, ctx)
  return { ...assemble(memory, ctx), context }
}

function remember(env: Env): IsolateMemory {
  const config = readConfig(env)
  const memory: IsolateMemory = {
    config,
    log: openLog(config.log),
    stubs: new Stubs(env),
    blobs: new Blobs(env.BLOBS),
    buckets: new BucketCache(),
    identities: new Map(),
    started: undefined,
  }
  memories.set(env, memory)
  return memory
}

function assemble(memory: IsolateMemory, ctx: Pick<ExecutionContext, 'waitUntil'>): Wharf {
  const { config, log, stubs } = memory
  const context = contextOf(memory, ctx)
  return {
    config,
    log,
    store: openStore(context),
    identities: new Identities(config, stubs, memory.identities, context.now),
    now: context.now,
    later: context.later,
  }
}

function contextOf(memory: IsolateMemory, ctx: Pick<ExecutionContext, 'waitUntil'>): StoreContext {
  const { config, stubs, blobs, log, buckets } = memory
  const later = (work: Promise<unknown>) =>
    ctx.waitUntil(work.catch(error => log.error('work after an answer failed', { reason: String(error) })))
  return { config, stubs, blobs, log, known: buckets, now: Date.now, later }
}

/** Once for each isolate: what shall exist is made, and the sweep is set going. */
async function start({ config, stubs, log }: IsolateMemory, { identities, store, later }: Wharf): Promise<void> {
  later(stubs.jobRunner().ensureSweeping(config.sweepIntervalMillis))
  if (config.bootstrap === undefined || !config.root) return
  const warnings = await applyBootstrap(config.bootstrap, identities, store)
  for (const warning of warnings) log.error(warning)
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
