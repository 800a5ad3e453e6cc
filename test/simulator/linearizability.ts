import { ABSENT, etagOf, type KeyOperation, outcomes, type State } from './model'

export interface Verdict {
  isLinearizable: boolean
  /** The first answer that no order of the operations explains, and what the key can have held just before. */
  refuted?: { operation: KeyOperation; before: State[] }
  /** Set where there were too many possibilities to look at all; then the rest was not checked. */
  gaveUp?: boolean
}

/** One way in which everything can have gone until now: which pending operations took effect, and what the key holds. */
interface World {
  state: State
  /** Bits of pending operations that will be answered. */
  sure: bigint
  /** Bits of those that never will be. */
  open: bigint
}

interface Pending {
  operation: KeyOperation
  bit: bigint
  isSure: boolean
  /** Whether it leaves the key as it is. */
  isLook: boolean
}

const MAX_WORLDS = 20_000

/**
 * Whether one register explains what was seen of one key: there is an order of the operations, each between its
 * invocation and its response, in which every answer is right. Keeps all possible worlds from event to event; an operation
 * takes effect only when an answer needs it, and one that changes nothing as soon as it can.
 *
 * @see G. Lowe, "Testing for linearizability": just-in-time linearization
 */
export function check(initial: State, operations: KeyOperation[]): Verdict {
  const events = operations.flatMap(operation => [
    { at: operation.invoked, operation, isAnswer: false },
    ...(operation.responded === Infinity ? [] : [{ at: operation.responded, operation, isAnswer: true }]),
  ])
  events.sort((one, other) => one.at - other.at)

  const pending = new Map<KeyOperation, Pending>()
  let worlds: World[] = [{ state: initial, sure: 0n, open: 0n }]
  for (const { operation, isAnswer } of events) {
    if (!isAnswer) {
      pending.set(operation, pend(operation, pending))
      for (const world of worlds) look(world, pending)
      continue
    }
    const answered = pending.get(operation)
    if (!answered) throw new Error(`${operation.label}: answered before it was sent`)
    const next = new Frontier()
    for (const world of worlds) explain(world, answered, pending, next)
    if (next.worlds.length === 0) {
      const before = [...new Set(worlds.map(world => world.state))]
      return { isLinearizable: false, refuted: { operation, before } }
    }
    pending.delete(operation)
    worlds = next.worlds.map(world => ({ ...world, sure: world.sure & ~answered.bit }))
    if (worlds.length > MAX_WORLDS) return { isLinearizable: true, gaveUp: true }
  }
  return { isLinearizable: true }
}

function pend(operation: KeyOperation, pending: Map<KeyOperation, Pending>): Pending {
  const isSure = operation.responded !== Infinity
  let taken = 0n
  for (const other of pending.values()) if (other.isSure === isSure) taken |= other.bit
  let bit = 1n
  while (taken & bit) bit <<= 1n
  return { operation, bit, isSure, isLook: operation.effect.kind !== 'write' }
}

/** Lets everything take effect that is right in this state and does not change it: later it may not be right any more. */
function look(world: World, pending: Map<KeyOperation, Pending>): void {
  for (const { operation, bit, isSure, isLook } of pending.values()) {
    if (isLook && isSure && !(world.sure & bit) && outcomes(operation.effect, world.state).length > 0) world.sure |= bit
  }
}

/** Puts into `next` the worlds that come out of this one once the operation has taken effect. */
function explain(from: World, answered: Pending, pending: Map<KeyOperation, Pending>, next: Frontier): void {
  if (from.sure & answered.bit) {
    next.admit(from)
    return
  }
  const seen = new Frontier()
  const queue = [from]
  for (let world = queue.shift(); world; world = queue.shift()) {
    for (const one of pending.values()) {
      if (one.isLook || (one.isSure ? world.sure : world.open) & one.bit) continue
      for (const state of outcomes(one.operation.effect, world.state)) {
        const after = { state, sure: world.sure, open: world.open }
        if (one.isSure) after.sure |= one.bit
        else after.open |= one.bit
        look(after, pending)
        if (after.sure & answered.bit) next.admit(after)
        else if (seen.admit(after)) queue.push(after)
      }
    }
  }
}

/** Worlds, without those that another one makes needless: same state, but less of what need not have happened was used. */
class Frontier {
  readonly #byState = new Map<string, World[]>()

  get worlds(): World[] {
    return [...this.#byState.values()].flat()
  }

  /** @returns whether it is a new possibility */
  admit(world: World): boolean {
    const name = `${world.state}|${world.sure}`
    const present = this.#byState.get(name) ?? []
    if (present.some(other => (other.open & ~world.open) === 0n)) return false
    this.#byState.set(name, [...present.filter(other => (world.open & ~other.open) !== 0n), world])
    return true
  }
}

/** The end of a key's history, for people: a line for each operation, in the order in which they were sent. */
export function tell(operations: KeyOperation[], lines: number): string {
  return [...operations]
    .sort((one, other) => one.invoked - other.invoked)
    .slice(-lines)
    .map(({ label, invoked, responded, effect }) => {
      const until = responded === Infinity ? '?' : String(responded)
      return `  ${`${invoked}`.padStart(7)} - ${until.padEnd(7)} ${label}: ${tellEffect(effect)}`
    })
    .join('\n')
}

export function tellState(state: State): string {
  return state === ABSENT ? 'nothing' : `[${etagOf(state).slice(0, 8)} of ${state.split(' ')[1]}]`
}

function tellEffect(effect: KeyOperation['effect']): string {
  switch (effect.kind) {
    case 'read':
      if (typeof effect.sees === 'string') return `sees ${tellState(effect.sees)}`
      return `sees etag ${effect.sees.etags.map(etag => etag.slice(0, 8)).join(' or ')}`
    case 'refusal':
      return `is refused, ${tellCondition(effect.condition)} does not hold (${effect.because})`
    case 'write': {
      const { states, condition } = effect
      const told = states.slice(0, 6).map(tellState).join(' or ')
      const more = states.length > 6 ? ` or ${states.length - 6} others` : ''
      return `leaves ${told}${more}${condition === undefined ? '' : `, if ${tellCondition(condition)}`}`
    }
  }
}

function tellCondition(condition: 'absent' | { etag: string }): string {
  return condition === 'absent' ? 'If-None-Match: *' : `If-Match: ${condition.etag.slice(0, 8)}`
}
