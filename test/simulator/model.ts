/** What a key holds, as one word: its etag and the id in its metadata. */
export type State = string

/** No object. */
export const ABSENT: State = ''

export function stateOf(etag: string, id: string): State {
  return `${etag} ${id}`
}

export function etagOf(state: State): string {
  return state.split(' ')[0] ?? ''
}

/** What a write was told to find: nothing, or an object with this etag. */
export type Condition = 'absent' | { etag: string }

/** What an operation has to do with one key. */
export type Effect =
  | { kind: 'read'; sees: State | { etags: string[] } }
  /** The condition did not hold. */
  | { kind: 'refusal'; condition: Condition; because: 'present' | 'absent' | 'other' }
  /** Leaves one of these states; several where nobody can tell which. A delete leaves ABSENT. */
  | { kind: 'write'; states: State[]; condition?: Condition }

/** One operation, as far as it concerns one key. */
export interface KeyOperation {
  /** Who did what, for people. */
  label: string
  /** On the logical clock of the run. */
  invoked: number
  /** Infinity for a write of which nobody heard: it may take effect at any time from then on, or never. */
  responded: number
  effect: Effect
}

/** The states in which an operation may leave a key that is in this state; none where it cannot have taken effect then. */
export function outcomes(effect: Effect, state: State): State[] {
  switch (effect.kind) {
    case 'read':
      return isSeen(effect.sees, state) ? [state] : []
    case 'refusal':
      return isReason(effect, state) ? [state] : []
    case 'write':
      return effect.condition === undefined || holds(effect.condition, state) ? effect.states : []
  }
}

function isSeen(sees: State | { etags: string[] }, state: State): boolean {
  return typeof sees === 'string' ? sees === state : sees.etags.includes(etagOf(state))
}

function isReason({ condition, because }: { condition: Condition; because: string }, state: State): boolean {
  if (because === 'absent') return state === ABSENT
  return state !== ABSENT && !holds(condition, state)
}

function holds(condition: Condition, state: State): boolean {
  return condition === 'absent' ? state === ABSENT : state !== ABSENT && etagOf(state) === condition.etag
}
