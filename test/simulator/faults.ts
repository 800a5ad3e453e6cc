import type { Env } from '../../src/stubs'
import type { Losses } from './losses'
import type { Pauses } from './pauses'
import type { Random } from './random'

/** What may befall a call of a Durable Object or of R2, and how likely each is. */
export interface FaultRates {
  /** It is not carried out, and breaks. */
  fail: number
  /** It is not carried out: the Durable Object has too much to do. */
  overload: number
  /** It is carried out, but its answer gets lost. */
  lose: number
  /** It is carried out later, or its answer comes later. */
  delay: number
  /** It is delivered twice. */
  duplicate: number
  /** A stream into or out of R2 breaks off. */
  cut: number
  /** The whole Worker dies: before the call, after it, or in the middle of its stream. */
  crash: number
}

export type FaultKind = keyof FaultRates

export const NO_FAULTS: FaultRates = { fail: 0, overload: 0, lose: 0, delay: 0, duplicate: 0, cut: 0, crash: 0 }

/** Those that no client may notice. */
const HARMLESS: readonly FaultKind[] = ['delay', 'duplicate']

/** Stands between the Worker and a bucket's index, to break what the simulator must notice. */
export type Sabotage = (
  call: { member: string; args: unknown[] },
  carryOut: (args: unknown[]) => Promise<unknown>,
) => Promise<unknown>

/** What all simulated isolates stand on. */
export interface Ground {
  /** The real bindings. */
  env: Env
  /** Variables that differ from the real ones. */
  variables: Record<string, string>
  losses: Losses
  pauses: Pauses
  /** How often each fault was injected. */
  injected: Map<string, number>
  sabotage?: Sabotage
}

interface Call {
  /** As `index.commit`. */
  name: string
  /** Whether it is a Durable Object's. */
  isObject: boolean
  carryOut(): Promise<unknown>
  /** Makes it possible to carry it out twice. */
  keep?(): Promise<void>
  /** Breaks off its stream; undefined where it has none. */
  cut?(): Promise<unknown>
  /** Lets go of its stream, as the platform does where it is not carried out: who writes into it must hear of that. */
  drop?(): void
}

/**
 * One simulated isolate of the Worker: bindings that lead to the real R2 and Durable Objects, and through faults. The Worker
 * knows its memory by the object `env`, so that as long as an isolate lives it has its caches.
 */
export class Isolate {
  readonly env: Env
  /** Ends when the isolate dies. */
  readonly death: Promise<void>
  /** What befell the request in progress that its client may notice. */
  harm: string[] = []
  isDead = false
  #die: () => void = () => undefined
  readonly #ground: Ground
  #random: Random | undefined
  #rates = NO_FAULTS

  constructor(ground: Ground) {
    this.#ground = ground
    const { env } = ground
    this.death = new Promise(resolve => {
      this.#die = resolve
    })
    this.env = {
      ...env,
      ...ground.variables,
      BLOBS: this.#r2(env.BLOBS),
      NAMESPACE: this.#objects('namespace', env.NAMESPACE),
      BUCKET_INDEX: this.#objects('index', env.BUCKET_INDEX),
      SYSTEM: this.#objects('system', env.SYSTEM),
      JOB_RUNNER: this.#objects('jobs', env.JOB_RUNNER),
    }
  }

  /** What comes now is one request: its faults come from here, whatever other requests do meanwhile. */
  begin(random: Random, rates: FaultRates): void {
    this.#random = random
    this.#rates = rates
    this.harm = []
  }

  /** Ends the isolate: no call of it has any effect from now on. */
  die(): void {
    this.isDead = true
    this.#die()
  }

  #objects<T extends Env['BUCKET_INDEX'] | Env['NAMESPACE'] | Env['SYSTEM'] | Env['JOB_RUNNER']>(
    name: string,
    real: T,
  ): T {
    const stub = (find: () => object) =>
      new Proxy(
        {},
        {
          get: (_, member) => {
            if (typeof member !== 'string' || member === 'then') return undefined
            return (...args: unknown[]) => this.#callObject(name, member, args, find)
          },
        },
      )
    // The Worker uses no more of a namespace.
    return {
      getByName: (object: string) => stub(() => real.getByName(object)),
      idFromName: (object: string) => real.idFromName(object),
      get: (id: DurableObjectId) => stub(() => real.get(id)),
    } as unknown as T
  }

  #callObject(name: string, member: string, args: unknown[], find: () => object): Promise<unknown> {
    const { sabotage } = this.#ground
    // Both calls of a pair go the same way, so that the second meets the object that did the first.
    let stub: object | undefined
    const carryOut = async (given: unknown[]): Promise<unknown> => {
      stub ??= find()
      return await Reflect.apply(Reflect.get(stub, member), stub, given)
    }
    return this.#call({
      name: `${name}.${member}`,
      isObject: true,
      carryOut: () => (name === 'index' && sabotage ? sabotage({ member, args }, carryOut) : carryOut(args)),
    })
  }

  #r2(real: R2Bucket): R2Bucket {
    const plain = (member: 'head' | 'delete' | 'list') => (argument: never) =>
      this.#call({ name: `r2.${member}`, isObject: false, carryOut: () => real[member](argument) })
    const bucket = {
      head: plain('head'),
      delete: plain('delete'),
      list: plain('list'),
      get: (key: string, options: R2GetOptions) => this.#get(real, key, options),
      put: (key: string, body: Uint8Array | ReadableStream<Uint8Array>, options: R2PutOptions) =>
        this.#put(real, key, body, options),
    }
    // The store uses no more of R2.
    return bucket as unknown as R2Bucket
  }

  #get(real: R2Bucket, key: string, options: R2GetOptions): Promise<unknown> {
    let first: R2ObjectBody | null | undefined
    return this.#call({
      name: 'r2.get',
      isObject: false,
      carryOut: async () => {
        // Of a pair only the second answer is read.
        await first?.body.cancel()
        first = await real.get(key, options)
        return first
      },
      cut: async () => {
        const object = await real.get(key, options)
        return object && withBody(object, brokenOff(await object.arrayBuffer(), this.#random?.next() ?? 0))
      },
    })
  }

  #put(
    real: R2Bucket,
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    options: R2PutOptions,
  ): Promise<unknown> {
    let held: Uint8Array | ReadableStream<Uint8Array> = body
    return this.#call({
      name: 'r2.put',
      isObject: false,
      carryOut: () => real.put(key, held, options),
      keep: async () => {
        held = held instanceof Uint8Array ? held : new Uint8Array(await new Response(held).arrayBuffer())
      },
      cut: async () => {
        if (body instanceof Uint8Array) throw lost()
        const reader = body.getReader()
        await reader.read()
        await reader.cancel(canceled()).catch(() => undefined)
        throw lost()
      },
      drop: () => {
        if (body instanceof ReadableStream && !body.locked) body.cancel(canceled()).catch(() => undefined)
      },
    })
  }

  async #call(call: Call): Promise<unknown> {
    try {
      if (this.isDead) throw lost()
      return await this.#befall(call, this.#draw(call))
    } catch (error) {
      call.drop?.()
      throw error
    } finally {
      this.#ground.pauses.pass()
    }
  }

  #draw(call: Call): FaultKind | undefined {
    const random = this.#random
    if (!random || this.#rates === NO_FAULTS) return undefined
    let left = random.next()
    for (const [kind, rate] of Object.entries(this.#rates) as [FaultKind, number][]) {
      left -= rate
      if (left >= 0) continue
      if (kind === 'overload' && !call.isObject) return undefined
      if (kind === 'cut' && !call.cut) return undefined
      return kind
    }
    return undefined
  }

  async #befall(call: Call, kind: FaultKind | undefined): Promise<unknown> {
    const random = this.#random
    if (!kind || !random) return call.carryOut()
    const name = `${call.name.replace(/\..*/, '')} ${kind}`
    this.#ground.injected.set(name, (this.#ground.injected.get(name) ?? 0) + 1)
    if (!HARMLESS.includes(kind)) this.harm.push(`${kind} ${call.name}`)
    switch (kind) {
      case 'fail':
        throw failure(call, random)
      case 'overload':
        throw Object.assign(new Error('Durable Object is overloaded. Too many requests queued.'), { overloaded: true })
      case 'lose': {
        const error = failure(call, random)
        await call.carryOut()
        throw error
      }
      case 'delay':
        return this.#delay(call, random)
      case 'duplicate':
        return this.#ground.losses.pair(() => this.#twice(call, random))
      case 'cut':
        return call.cut?.()
      case 'crash':
        return this.#crash(call, random)
    }
  }

  async #delay(call: Call, random: Random): Promise<unknown> {
    const calls = 1 + random.below(30)
    if (random.chance(0.5)) {
      await this.#ground.pauses.wait(calls)
      if (this.isDead) throw lost()
      return call.carryOut()
    }
    const answer = await call.carryOut()
    await this.#ground.pauses.wait(calls)
    return answer
  }

  async #twice(call: Call, random: Random): Promise<unknown> {
    const [isApart, isFirst] = [random.chance(0.5), random.chance(0.5)]
    await call.keep?.()
    const first = call.carryOut()
    if (isApart) {
      await first.catch(() => undefined)
      await this.#ground.pauses.wait(1 + random.below(10))
    }
    const [one, other] = await Promise.allSettled([first, call.carryOut()])
    const answer = isFirst && call.name !== 'r2.get' ? one : other
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  }

  async #crash(call: Call, random: Random): Promise<never> {
    const moment = random.pick(call.cut ? ['before', 'midway', 'after'] : ['before', 'after'])
    this.harm.push(moment)
    if (moment === 'after') await call.carryOut().catch(() => undefined)
    if (moment === 'midway') await call.cut?.().catch(() => undefined)
    this.die()
    throw lost()
  }
}

/** As the platform says it. */
function lost(): Error {
  return new Error('Network connection lost.')
}

/** As the runtime says it to who writes into a stream; vitest's plugin keeps quiet about this one. */
function canceled(): Error {
  return new Error('disconnected: operation canceled')
}

function failure({ isObject, name }: Call, random: Random): Error {
  if (!isObject) {
    const internal = `${name.slice(3)}: We encountered an internal error. Please try again. (10001)`
    return random.chance(0.5) ? lost() : new Error(internal)
  }
  const error = random.chance(0.7) ? lost() : new Error('internal error; reference = 0123456789abcdef')
  return random.chance(0.5) ? Object.assign(error, { retryable: true }) : error
}

/** A stream that breaks after this share of the bytes. */
function brokenOff(bytes: ArrayBuffer, share: number): ReadableStream<Uint8Array> {
  const some = new Uint8Array(bytes, 0, Math.floor(bytes.byteLength * share))
  return new ReadableStream({
    start(controller) {
      if (some.byteLength > 0) controller.enqueue(some)
    },
    pull: controller => controller.error(lost()),
  })
}

function withBody(object: R2ObjectBody, body: ReadableStream<Uint8Array>): R2ObjectBody {
  return new Proxy(object, {
    get: (_, member) => {
      if (member === 'body') return body
      const value: unknown = Reflect.get(object, member)
      return typeof value === 'function' ? value.bind(object) : value
    },
  })
}
