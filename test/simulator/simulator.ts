import type { Env } from '../../src/stubs'
import { auditAfter, emptyAndAudit } from './audit'
import { Client } from './client'
import { send } from './door'
import { Isolate } from './faults'
import { check, tellState } from './linearizability'
import { ABSENT, type State, stateOf } from './model'
import { Random } from './random'
import { leaveEarly, listObjects, readObject, unquoted } from './reading'
import { sweepBeside } from './sweeping'
import { uploadInParts } from './uploading'
import { Anomaly, KEYS, type SimulationOptions, World } from './world'
import { copyObject, deleteObject, deleteObjects, putObject } from './writing'

export interface Report {
  seed: number
  operations: number
  /** Those of which the client never heard how they ended. */
  unknown: number
  crashes: number
  losses: number
  /** How often each fault was injected. */
  injected: Record<string, number>
  /** Keys of an epoch that had too many possible histories to look at all of them. */
  unchecked: number
  millis: number
}

/** What befalls a run that is to find something. */
export const FAULTY: Omit<SimulationOptions, 'seed' | 'operations'> = {
  faults: { fail: 0.05, overload: 0.02, lose: 0.06, delay: 0.25, duplicate: 0.15, cut: 0.08, crash: 0.05 },
  befallen: 0.4,
  losses: 0.005,
}

/** So many operations lie between two moments of rest: more would make the histories of the keys long to check. */
const EPOCH_OPERATIONS = 480

/** After so many epochs the store is audited. */
const EPOCHS_PER_AUDIT = 4

const HANG_MILLIS = 60_000

/** How often each operation is chosen. */
const OPERATIONS = {
  get: 18,
  range: 6,
  head: 9,
  leave: 1,
  'put small': 15,
  'put large': 9,
  'put unknown length': 2,
  'put broken': 1,
  delete: 7,
  'delete many': 3,
  copy: 10,
  'copy onto itself': 2,
  upload: 4,
  list: 6,
  'clear leases': 0.3,
}

/**
 * Runs clients side by side on a bucket of their own, through the door, with faults at every call of R2 and of the Durable
 * Objects; then looks whether everything they saw can be explained by one register for each key, and whether the store is
 * in order. What is decided depends on the seed alone; which client comes first does not.
 *
 * @throws Anomaly
 */
export async function simulate(env: Env, options: SimulationOptions): Promise<Report> {
  const world = new World(env, options)
  const startedMillis = Date.now()
  const { error } = console
  console.error = world.keepLog
  try {
    await makeBucket(world)
    const clients = Array.from({ length: options.clients ?? 8 }, (_, i) => new Client(world, i + 1))
    let states = new Map<string, State>(KEYS.map(key => [key, ABSENT]))
    let done = 0
    let unchecked = 0
    for (let epoch = 1; done < options.operations && !options.isOver?.(); epoch++) {
      const operations = Math.min(EPOCH_OPERATIONS, options.operations - done)
      world.beginEpoch(states)
      await runEpoch(world, clients, { epoch, operationsEach: Math.ceil(operations / clients.length) })
      states = await settle(world)
      unchecked += judge(world)
      done += operations
      if (epoch % EPOCHS_PER_AUDIT === 0) await auditAfter(env, world.bucket.name)
    }
    await auditAfter(env, world.bucket.name)
    for (const key of KEYS) await requireReadable(world, key)
    await emptyAndAudit(env, world.bucket.name)
    return {
      seed: options.seed,
      operations: done,
      unknown: world.unknown,
      crashes: world.crashes,
      losses: world.ground.losses.count,
      injected: Object.fromEntries([...world.ground.injected].sort()),
      unchecked,
      millis: Date.now() - startedMillis,
    }
  } catch (error) {
    throw error instanceof Anomaly ? error : new Anomaly(options.seed, String(error), world.tellLog())
  } finally {
    console.error = error
  }
}

async function makeBucket(world: World): Promise<void> {
  const name = `simulated-${world.options.seed}-${Date.now().toString(36)}`
  const made = await send(new Isolate(world.ground), { method: 'PUT', path: `/${name}` }, () => undefined)
  const entry = await world.ground.env.NAMESPACE.getByName('namespace').find(name)
  if (made?.status !== 200 || !entry) throw new Error(`the bucket could not be made: ${made?.status} ${made?.bytes}`)
  world.bucket = { name, id: entry.id }
}

async function runEpoch(
  world: World,
  clients: Client[],
  { epoch, operationsEach }: { epoch: number; operationsEach: number },
): Promise<void> {
  let isOver = false
  const all = clients.map(async client => {
    for (let i = 0; i < operationsEach && !isOver; i++) {
      await world.breathe()
      client.beginOperation()
      await doOne(client)
    }
  })
  all.push(sweepBeside(world, epoch))
  let watchdog: ReturnType<typeof setTimeout> | undefined
  const hang = new Promise<never>((_, reject) => {
    const bark = () => reject(new Error(`there is no end of ${world.inProgress.join('; ')}`))
    watchdog = setTimeout(bark, HANG_MILLIS)
  })
  try {
    await Promise.race([Promise.all(all), hang])
    await Promise.race([world.rest(), hang])
  } finally {
    isOver = true
    // After an anomaly the others come to their end as well.
    await Promise.race([Promise.allSettled(all), hang.catch(() => undefined)])
    clearTimeout(watchdog)
  }
}

async function doOne(client: Client): Promise<void> {
  const { world, random } = client
  // The first keys are used most, so that clients meet.
  const pickKey = () => KEYS[random.below(1 + random.below(KEYS.length))] ?? random.pick(KEYS)
  if (random.chance(world.options.losses ?? 0)) {
    world.track(world.ground.losses.lose(random.chance(0.3) ? world.bucket.id : undefined), 'losing Durable Objects')
  }
  const key = pickKey()
  switch (random.weighted(OPERATIONS)) {
    case 'get':
      return readObject(client, key, 'whole')
    case 'range': {
      const first = random.below(700)
      const range = random.chance(0.2)
        ? `bytes=-${1 + random.below(800)}`
        : `bytes=${first}-${first + random.below(900)}`
      return readObject(client, key, { range })
    }
    case 'head':
      return readObject(client, key, 'head')
    case 'leave':
      return leaveEarly(client, key)
    case 'put small':
      return putObject(client, key, 'small')
    case 'put large':
      return putObject(client, key, 'large')
    case 'put unknown length':
      return putObject(client, key, 'unknown length')
    case 'put broken':
      return putObject(client, key, 'broken')
    case 'delete':
      return deleteObject(client, key)
    case 'delete many':
      return deleteObjects(client, [...new Set([key, pickKey(), pickKey(), pickKey()])])
    case 'copy': {
      const to = pickKey()
      if (to === key) return readObject(client, key, 'whole')
      return copyObject(client, key, to)
    }
    case 'copy onto itself':
      return copyObject(client, key, key)
    case 'upload':
      return uploadInParts(client, key, KEYS)
    case 'list':
      return listObjects(client)
    case 'clear leases':
      return clearLeases(client)
  }
}

/** As an operator does: who writes under a lease that is gone must be refused. */
async function clearLeases({ world }: Client): Promise<void> {
  const index = world.ground.env.BUCKET_INDEX.getByName(world.bucket.id)
  // It may meet the loss of the index.
  await index.clearLocks({ prefix: '', minAgeMillis: 0 }, Date.now()).catch(() => undefined)
}

/** Reads every key while nothing else goes on and nothing fails. @returns what each holds */
async function settle(world: World): Promise<Map<string, State>> {
  const states = new Map<string, State>()
  const keeper = new Client(world, 'keeper')
  for (const key of KEYS) {
    await readObject(keeper, key, 'whole')
    states.set(key, world.history.last(key))
  }
  return states
}

/** Whether one register explains what was seen of each key. @returns how many keys had too long a history */
function judge(world: World): number {
  let unchecked = 0
  for (const key of KEYS) {
    const verdict = check(world.history.initial(key), world.history.of(key))
    if (verdict.gaveUp) unchecked += 1
    if (verdict.isLinearizable || !verdict.refuted) continue
    const { operation, before } = verdict.refuted
    const possible = before.map(tellState).join(' or ')
    const what = `${key} is not one register: nothing explains\n  ${operation.label}\nwhen it can only hold ${possible}`
    world.fail(what, key, operation.responded)
  }
  return unchecked
}

async function requireReadable(world: World, key: string): Promise<void> {
  const ask = { method: 'GET', path: `/${world.bucket.name}/${key}` }
  const answer = await send(new Isolate(world.ground), ask, () => undefined)
  const etag = unquoted(answer?.headers.get('etag') ?? null)
  const isAbsent = world.history.last(key) === ABSENT
  const state = answer?.status === 200 ? stateOf(etag, answer.headers.get('x-amz-meta-id') ?? '') : undefined
  if (isAbsent ? answer?.status === 404 : state === world.history.last(key)) return
  world.fail(`${key} after the sweep: ${answer?.status} ${answer?.code} ${state ?? ''}`, key)
}

/** A seed that nobody has tried yet, most likely. */
export function newSeed(): number {
  return new Random(Date.now(), Math.random()).below(1_000_000_000)
}
