import type { Slice, Step } from '../../src/jobs/step'
import { sweep } from '../../src/jobs/sweep'
import type { Env } from '../../src/stubs'
import { openWharfForJobs } from '../../src/wharf'
import { Isolate, NO_FAULTS } from './faults'
import { Random } from './random'
import type { World } from './world'

/** Longer than any request of a simulation takes. */
const GRACE_SECONDS = 5

/** Does a job to its end, without the job-runner. */
export async function allSlices<Cursor>(
  step: Step<Cursor>,
  place: Parameters<Step<Cursor>>[0],
  { params, note = () => undefined }: { params: Slice<Cursor>['params']; note?: (text: string) => void },
): Promise<void> {
  const nothing = () => undefined
  const slice = { params, note, count: nothing, spend: nothing, isOver: () => false }
  let cursor: Cursor | undefined
  do cursor = await step(place, { ...slice, cursor })
  while (cursor !== undefined)
}

/** A whole round of the sweep over all buckets. */
export function sweepAll(env: Env, later: (work: Promise<unknown>) => void): Promise<void> {
  return allSlices(sweep, openWharfForJobs(env, { waitUntil: later }), { params: {} })
}

/** Now and then the sweep runs beside the clients, and faults befall it as well. What it did not get done waits for the next. */
export async function sweepBeside(world: World, epoch: number): Promise<void> {
  const random = new Random(world.options.seed, 'sweep', epoch)
  if (!random.chance(0.5)) return
  await world.ground.pauses.wait(random.below(300))
  const isolate = new Isolate(world.ground)
  isolate.begin(random, { ...NO_FAULTS, ...world.options.faults })
  const grace = String(GRACE_SECONDS)
  const env = Object.assign(isolate.env, {
    WHARF_RELEASED_BLOB_GRACE_SECONDS: grace,
    WHARF_ORPHAN_GRACE_SECONDS: grace,
  })
  await sweepAll(env, work => world.track(work, 'the sweep')).catch(() => undefined)
  isolate.die()
}
