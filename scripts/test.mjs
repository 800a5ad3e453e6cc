import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installOnce } from './install-once.mjs'
import { runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm test [-- vitest's arguments]`: installs where needed, bundles the Worker once for all servers that tests start,
 * and runs the tests.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

try {
  process.chdir(ROOT)
  await installOnce()
  const built = await runUnderFittingNode(join(ROOT, 'scripts/build.mjs'), [])
  process.exitCode =
    built ||
    (await runUnderFittingNode(vitest(), ['run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)]))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

function vitest() {
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json')
  return join(manifest, '..', 'vitest.mjs')
}
