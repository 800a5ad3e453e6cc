import { fileURLToPath } from 'node:url'
import { installOnce } from './install-once.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm run audit [-- --help]`: installs where needed, and audits a state folder (audit/audit.mjs). Plain Node.js 20 is enough
 * to run this file.
 */
try {
  await installOnce()
  const audit = new URL('audit/audit.mjs', import.meta.url)
  if (isFittingNode()) await import(audit.href)
  else process.exitCode = await runUnderFittingNode(fileURLToPath(audit), process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
