import { fileURLToPath } from 'node:url'
import { installOnce } from './install-once.mjs'
import { stopWithNpm } from './local/npm-parent.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm start`: installs on the first run, then serves (serve.mjs). Plain Node.js 20 is enough to run this file.
 */
try {
  await installOnce()
  stopWithNpm()
  const serve = new URL('serve.mjs', import.meta.url)
  if (isFittingNode()) await import(serve.href)
  else process.exitCode = await runUnderFittingNode(fileURLToPath(serve), process.argv.slice(2), { tied: true })
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
