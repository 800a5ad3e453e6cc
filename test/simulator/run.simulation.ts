import { env } from 'cloudflare:workers'
import { inject, test } from 'vitest'
import { FAULTY, type Report, simulate } from './simulator'

declare module 'vitest' {
  interface ProvidedContext {
    simulation: { seeds: number[]; operations: number }
  }
}

/* What `npm run simulate` runs: a line for each seed. */
const { seeds, operations } = inject('simulation')

for (const seed of seeds) {
  test(`seed ${seed}`, async () => {
    try {
      console.log(lineOf(await simulate(env, { ...FAULTY, seed, operations })))
    } catch (error) {
      console.log(`seed ${seed}: ANOMALY\n${error instanceof Error ? error.message : error}`)
      throw new Error(`an anomaly: see seed ${seed} above`)
    }
  })
}

function lineOf(report: Report): string {
  const { seed, operations, millis, unknown, crashes, losses, unchecked, injected } = report
  const byKind = new Map<string, number>()
  for (const [name, count] of Object.entries(injected)) {
    const kind = name.replace(/^\S+ /, '')
    byKind.set(kind, (byKind.get(kind) ?? 0) + count)
  }
  const faults = Array.from(byKind, ([kind, count]) => `${kind} ${count}`).join(', ')
  const rate = Math.round((1000 * operations) / millis)
  const gaveUp = unchecked > 0 ? `, ${unchecked} histories too long to check` : ''
  return (
    `seed ${seed}: ${operations} operations, ${rate}/s; faults: ${faults}; ` +
    `${crashes} crashes, ${losses} losses of objects, ${unknown} unknown outcomes${gaveUp}`
  )
}
