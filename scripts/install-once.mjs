import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const INSTALL_LOCK = join(ROOT, '.wharf-installing')

/**
 * Sees to it that node_modules fits package-lock.json, and runs `npm ci` where it does not.
 * Two starts on a fresh clone take turns: `npm ci` begins by deleting what the other one is using.
 * Runs under Node.js 20, and before there is any package to import.
 *
 * @throws Error with a sentence for the user
 */
export async function installOnce() {
  if (isInstalled()) return
  const release = await takeTurn()
  try {
    if (!isInstalled()) await runNpmCi()
  } finally {
    release()
  }
}

/** npm writes its hidden lock file last, so one that fits means that the install went through. */
function isInstalled() {
  const wanted = readPackages('package-lock.json')
  const present = readPackages('node_modules/.package-lock.json')
  if (!wanted)
    throw new Error(`${join(ROOT, 'package-lock.json')} is missing or broken: get it back from the repository.`)
  if (!present) return false
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true
    // Packages for other platforms are in the lock file, but are not installed.
    return present[path] ? present[path].version === version : optional === true
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

async function takeTurn() {
  for (;;) {
    try {
      mkdirSync(INSTALL_LOCK)
      writeFileSync(join(INSTALL_LOCK, 'pid'), String(process.pid))
      return () => rmSync(INSTALL_LOCK, { recursive: true, force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new Error(
          `Cannot install the packages into ${ROOT} (${error.code}): make the folder writable, or run npm ci in it.`,
        )
      }
    }
    await pause(500)
    if (!isHeld()) rmSync(INSTALL_LOCK, { recursive: true, force: true })
  }
}

function isHeld() {
  try {
    process.kill(Number(readFileSync(join(INSTALL_LOCK, 'pid'), 'utf8')), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function runNpmCi() {
  process.stderr.write('Installing the packages that package-lock.json names (once, about half a minute) ...\n')
  // NODE_ENV=production would leave out the runtime, which is a development dependency for Cloudflare's sake.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  return new Promise((resolve, reject) => {
    const onWindows = process.platform === 'win32'
    const npm = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 2, 'inherit'], shell: onWindows })
    npm.on('error', error => {
      reject(new Error(`Cannot run npm (${error.code}): install npm, then run npm ci in ${ROOT}.`))
    })
    npm.on('close', code => {
      if (code === 0) return resolve()
      reject(new Error(`npm ci failed with exit code ${code}, as npm says above: see to that, then start again.`))
    })
  })
}
