import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { Complaint } from './complaint.mjs'
import { identifyProcess } from './process-identity.mjs'

/** A server that was told to end, or was killed a moment ago, may need this long to let go. */
const LOCK_WAIT_MILLIS = 3000
const POLL_MILLIS = 50

/*
 * The state folder:
 *   credentials.json   root's first credentials and the master key
 *   v3/                what Miniflare persists, in the layout of `wrangler dev --persist-to <state folder>`
 *   lock.sqlite        held open by the server that uses the folder
 *   server.json        who that is
 *   tmp/               scratch, emptied at each start
 *
 * While no server runs, wrangler may work on the same data (same worker name, same bucket name):
 *   npx wrangler dev --persist-to <state folder>       with root's credentials and the master key in .dev.vars
 *   npx wrangler r2 object get wharf-blobs/<blob> --local --persist-to <state folder>
 */

/**
 * Makes the folder where needed, and takes it for this process.
 *
 * The lock is SQLite's on an empty database: the operating system lets go of it when the process dies, however it dies, so
 * it is never stale, and it works between containers that share the folder, where process ids mean nothing.
 *
 * @throws Complaint
 */
export async function openStateFolder(path) {
  prepare(path)
  const lock = await takeLock(path)
  const note = join(path, 'server.json')
  let facts = { pid: process.pid }
  const wasKilled = existsSync(note)
  await endLeftOver(readNote(note)?.runtime)
  rmSync(join(path, 'tmp'), { recursive: true, force: true })
  mkdirSync(join(path, 'tmp'))
  return {
    path,
    persistence: join(path, 'v3'),
    scratch: join(path, 'tmp'),
    /** Whether the last server did not end by itself. */
    wasKilled,
    /** Leaves word of who holds the folder. */
    note(more) {
      facts = { ...facts, ...more }
      replaceFile(note, `${JSON.stringify(facts)}\n`, 0o600)
    },
    close() {
      rmSync(note, { force: true })
      rmSync(join(path, 'tmp'), { recursive: true, force: true })
      lock.close()
    },
  }
}

/** Readers see the old file or the new one, also after a crash. */
export function replaceFile(file, text, mode) {
  const draft = `${file}.${process.pid}.draft`
  const handle = openSync(draft, 'w', mode)
  writeSync(handle, text)
  fsyncSync(handle)
  closeSync(handle)
  renameSync(draft, file)
}

function prepare(path) {
  try {
    makeFolder(path)
    const probe = join(path, `.probe-${process.pid}`)
    closeSync(openSync(probe, 'w'))
    rmSync(probe)
  } catch (error) {
    throw new Complaint(
      `The state folder ${path} cannot be written (${error.code}): set WHARF_STATE_DIR to a folder that this user may write.`,
    )
  }
}

/** mkdirSync's own `recursive` tries for ever where a folder cannot be made and says ENOENT, as in /proc. */
function makeFolder(path) {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (!existsSync(parent)) makeFolder(parent)
  mkdirSync(path, { mode: 0o700 })
}

async function takeLock(path) {
  const deadline = Date.now() + LOCK_WAIT_MILLIS
  for (;;) {
    const lock = tryLock(join(path, 'lock.sqlite'))
    if (lock) return lock
    if (Date.now() > deadline) break
    await pause(POLL_MILLIS)
  }
  const { pid, url } = readNote(join(path, 'server.json')) ?? {}
  const who = [pid && `process ${pid}`, url].filter(Boolean).join(', ')
  throw new Complaint(
    `Another Wharf${who && ` (${who})`} uses the state folder ${path}: stop it, or set WHARF_STATE_DIR to another folder.`,
  )
}

function tryLock(file) {
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error.errcode === SQLITE_BUSY) return undefined
    throw new Complaint(`Cannot lock ${file} (${error.message}): set WHARF_STATE_DIR to a folder on a local disk.`)
  }
}

const SQLITE_BUSY = 5

/**
 * Ends a workerd that outlived its server. Normally there is none (runtime-process.mjs); one that is left would write to the
 * same files, and hold the port.
 */
async function endLeftOver(runtime) {
  while (runtime?.identity && identifyProcess(runtime.pid) === runtime.identity) {
    try {
      process.kill(runtime.pid, 'SIGKILL')
    } catch {
      return // gone meanwhile
    }
    await pause(POLL_MILLIS)
  }
}

function readNote(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
