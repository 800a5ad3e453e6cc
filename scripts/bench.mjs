import { fileURLToPath } from 'node:url'
import { installOnce } from './install-once.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm run bench [-- --help]`: installs where needed, and measures (bench/bench.mjs). Plain Node.js 20 is enough to run this file.
 */
try {
  await installOnce()
  const bench = new URL('bench/bench.mjs', import.meta.url)
  if (isFittingNode()) await import(bench.href)
  else process.exitCode = await runUnderFittingNode(fileURLToPath(bench), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
