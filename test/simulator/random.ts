/** Numbers that look random, and come again for the same seed and labels, whatever else happens meanwhile (sfc32). */
export class Random {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(...labels: (string | number)[]) {
    let hash = 0x811c9dc5
    const next = () => {
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
      hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
      hash ^= hash >>> 15
      return hash
    }
    for (const character of labels.join('/')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    ;[this.#a, this.#b, this.#c] = [next(), next(), next()]
    for (let i = 0; i < 12; i++) this.next()
  }

  /** At least 0, less than 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new Error('nothing to pick from')
    return choice
  }

  /** One of the names, each as often as its weight says. */
  weighted<K extends string>(weights: Record<K, number>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return this.pick(entries)[0]
  }
}
