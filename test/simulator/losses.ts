import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import type { Env } from '../../src/stubs'

/** What vitest's plugin keeps quiet about begins like this. */
const REASON = 'Instance disposed by the simulator'

/**
 * Losing Durable Objects: their memory goes, and what was not durable; calls in flight break. What is delivered twice is
 * delivered to one and the same instance, so no loss falls between the two.
 */
export class Losses {
  /** How many there were. */
  count = 0
  readonly #env: Env
  #pairs = 0
  #underWay = 0

  constructor(env: Env) {
    this.#env = env
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0
  }

  /** Does something that no loss may interrupt. */
  async pair<T>(work: () => Promise<T>): Promise<T> {
    while (this.#underWay > 0) await new Promise(resolve => setTimeout(resolve, 1))
    this.#pairs += 1
    try {
      return await work()
    } finally {
      this.#pairs -= 1
    }
  }

  /**
   * Loses every Durable Object, or only the index of a bucket, which breaks off what it is doing.
   * @returns whether it could be done now
   */
  async lose(indexOf: string | undefined): Promise<boolean> {
    if (this.#pairs > 0) return false
    this.count += 1
    this.#underWay += 1
    try {
      if (indexOf === undefined) await abortAllDurableObjects()
      else {
        const stub = this.#env.BUCKET_INDEX.getByName(indexOf)
        await runInDurableObject(stub, (_, state) => state.abort(REASON)).catch(() => undefined)
      }
      return true
    } finally {
      this.#underWay -= 1
    }
  }
}
