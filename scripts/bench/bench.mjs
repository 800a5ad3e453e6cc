// Wharf against a bare worker on R2, side by side in one runtime. options.mjs says what it takes.

import { loadavg } from 'node:os'
import { bareSide } from './bare-side.mjs'
import { compare } from './compare.mjs'
import { fillBuckets } from './fill.mjs'
import { listBucket, operationsFor } from './operations.mjs'
import { readOptions, USAGE } from './options.mjs'
import { profile } from './profile.mjs'
import { describeRun, progress, renderTable } from './report.mjs'
import { openStage } from './stage.mjs'
import { wharfSide } from './wharf-side.mjs'

const args = process.argv.slice(2)
try {
  process.exitCode = await bench(readOptions(args))
} catch (error) {
  progress(`bench: ${error.message}`)
  process.exitCode = 1
}

/** @returns the exit code: 1 when an operation failed */
async function bench(options) {
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const startedMillis = performance.now()
  const [busyBefore] = loadavg()
  const plan = planFor(options)
  const sides = [options.noise ? bareSide('again', plan.buckets) : await wharfSide(), bareSide('bare', plan.buckets)]
  const names = sides.map(side => side.name)

  const stage = openStage(sides, options, { inspected: options.profile })
  const results = []
  try {
    await prepare(stage, sides, plan)
    for (const subject of plan.subjects) {
      const measurement = { ...options, ...subject, load: stage.load }
      if (options.profile) await printProfiles({ ...measurement, sides: names, inspector: stage.inspector })
      else results.push(await attempt({ ...measurement, sides: names }))
    }
  } finally {
    await stage.close()
  }

  if (options.json) console.log(JSON.stringify(results, null, 2))
  else if (!options.profile) {
    const { listKeys } = plan
    console.log(`\n${renderTable(results, names)}\n`)
    console.log(describeRun({ args, sides: names, startedMillis, busyBefore, listKeys }))
  }
  return results.some(result => result.error) ? 1 : 0
}

/** Which operations, each with its place in the list that both threads have, and which buckets they need. */
function planFor(options) {
  const subjects = operationsFor(options).map((operation, number) => ({ operation, number }))
  const wanted = subjects.filter(({ operation }) => options.wants(operation))
  if (wanted.length === 0) {
    const names = subjects.map(({ operation: { op, size } }) => `${op} ${size}`)
    throw new Error(`nothing to measure; there are: ${names.join('; ')}`)
  }
  const listKeys = options.listKeys.filter(keys => wanted.some(({ operation }) => operation.listKeys === keys))
  return { subjects: wanted, listKeys, buckets: ['bench', ...listKeys.map(listBucket)] }
}

async function prepare(stage, sides, { buckets, listKeys }) {
  await stage.start()
  const requests = buckets.map(bucket => ({ method: 'PUT', path: `/${bucket}` }))
  for (const { name: side } of sides) await stage.load('send', { side, requests })
  if (listKeys.length) await fillBuckets(stage, sides, listKeys)
}

async function printProfiles({ sides, ...measurement }) {
  for (const side of sides) console.log(`${await profile({ ...measurement, side })}\n`)
}

/** One operation that fails takes its own row down, and the exit code, but not the other rows. */
async function attempt(comparison) {
  const { op, size } = comparison.operation
  try {
    const result = await compare(comparison)
    progress(`${op} ${size}: ${result.ratio.toFixed(2)}x`)
    return result
  } catch (error) {
    progress(`${op} ${size}: FAILED: ${error.message}`)
    return { op, size, error: error.message }
  }
}
