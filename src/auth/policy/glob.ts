/** Stands for any run of characters in a glob. */
export const ANY = -1
/** Stands for any one character. */
export const ONE = -2

/**
 * A pattern with wildcards. It walks once over a text, all places of the pattern at a time, one bit for each: so the work grows
 * with text times pattern / 32 whatever they are, and nothing is ever tried twice.
 */
export class Glob {
  readonly #words: number
  readonly #last: number
  /** Places that a star keeps open. */
  readonly #stays: Uint32Array
  /** Places that take any character. */
  readonly #any: Uint32Array
  /** For each character of the pattern the places that take it, with those of #any. */
  readonly #takes = new Map<number, Uint32Array>()

  /** @param tokens  code points, ANY and ONE */
  constructor(tokens: readonly number[]) {
    const plain = tokens.filter(token => token !== ANY)
    this.#last = plain.length
    this.#words = (plain.length >>> 5) + 1
    this.#stays = new Uint32Array(this.#words)
    this.#any = new Uint32Array(this.#words)
    let place = 0
    for (const token of tokens) {
      if (token === ANY) set(this.#stays, place)
      else if (token === ONE) set(this.#any, place++)
      else place++
    }
    for (const [at, token] of plain.entries()) if (token !== ONE) set(this.#placesOf(token), at)
  }

  matches(text: string): boolean {
    const open = new Uint32Array(this.#words)
    open[0] = 1
    for (const character of text) {
      const takes = this.#takes.get(character.codePointAt(0) ?? 0) ?? this.#any
      let carry = 0
      let alive = 0
      for (let word = 0; word < this.#words; word++) {
        const present = open[word] ?? 0
        const moved = present & (takes[word] ?? 0)
        const next = (moved << 1) | carry | (present & (this.#stays[word] ?? 0))
        carry = moved >>> 31
        open[word] = next
        alive |= next
      }
      if (alive === 0) return false
    }
    return has(open, this.#last)
  }

  #placesOf(token: number): Uint32Array {
    const places = this.#takes.get(token) ?? this.#any.slice()
    this.#takes.set(token, places)
    return places
  }
}

function set(bits: Uint32Array, place: number): void {
  bits[place >>> 5] = (bits[place >>> 5] ?? 0) | (1 << (place & 31))
}

function has(bits: Uint32Array, place: number): boolean {
  return ((bits[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
}
