import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { CommitAsk, Removal, RemoveAsk } from '../../src/model/index-calls'
import type { Sabotage } from './faults'
import { FAULTY, newSeed, simulate } from './simulator'

/** How long `npm test` looks for anomalies; `npm run simulate` looks longer. */
const BUDGET_MILLIS = 45_000

const FIXED_SEED = 20_261_121
const MIN_SEEDS = 3
const OPERATIONS = 1920

test(
  'whatever fails, each key is one register, and the store is in order afterwards',
  async () => {
    const startedMillis = Date.now()
    const isTimeOver = () => Date.now() - startedMillis > BUDGET_MILLIS
    for (let runs = 0; runs < MIN_SEEDS || !isTimeOver(); runs++) {
      const seed = runs === 0 ? FIXED_SEED : newSeed()
      const isOver = runs < MIN_SEEDS ? undefined : isTimeOver
      await simulate(env, { ...FAULTY, seed, operations: OPERATIONS, isOver })
    }
  },
  10 * BUDGET_MILLIS,
)

describe('the simulator notices an index that', () => {
  const ok = async (value: unknown) => ({ ok: true, value })

  test('acknowledges a commit that it does not carry out', async () => {
    await expectAnomaly(
      'not one register',
      every(10, ['commit'], () => ok(undefined)),
    )
  })

  test('acknowledges a removal that it does not carry out', async () => {
    await expectAnomaly(
      'not one register',
      every(10, ['remove'], ({ args }) => ok(removals(args))),
    )
  })

  test('forgets the conditions of a write', async () => {
    const forget: Sabotage = ({ args: [ask] }, carryOut) => carryOut([{ ...Object(ask), conditions: undefined }])
    await expectAnomaly('not one register', every(1, ['commit', 'completeUpload', 'copy'], forget))
  })

  test('carries out a commit once more, when others may have written', async () => {
    const repeat: Sabotage = async ({ args: [ask] }, carryOut) => {
      const answer = await carryOut([ask])
      const again = { ...Object(ask), id: `${Object(ask).id} again`, conditions: undefined }
      setTimeout(() => void carryOut([again]), 1)
      return answer
    }
    // Of a blob that was released meanwhile the bytes may be gone.
    await expectAnomaly(/not one register|damaged|named/, every(10, ['commit'], repeat))
  })

  test('gives an object the metadata of another one', async () => {
    let last: string | null = null
    const mix: Sabotage = ({ args }, carryOut) => {
      const ask = args[0] as CommitAsk
      const description = last ?? ask.draft.description
      last = ask.draft.description
      return carryOut([{ ...ask, draft: { ...ask.draft, description } }])
    }
    await expectAnomaly('a mixture', every(10, ['commit'], mix))
  })
})

/** Without any faults, so that all that is wrong is the index's doing. */
async function expectAnomaly(what: string | RegExp, sabotage: Sabotage): Promise<void> {
  await expect(simulate(env, { seed: newSeed(), operations: 1440, sabotage })).rejects.toThrow(what)
}

/** What an index would answer that had removed all that it was asked to. */
function removals([ask]: unknown[]): Removal[] {
  return (ask as RemoveAsk).entries.map(() => ({ ended: 'removed', stamp: null, wasMarker: false }))
}

/** Breaks every n-th call of these methods. */
function every(n: number, members: string[], breaking: Sabotage): Sabotage {
  let calls = 0
  return (call, carryOut) => {
    if (!members.includes(call.member)) return carryOut(call.args)
    calls += 1
    return calls % n === 0 ? breaking(call, carryOut) : carryOut(call.args)
  }
}
