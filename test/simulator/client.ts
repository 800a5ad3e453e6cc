import { type Answer, type Ask, type Reply, send } from './door'
import { type FaultRates, Isolate, NO_FAULTS } from './faults'
import type { Told } from './history'
import { Random } from './random'
import type { World } from './world'

/** A request and its answer, with the moments between which it took effect, if it did. */
export interface Exchange extends Told {
  /** The key that it is about; '' where there are several. */
  key: string
  reply: Reply
  /** Undefined where nobody knows how it ended: the connection was lost, or the answer is 5xx. */
  answer: Answer | undefined
  answered: number
  /** What befell it. */
  harm: string[]
}

/** One simulated client: it sends one request after the other to an isolate of its own, which may die. */
export class Client {
  readonly world: World
  readonly name: number | string
  /** Number of the operation in progress. */
  operation = 0
  /** What the operation in progress decides by. */
  random = new Random()
  #requests = 0
  #isolate: Isolate
  readonly #rates: FaultRates

  constructor(world: World, name: number | string) {
    this.world = world
    this.name = name
    this.#isolate = new Isolate(world.ground)
    this.#rates = { ...NO_FAULTS, ...world.options.faults }
  }

  /** An id for what the operation in progress writes. */
  newId(suffix = ''): string {
    return `s${this.world.options.seed}c${this.name}n${this.operation}${suffix}`
  }

  beginOperation(): void {
    this.operation += 1
    this.#requests = 0
    this.random = new Random(this.world.options.seed, 'operation', this.name, this.operation)
  }

  /**
   * Sends a request. Without a fault that could explain it, an answer of 5xx or a lost connection is an anomaly.
   * @param mayFail  the client itself breaks off
   */
  async exchange(
    ask: Ask,
    { what, key = '', mayFail = false }: { what: string; key?: string; mayFail?: boolean },
  ): Promise<Exchange> {
    const { world } = this
    const { losses } = world.ground
    const label = `client ${this.name} #${this.operation} ${what}`
    this.#requests += 1
    const random = new Random(world.options.seed, 'faults', this.name, this.operation, this.#requests)
    const isBefallen = this.name !== 'keeper' && random.chance(world.options.befallen ?? 0)
    const isolate = this.#isolate
    isolate.begin(random, isBefallen ? this.#rates : NO_FAULTS)
    const wereLost = losses.isUnderWay ? -1 : losses.count
    const work: Promise<unknown>[] = []
    const later = (one: Promise<unknown>) => {
      work.push(one)
      world.track(one, label)
    }

    const invoked = world.tick()
    const reply = await send(isolate, ask, later)
    const answered = world.tick()

    const answer = reply && reply.status < 500 ? reply : undefined
    const harm = [...isolate.harm]
    if (losses.count !== wereLost) harm.push('Durable Objects were lost')
    const shown = reply ? `${reply.status} ${reply.code}`.trim() : 'no answer'
    const told = `${label} -> ${shown}${harm.length > 0 ? ` (${harm.join(', ')})` : ''}`
    const log = () => world.tellLog(reply?.headers.get('x-amz-request-id') ?? '')
    if (reply?.code === 'ObjectDamaged') world.fail(`${told}: bytes are missing or damaged\n${log()}`, key)
    if (!answer && harm.length === 0 && !mayFail) {
      world.fail(`${told}: it failed, though nothing befell it\n${log()}`, key)
    }
    if (!answer && !mayFail) world.unknown += 1
    // What goes on after an answer is part of the same request: its faults are drawn before the next one's.
    for (let i = 0; i < work.length && !isolate.isDead; i++) {
      await Promise.race([Promise.allSettled([work[i]]), isolate.death])
    }
    if (isolate.isDead) {
      world.crashes += 1
      this.#isolate = new Isolate(world.ground)
    }
    return { key, label: told, invoked, responded: answer && answered, answered, reply, answer, harm }
  }

  /** Answers that may come to this request; any other is an anomaly. Undefined where it is not known how it ended. */
  expect(exchange: Exchange, statuses: (number | string)[]): Answer | undefined {
    const { answer } = exchange
    if (!answer || statuses.includes(answer.status) || statuses.includes(answer.code)) return answer
    return this.fail(exchange, `expected ${statuses.join(' or ')}\n${answer.bytes.toString()}`)
  }

  /** @throws Anomaly */
  fail({ label, key }: Exchange, what: string): never {
    return this.world.fail(`${label}: ${what}`, key)
  }
}
