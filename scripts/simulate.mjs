import { spawn } from 'node:child_process'
import { constants as access, accessSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installOnce } from './install-once.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm run simulate [-- --seeds N --operations N --seed N]`: installs where needed, and runs the fault-injecting simulator
 * (test/simulator) on so many seeds, or on one. Plain Node.js 20 is enough to run this file.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What the runtime says of streams that break and objects that are lost: here both are meant to. */
const NOISE = /exception(;| =)|^stack:|^\s+at .*miniflare|^Sourcemap for /

try {
  process.chdir(ROOT)
  await installOnce()
  if (isFittingNode()) process.exitCode = await simulate(readOptions())
  else process.exitCode = await runUnderFittingNode(fileURLToPath(import.meta.url), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      operations: { type: 'string', default: '5000' },
      seed: { type: 'string' },
    },
  })
  const operations = wholeNumber('operations', values.operations)
  if (values.seed !== undefined) return { seeds: [wholeNumber('seed', values.seed)], operations }
  const first = Math.floor(Math.random() * 1e9)
  return { seeds: Array.from({ length: wholeNumber('seeds', values.seeds) }, (_, i) => first + i), operations }
}

function wholeNumber(name, text) {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${JSON.stringify(text)}`)
  return Number(text)
}

/** @returns the exit code */
function simulate(options) {
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json')
  const args = ['run', '--config', 'test/simulator/vitest.config.ts', '--reporter', 'dot', '--no-color']
  const env = { ...process.env, WHARF_SIMULATION: JSON.stringify(options) }
  // In memory it is twice as fast; nothing is kept.
  if (isWritable('/dev/shm')) env.TMPDIR ??= '/dev/shm'
  const child = spawn(process.execPath, [join(manifest, '..', 'vitest.mjs'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    createInterface({ input: from }).on('line', line => {
      if (!NOISE.test(line) || line.includes('seed ')) to.write(`${line}\n`)
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

function isWritable(path) {
  try {
    accessSync(path, access.W_OK)
    return true
  } catch {
    return false
  }
}
