/** Waiting for others to get further, rather than for time to pass: a busy event loop looks at no clock. */
export class Pauses {
  #calls = 0
  #waiting: { due: number; resolve: () => void }[] = []

  /** A call is over. */
  pass(): void {
    this.#calls += 1
    const due = this.#waiting.filter(one => one.due <= this.#calls)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(one => one.due > this.#calls)
    for (const { resolve } of due) resolve()
  }

  /** Until so many calls of others are over, or nothing moves any more. */
  wait(calls: number): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push({ due: this.#calls + calls, resolve })
      setTimeout(resolve, 3)
    })
  }
}
