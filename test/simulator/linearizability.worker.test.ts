import { describe, expect, test } from 'vitest'
import { History } from './history'
import { check } from './linearizability'
import { ABSENT, type Condition, type Effect, type KeyOperation, outcomes, type State, stateOf } from './model'
import { Random } from './random'

const [A, B, C] = [stateOf('a', '1'), stateOf('b', '2'), stateOf('c', '3')]

const read = (sees: State): Effect => ({ kind: 'read', sees })
const listed = (...etags: string[]): Effect => ({ kind: 'read', sees: { etags } })
const put = (state: State, condition?: Condition): Effect => ({ kind: 'write', states: [state], condition })
const remove: Effect = { kind: 'write', states: [ABSENT] }
const refused = (condition: Condition, because: 'present' | 'absent' | 'other'): Effect => ({
  kind: 'refusal',
  condition,
  because,
})

/** An operation between two moments; without the second nobody heard how it ended. */
function at(invoked: number, responded: number | undefined, effect: Effect): KeyOperation {
  return { label: `at ${invoked}`, invoked, responded: responded ?? Infinity, effect }
}

const good: Record<string, KeyOperation[]> = {
  'nothing at all': [],
  'a write, then a read of it': [at(1, 2, put(A)), at(3, 4, read(A))],
  'a read beside a write may see either': [at(1, 4, put(A)), at(2, 3, read(ABSENT)), at(5, 6, read(A))],
  'two writes side by side end in either order': [at(1, 4, put(A)), at(2, 3, put(B)), at(5, 6, read(A))],
  'a lost write may come late': [at(1, undefined, put(A)), at(2, 3, read(ABSENT)), at(4, 5, put(B)), at(6, 7, read(A))],
  'a lost write may never come': [at(1, undefined, put(A)), at(2, 3, read(ABSENT)), at(4, 5, read(ABSENT))],
  'a lost delete explains what is gone': [at(1, 2, put(A)), at(3, undefined, remove), at(4, 5, read(ABSENT))],
  'a listing sees the etag alone': [at(1, 2, put(A)), at(3, 4, listed('b', 'a'))],
  'of two writes that want nothing there, one wins': [
    at(1, 4, put(A, 'absent')),
    at(2, 3, refused('absent', 'present')),
    at(5, 6, read(A)),
  ],
  'a condition fails because of a lost write that nobody saw': [
    at(1, undefined, put(A)),
    at(2, 3, refused('absent', 'present')),
  ],
  'a write on what another one left': [at(1, 2, put(A)), at(3, 4, put(B, { etag: 'a' })), at(5, 6, read(B))],
  'a write whose etag is not there any more': [
    at(1, 2, put(A)),
    at(3, 6, put(B)),
    at(4, 5, refused({ etag: 'a' }, 'other')),
  ],
  'a lost conditional write that may have met its condition': [
    at(1, 2, put(A)),
    at(3, undefined, put(C, { etag: 'b' })),
    at(4, 5, put(B)),
    at(6, 7, read(C)),
  ],
}

const bad: Record<string, KeyOperation[]> = {
  'a read of what was never written': [at(1, 2, read(A))],
  'a write that is gone': [at(1, 2, put(A)), at(3, 4, read(ABSENT))],
  'an old value after a new one': [at(1, 2, put(A)), at(3, 4, put(B)), at(5, 6, read(A))],
  'two readers who see two writes in different order': [
    at(1, 20, put(A)),
    at(2, 20.5, put(B)),
    at(3, 4, read(A)),
    at(5, 6, read(B)),
    at(7, 8, read(A)),
  ],
  'a lost write that comes and goes': [at(1, undefined, put(A)), at(2, 3, read(A)), at(4, 5, read(ABSENT))],
  'a lost write that comes twice': [
    at(1, undefined, put(A)),
    at(2, 3, read(A)),
    at(4, 5, put(B)),
    at(6, 7, read(B)),
    at(8, 9, read(A)),
  ],
  'a write that comes before it was sent': [at(1, 2, read(A)), at(3, 4, put(A))],
  'two that both found nothing there': [at(1, 3, put(A, 'absent')), at(2, 4, put(B, 'absent'))],
  'a refusal though nothing was there': [at(1, 2, refused('absent', 'present')), at(3, 4, put(A))],
  'a refusal though the etag is there': [at(1, 2, put(A)), at(3, 4, refused({ etag: 'a' }, 'other'))],
  'a refusal as absent though something is there': [at(1, 2, put(A)), at(3, 4, refused({ etag: 'b' }, 'absent'))],
  'a write on an etag that was replaced before': [at(1, 2, put(A)), at(3, 4, put(B)), at(5, 6, put(C, { etag: 'a' }))],
  'the metadata of one write with the bytes of another': [at(1, 2, put(A)), at(3, 4, read(stateOf('a', '2')))],
  'a listing without what was there before it began': [at(1, 2, put(A)), at(3, 5, read(ABSENT)), at(6, 7, remove)],
}

describe('one register explains', () => {
  for (const [what, operations] of Object.entries(good)) {
    test(what, () => expect(check(ABSENT, operations)).toEqual({ isLinearizable: true }))
  }
})

describe('no register explains', () => {
  for (const [what, operations] of Object.entries(bad)) {
    test(what, () => expect(check(ABSENT, operations).isLinearizable).toBe(false))
  }
})

test('the first answer that nothing explains is named, with what the key could hold', () => {
  const wrong = at(5, 6, read(A))
  const verdict = check(ABSENT, [at(1, 2, put(A)), at(3, 4, put(B)), wrong, at(7, 8, read(B))])
  expect(verdict.refuted).toEqual({ operation: wrong, before: [B] })
})

test('it agrees with trying every order, on small histories of all kinds', () => {
  const seen = { true: 0, false: 0 }
  for (let i = 0; i < 4000; i++) {
    const operations = someHistory(new Random('orders', i))
    const expected = tryEveryOrder(ABSENT, operations)
    seen[`${expected}`] += 1
    expect([i, check(ABSENT, operations).isLinearizable]).toEqual([i, expected])
  }
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(500)
})

test('many writes of unknown outcome do not make it slow', () => {
  const lost = Array.from({ length: 40 }, (_, i) => at(i, undefined, put(stateOf(`e${i}`, 'x'))))
  const reads = Array.from({ length: 40 }, (_, i) =>
    at(100 + 2 * i, 101 + 2 * i, read(stateOf(`e${(i * 7) % 40}`, 'x'))),
  )
  expect(check(ABSENT, [...lost, ...reads]).isLinearizable).toBe(true)
  expect(check(ABSENT, [...lost, ...reads, at(200, 201, read(stateOf('e0', 'x')))]).isLinearizable).toBe(false)
})

describe('a copy', () => {
  const told = (invoked: number, responded: number | undefined) => ({ label: `at ${invoked}`, invoked, responded })

  test('leaves what its source held, with its own metadata where it has some', () => {
    const history = new History(new Map([['from', A]]))
    history.recordCopy('to', told(1, 2), { from: 'from', etag: 'a', id: undefined, condition: undefined })
    history.record('to', told(3, 4), read(A))
    history.recordCopy('to', told(5, 6), { from: 'from', etag: 'a', id: 'own', condition: undefined })
    history.record('to', told(7, 8), read(stateOf('a', 'own')))
    expect(check(ABSENT, history.of('to')).isLinearizable).toBe(true)
  })

  test('of which nobody heard may leave anything that its source ever held, also by another copy', () => {
    const history = new History(new Map([['first', A]]))
    history.recordCopy('second', told(1, undefined), {
      from: 'first',
      etag: undefined,
      id: undefined,
      condition: undefined,
    })
    history.recordCopy('third', told(2, undefined), {
      from: 'second',
      etag: undefined,
      id: 'own',
      condition: undefined,
    })
    history.record('third', told(3, 4), read(stateOf('a', 'own')))
    expect(check(ABSENT, history.of('third')).isLinearizable).toBe(true)
  })

  test('leaves nothing that its source never held', () => {
    const history = new History(new Map([['from', A]]))
    history.recordCopy('to', told(1, undefined), { from: 'from', etag: undefined, id: undefined, condition: undefined })
    history.record('to', told(3, 4), read(B))
    expect(check(ABSENT, history.of('to')).isLinearizable).toBe(false)
  })
})

/** Up to six operations, close together. */
function someHistory(random: Random): KeyOperation[] {
  const states = [A, B, C]
  const conditions: Condition[] = ['absent', { etag: 'a' }, { etag: 'b' }]
  const kinds: (() => Effect)[] = [
    () => put(random.pick(states)),
    () => put(random.pick(states), random.pick(conditions)),
    () => ({ kind: 'write', states: [random.pick(states), random.pick(states)] }),
    () => remove,
    () => read(random.pick([ABSENT, ...states])),
    () => listed(random.pick(['a', 'b']), 'c'),
    () => refused(random.pick(conditions), random.pick(['present', 'absent', 'other'])),
  ]
  return Array.from({ length: 2 + random.below(5) }, (_, i) => {
    const effect = random.pick(kinds)()
    const invoked = random.below(12) + i / 10
    const isLost = effect.kind === 'write' && random.chance(0.3)
    return at(invoked, isLost ? undefined : invoked + 0.55 + random.below(6), effect)
  })
}

/** As unlike the checker as it can be. */
function tryEveryOrder(state: State, left: KeyOperation[]): boolean {
  if (left.every(({ responded }) => responded === Infinity)) return true
  const firstAnswer = Math.min(...left.map(({ responded }) => responded))
  return left
    .filter(({ invoked }) => invoked < firstAnswer)
    .some(one => {
      const rest = left.filter(other => other !== one)
      const neverHappened = one.responded === Infinity && tryEveryOrder(state, rest)
      return neverHappened || outcomes(one.effect, state).some(next => tryEveryOrder(next, rest))
    })
}
