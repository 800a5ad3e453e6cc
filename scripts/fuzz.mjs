import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installOnce } from './install-once.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm run fuzz [-- --requests N --seed N --connections N --from N]`: installs where needed, and sends malformed requests to a
 * server of its own (test/fuzz/campaign.mjs). `--from N --requests 1` sends one request of a seed again. Plain Node.js 20 is
 * enough to run this file.
 */
try {
  await installOnce()
  if (isFittingNode()) await fuzz()
  else process.exitCode = await runUnderFittingNode(fileURLToPath(import.meta.url), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function fuzz() {
  const { campaign } = await import('../test/fuzz/campaign.mjs')
  const options = readOptions()
  const say = line => process.stdout.write(`${line}\n`)
  say(`seed ${options.seed}`)
  const { faults, requests, answers, kinds, seconds, memory } = await campaign({ ...options, say })
  say(`kinds     ${counted(kinds)}`)
  say(`answers   ${counted(answers)}`)
  const [warm, last, peak] = [memory.warm, memory.last, memory.peak].map(mib => mib?.toFixed(0) ?? '?')
  say(`memory    ${warm} MiB when warm, ${last} at the end, ${peak} at most`)
  for (const { number, kind, what, file } of faults) {
    say(`fault     ${number === undefined ? '' : `request ${number} (${kind}, ${file}): `}${what}`)
  }
  const rate = Math.round(requests / seconds)
  const outcome = faults.length === 0 ? 'no faults' : `${faults.length} faults`
  say(`${requests} requests in ${seconds.toFixed(0)} s (${rate} a second), seed ${options.seed}: ${outcome}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      connections: { type: 'string', default: '8' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      from: { type: 'string', default: '0' },
    },
  })
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, wholeNumber(name, text)]))
}

function wholeNumber(name, text) {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${JSON.stringify(text)}`)
  return Number(text)
}

function counted(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
}
