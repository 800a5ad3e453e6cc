/** Calls that are remembered. One that comes twice comes within the life of its connection, which is that of the object. */
const MAX_CALLS = 2000

/**
 * What the latest writes were answered. A call that comes a second time is not carried out again, though others may have
 * written in between, but hears the same. In memory: what could still be delivered twice dies with the object.
 */
export class Answered {
  readonly #answers = new Map<string, unknown>()

  /** @param carryOut  also says whether the answer stands; a call that was sent back to decide anew does not count */
  once<T>(call: string, carryOut: () => { answer: T; stands: boolean }): T {
    // Only ever set below, for the same call.
    if (this.#answers.has(call)) return this.#answers.get(call) as T
    const { answer, stands } = carryOut()
    if (stands) this.#remember(call, answer)
    return answer
  }

  #remember(call: string, answer: unknown): void {
    if (this.#answers.size >= MAX_CALLS) {
      const oldest = this.#answers.keys().next()
      if (!oldest.done) this.#answers.delete(oldest.value)
    }
    this.#answers.set(call, answer)
  }
}
