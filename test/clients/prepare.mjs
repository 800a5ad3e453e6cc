import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './run-command.mjs'

/*
 * The clients themselves: Python's in a virtual environment of their own, Debian's from its packages, and mc built from
 * its sources. What is there already is left alone.
 */
const CACHE = fileURLToPath(new URL('../../.venv-clients', import.meta.url))
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const MADMIN_SOURCES = fileURLToPath(new URL('madmin', import.meta.url))
const MC_VERSION = 'v0.0.0-20250313080218-cf909e1063a9'
const BUILD_MILLIS = 8 * 60_000

/** The client cannot be had here, and the others do without it. */
export class LeftOut extends Error {}

/**
 * A program of the virtual environment.
 *
 * @returns the program's path
 * @throws Error with a sentence
 */
export async function pythonProgram(name) {
  await prepareEnvironment()
  return join(CACHE, 'bin', name)
}

/**
 * A program of a Debian package, which is installed where it is missing.
 *
 * @returns the program's path
 * @throws Error with a sentence
 */
export async function debianProgram(name, packageName) {
  const path = `/usr/bin/${name}`
  if (!existsSync(path)) await installPackages([packageName])
  if (!existsSync(path)) throw new Error(`the package ${packageName} has no ${path}`)
  return path
}

/**
 * mc, built once from the pinned version of its sources.
 *
 * @throws LeftOut where there is no Go, or where it does not build
 */
export async function mcProgram() {
  const folder = join(CACHE, `mc-${MC_VERSION}`)
  const path = join(folder, 'mc')
  if (existsSync(path)) return path
  const go = await requireGo('mc')
  say(`Building mc ${MC_VERSION} (once, about two minutes) ...`)
  mkdirSync(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }
  try {
    await runCommand(go, ['install', `github.com/minio/mc@${MC_VERSION}`], { env, timeoutMillis: BUILD_MILLIS })
  } catch (error) {
    throw new LeftOut(`mc is left out, since it cannot be built: ${error.message}`)
  }
  return path
}

/**
 * The management API's calls in Go, built once from the sources beside this file.
 *
 * @throws LeftOut where there is no Go, or where it does not build
 */
export async function madminProgram() {
  const folder = join(CACHE, `madmin-${hashOf(MADMIN_SOURCES)}`)
  const path = join(folder, 'program')
  if (existsSync(path)) return path
  const go = await requireGo('madmin')
  say('Building the calls of madmin (once, a few seconds) ...')
  cpSync(MADMIN_SOURCES, folder, { recursive: true })
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }
  try {
    await runCommand(go, ['build', '-o', path, '.'], { env, cwd: folder, timeoutMillis: BUILD_MILLIS })
  } catch (error) {
    throw new LeftOut(`madmin is left out, since it cannot be built: ${error.message}`)
  }
  return path
}

async function requireGo(client) {
  const go = (await findProgram('go')) ?? '/usr/local/go/bin/go'
  if (!existsSync(go)) throw new LeftOut(`${client} is left out: there is no Go to build it with`)
  return go
}

function hashOf(folder) {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 12)
}

async function prepareEnvironment() {
  const mark = join(CACHE, 'prepared.txt')
  const wanted = readFileSync(REQUIREMENTS, 'utf8')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  say('Installing awscli, boto3 and s3cmd into .venv-clients (once, about half a minute) ...')
  const python = await findProgram('python3')
  if (!python) throw new Error('python3 is missing: install Python 3.10 or newer, then try again')
  rmSync(mark, { force: true })
  try {
    await runCommand(python, ['-m', 'venv', CACHE], { env: process.env })
  } catch {
    // Debian keeps what makes these environments in a package of its own.
    await installPackages(['python3-venv'])
    await runCommand(python, ['-m', 'venv', CACHE], { env: process.env })
  }
  const args = ['install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', REQUIREMENTS]
  await runCommand(join(CACHE, 'bin/pip'), args, { env: process.env })
  writeFileSync(mark, wanted)
}

async function installPackages(names) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const byHand = `install ${names.join(' ')} by hand, then try again`
  if (!(await findProgram('apt-get'))) throw new Error(`there is no apt-get to install with: ${byHand}`)
  if (sudo.length > 0 && !(await findProgram('sudo'))) throw new Error(`only root may install packages: ${byHand}`)
  say(`Installing the Debian package ${names.join(' ')} ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = async (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', ...args]
    await runCommand(command, rest, { env })
  }
  try {
    await apt('update', '-q')
    await apt('install', '-q', '-y', '--no-install-recommends', ...names)
  } catch (error) {
    throw new Error(`${names.join(' ')} could not be installed: ${byHand}\n${error.message}`)
  }
}

async function findProgram(name) {
  try {
    const { stdout } = await runCommand('/bin/sh', ['-c', `command -v ${name}`], { env: process.env })
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}

function say(text) {
  process.stderr.write(`${text}\n`)
}
