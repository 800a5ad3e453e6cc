import { ABSENT, type Condition, type Effect, etagOf, type KeyOperation, type State, stateOf } from './model'

/** A copy, until it can be told which states it may have left. */
interface Copy {
  operation: KeyOperation
  from: string
  /** Undefined where the answer was lost: any that the source ever held. */
  etag: string | undefined
  /** The id in the new metadata; undefined keeps the source's. */
  id: string | undefined
  condition: Condition | undefined
}

/** What a write says of itself, before it is known which states it leaves. */
export interface Told {
  label: string
  invoked: number
  /** Undefined: nobody heard how it ended. */
  responded: number | undefined
}

/** What was done to each key since the last time that all of them were at rest. */
export class History {
  readonly #operations = new Map<string, KeyOperation[]>()
  readonly #copies = new Map<string, Copy[]>()
  /** What each key held at the beginning. */
  readonly #initial: Map<string, State>

  constructor(initial: Map<string, State>) {
    this.#initial = initial
  }

  record(key: string, { label, invoked, responded = Infinity }: Told, effect: Effect): void {
    this.#operationsOf(key).push({ label, invoked, responded, effect })
  }

  recordCopy(key: string, told: Told, copy: Omit<Copy, 'operation'>): void {
    const { label, invoked, responded = Infinity } = told
    const effect: Effect = { kind: 'write', states: [], condition: copy.condition }
    const operation = { label: `${label} from ${copy.from}`, invoked, responded, effect }
    this.#operationsOf(key).push(operation)
    this.#copies.set(key, [...(this.#copies.get(key) ?? []), { ...copy, operation }])
  }

  initial(key: string): State {
    return this.#initial.get(key) ?? ABSENT
  }

  /** What the last read of a key saw. */
  last(key: string): State {
    const last = this.#operationsOf(key).at(-1)?.effect
    if (last?.kind !== 'read' || typeof last.sees !== 'string') throw new Error(`${key} was not read last`)
    return last.sees
  }

  /** All that concerns a key; every copy with the states that it may have left. */
  of(key: string): KeyOperation[] {
    const operations = this.#operationsOf(key)
    const seen = new Set(operations.flatMap(({ effect }) => told(effect)))
    for (const { operation, ...copy } of this.#copies.get(key) ?? []) {
      const states = this.#statesOfCopy(copy, this.#possible())
      operation.effect = { kind: 'write', condition: copy.condition, states: distinguishable(states, seen) }
    }
    return operations
  }

  #operationsOf(key: string): KeyOperation[] {
    const present = this.#operations.get(key)
    if (present) return present
    const fresh: KeyOperation[] = []
    this.#operations.set(key, fresh)
    return fresh
  }

  #known: Map<string, Set<State>> | undefined

  /** Every state that a key can have been in, as far as copies carry them from key to key. */
  #possible(): Map<string, Set<State>> {
    if (this.#known) return this.#known
    const possible = new Map<string, Set<State>>()
    for (const [key, operations] of this.#operations) {
      const states = new Set([this.initial(key)])
      for (const { effect } of operations)
        if (effect.kind === 'write') for (const state of effect.states) states.add(state)
      possible.set(key, states)
    }
    this.#known = possible
    for (let grows = true; grows; ) {
      grows = false
      for (const [key, copies] of this.#copies) {
        const states = possible.get(key) ?? new Set()
        const before = states.size
        for (const copy of copies) for (const state of this.#statesOfCopy(copy, possible)) states.add(state)
        if (states.size > before) grows = true
      }
    }
    return possible
  }

  #statesOfCopy({ from, etag, id }: Omit<Copy, 'operation'>, possible: Map<string, Set<State>>): State[] {
    const sources = [...(possible.get(from) ?? [this.initial(from)])].filter(state => state !== ABSENT)
    const fitting = sources.filter(state => etag === undefined || etagOf(state) === etag)
    return [...new Set(fitting.map(state => (id === undefined ? state : stateOf(etagOf(state), id))))]
  }
}

/** The etags that an answer named: what was not named by any of a key's cannot be told from others like it. */
function told(effect: Effect): string[] {
  if (effect.kind === 'read') return typeof effect.sees === 'string' ? [etagOf(effect.sees)] : effect.sees.etags
  return effect.condition === undefined || effect.condition === 'absent' ? [] : [effect.condition.etag]
}

/** Those that some answer can tell apart, and one for all the others. */
function distinguishable(states: State[], seen: Set<string>): State[] {
  const other = states.find(state => !seen.has(etagOf(state)))
  return [...states.filter(state => seen.has(etagOf(state))), ...(other === undefined ? [] : [other])]
}
