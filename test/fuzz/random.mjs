/** Numbers that a seed decides (sfc32), and choices made with them. */
export class Random {
  #a
  #b
  #c
  #count = 1

  constructor(...seeds) {
    ;[this.#a, this.#b, this.#c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162].map(
      (constant, at) => constant ^ (seeds[at] ?? 0),
    )
    for (let i = 0; i < 15; i++) this.#next()
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit) {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  between(least, most) {
    return least + this.below(most - least + 1)
  }

  chance(probability) {
    return this.#next() < probability * 2 ** 32
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** One of `[weight, value]`. */
  weighted(choices) {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of choices) {
      left -= weight
      if (left < 0) return value
    }
  }

  /** So many of them, in another order; one may come twice. */
  several(list, most) {
    return Array.from({ length: this.below(most + 1) }, () => this.pick(list))
  }

  bytes(length) {
    return Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, () => this.#next()).buffer, 0, length)
  }

  #next() {
    const sum = (this.#a + this.#b + this.#count++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
