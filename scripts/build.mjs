import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { installOnce } from './install-once.mjs'
import { DIST, hashSources, OPTIONS_FILE, ROOT, RUNTIME_WRAPPER, readBuild } from './local/worker-build.mjs'
import { isFittingNode, runUnderFittingNode } from './pinned-node.mjs'

/*
 * `npm run build`: bundles the Worker into dist/ with wrangler, and translates wrangler.toml into Miniflare's options
 * (dist/worker-options.json), so that the local server need not import wrangler. Does nothing when the sources are those
 * of the last build. Several builds at once do not harm each other: each works in a folder of its own, and each file
 * takes its place by a rename; worker-options.json, which holds the modules too and is all that the server reads, comes last.
 */
const MODULE_TYPES = {
  '.js': 'ESModule',
  '.wasm': 'CompiledWasm',
  '.bin': 'Data',
  '.txt': 'Text',
  '.html': 'Text',
  '.sql': 'Text',
}

/** Ctrl-C in a terminal reaches all processes of the group; workerd shall wait for the SIGTERM that lets it finish. */
const WRAPPER = `#!/bin/sh
trap '' INT HUP
exec "$WHARF_WORKERD" "$@"
`

// No greeting, no look for updates, no metrics, and no secrets of wrangler dev in what is built.
const QUIET = {
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
  CLOUDFLARE_INCLUDE_PROCESS_ENV: 'false',
}

try {
  await installOnce()
  if (!readBuild()) {
    if (isFittingNode()) await build()
    else process.exitCode = await runUnderFittingNode(join(ROOT, 'scripts/build.mjs'), [])
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function build() {
  const builtFrom = hashSources()
  const work = join(DIST, `.building-${process.pid}`)
  try {
    mkdirSync(work, { recursive: true })
    const [settings] = await Promise.all([translateSettings(), bundle(work)])
    const modules = readModules(work)
    const built = { builtFrom, variables: namesOfVariables(modules), worker: await toMiniflare(settings, modules) }
    rmSync(join(work, 'README.md'), { force: true })
    for (const name of readdirSync(work)) renameSync(join(work, name), join(DIST, name))
    place(work, RUNTIME_WRAPPER, WRAPPER, 0o755)
    place(work, OPTIONS_FILE, JSON.stringify(built), 0o644)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Runs wrangler, and shows what it says only when it fails. */
function bundle(outdir) {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', outdir], {
      cwd: ROOT,
      env: { ...process.env, ...QUIET },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) return resolve()
      reject(
        new Error(`${said.trim()}\nThe Worker could not be bundled (wrangler deploy --dry-run, exit code ${code}).`),
      )
    })
  })
}

async function translateSettings() {
  Object.assign(process.env, QUIET)
  const { unstable_getMiniflareWorkerOptions } = await import('wrangler')
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'), undefined, {
    // A name that no file has: the secrets in .dev.vars belong to wrangler dev.
    envFiles: ['no-such-file'],
  })
  delete workerOptions.modulesRules // convertV4MiniflareOptions refuses it
  return workerOptions
}

/** Name, type and bytes of each module, the bundle itself first. */
function readModules(folder) {
  return readdirSync(folder)
    .filter(name => MODULE_TYPES[extname(name)])
    .sort((a, b) => Number(b === 'index.js') - Number(a === 'index.js'))
    .map(name => ({ name, type: MODULE_TYPES[extname(name)], contents: readFileSync(join(folder, name)) }))
}

/** Settings are found by their names in the bundle, so the local server need not keep a list of its own. */
function namesOfVariables(modules) {
  const names = String(modules[0].contents).match(/\b(WHARF_[A-Z0-9_]+|AISTORE_OPEN)\b/g)
  return [...new Set(names)].sort()
}

async function toMiniflare(settings, modules) {
  const { convertV4MiniflareOptions } = await import('miniflare')
  const texts = modules.map(({ name, type, contents }) => ({ path: name, type, contents: new Uint8Array(contents) }))
  const { workers } = convertV4MiniflareOptions({ workers: [{ ...settings, name: 'wharf', modules: texts }] })
  const [worker] = workers
  for (const module of Object.values(worker.config.manifest.modules)) {
    if (typeof module.contents === 'string') continue
    const bytes = Buffer.from(module.contents)
    const isText = module.type === 'esm' || module.type === 'text'
    module.contents = bytes.toString(isText ? 'utf8' : 'base64')
    if (!isText) module.encoding = 'base64'
  }
  return worker
}

function place(work, target, contents, mode) {
  const draft = join(work, 'draft')
  writeFileSync(draft, contents)
  chmodSync(draft, mode)
  renameSync(draft, target)
}
