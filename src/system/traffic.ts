import { addTraffic, COUNTED_METHODS, noTraffic, type Tally, type Traffic } from '../model/traffic'
import { type Env, Stubs } from '../stubs'

const TELL_MILLIS = 10_000

const counters = new WeakMap<Env, TrafficCounter>()

/** The counter of this isolate. */
export function trafficCounterOf(env: Env): TrafficCounter {
  const present = counters.get(env)
  if (present) return present
  const counter = new TrafficCounter(new Stubs(env))
  counters.set(env, counter)
  return counter
}

/**
 * Counts what goes through the door, in this isolate's memory; every 10 s, while requests come, `system` is told. What an
 * isolate counted last is lost with it: these are figures to look at, not to charge by.
 */
export class TrafficCounter {
  readonly #stubs: Stubs
  #untold = noTraffic()
  #toldMillis = Date.now()

  constructor(stubs: Stubs) {
    this.#stubs = stubs
  }

  /** Counts a request that was answered. */
  count(
    ctx: Pick<ExecutionContext, 'waitUntil'>,
    { request, response, startedMillis }: { request: Request; response: Response; startedMillis: number },
  ): void {
    const nowMillis = Date.now()
    add(this.#untold, request, response, nowMillis - startedMillis)
    if (nowMillis - this.#toldMillis >= TELL_MILLIS) ctx.waitUntil(this.tell())
  }

  /** Tells `system` what was counted since the last time. */
  async tell(): Promise<void> {
    const told = this.#untold
    this.#untold = noTraffic()
    this.#toldMillis = Date.now()
    try {
      await this.#stubs.system().addTraffic(told)
    } catch {
      // Perhaps it is counted twice now, where the call broke after its work: better than not at all.
      addTraffic(this.#untold, told)
    }
  }
}

function add(traffic: Traffic, request: Request, response: Response, millis: number): void {
  traffic.receivedBytes += lengthOf(request.headers)
  if (request.method !== 'HEAD') traffic.sentBytes += lengthOf(response.headers)
  const method = COUNTED_METHODS.find(one => one === request.method)
  if (method === undefined) return
  addOne(traffic.methods[method].total, millis)
  if (response.ok) addOne(traffic.methods[method].success, millis)
}

function addOne(tally: Tally, millis: number): void {
  tally.count += 1
  tally.millis += millis
}

/** 0 where no length is announced. */
function lengthOf(headers: Headers): number {
  const length = Number(headers.get('content-length'))
  return length >= 0 ? length : 0
}
