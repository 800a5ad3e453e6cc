import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Complaint } from './complaint.mjs'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const DIST = join(ROOT, 'dist')
export const OPTIONS_FILE = join(DIST, 'worker-options.json')
/** What Miniflare runs in place of workerd itself; see build.mjs. */
export const RUNTIME_WRAPPER = join(DIST, 'workerd.sh')

const SOURCES = ['src', 'durable-objects', 'wrangler.toml', 'package-lock.json', 'scripts/build.mjs']

/**
 * The Worker as build.mjs left it, built now where the sources have changed since.
 *
 * @returns Miniflare's options for the Worker, and the names of the variables that it reads
 * @throws Complaint
 */
export async function loadWorker() {
  const built = readBuild() ?? (await build())
  const { manifest } = built.worker.config
  manifest.modulesRoot = DIST
  built.worker.dev.rootPath = ROOT
  for (const module of Object.values(manifest.modules)) {
    if (module.encoding !== 'base64') continue
    module.contents = new Uint8Array(Buffer.from(module.contents, 'base64'))
    delete module.encoding
  }
  return built
}

/** The last build, unless it is missing, broken, or of other sources. */
export function readBuild() {
  const built = readOptions()
  return built?.builtFrom === hashSources() ? built : undefined
}

/** One file holds it all, so it is never a mixture of two builds. */
function readOptions() {
  try {
    return JSON.parse(readFileSync(OPTIONS_FILE, 'utf8'))
  } catch {
    return undefined
  }
}

/** SHA-256 over the names and contents of all that goes into a build. */
export function hashSources() {
  const hash = createHash('sha256')
  for (const path of SOURCES.flatMap(name => filesUnder(join(ROOT, name)))) {
    const contents = readFileSync(path)
    hash.update(`${relative(ROOT, path)}\0${contents.length}\0`).update(contents)
  }
  return hash.digest('hex')
}

function filesUnder(path) {
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    throw error
  }
  const names = entries.map(entry => entry.name).sort()
  return names.flatMap(name => filesUnder(join(path, name)))
}

/** In a process of its own: wrangler takes seconds to import, and some 300 MB. */
async function build() {
  const code = await new Promise(resolve => {
    const child = spawn(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 2, 'inherit'] })
    child.on('error', () => resolve(-1))
    child.on('close', resolve)
  })
  // Somebody may be editing: what was built a moment ago is good enough.
  const built = code === 0 ? readOptions() : undefined
  if (!built)
    throw new Complaint('The Worker could not be bundled, as the lines above say: mend that, then start again.')
  return built
}
