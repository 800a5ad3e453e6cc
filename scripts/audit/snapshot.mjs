import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { Complaint } from '../local/complaint.mjs'

const MAX_TRIES = 10
const RETRY_MILLIS = 30
const BUSY_MILLIS = 10_000

/** SQLite's primary result codes. */
const GENERIC = 1
const READ_ONLY = 8
const CORRUPT = 11
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

/**
 * Reads SQLite files, each as it is at one moment, in the order in which they are given. Nothing changes where they lie: not
 * even the `-wal` and `-shm` files, which SQLite's plain read-only mode would make or recover.
 *
 * @param work  gets a database for each path, undefined where there is no file; must not mind being called again, when a
 *              file changed under it
 * @throws Complaint
 */
export function readSnapshots(paths, work) {
  for (let tries = 1; ; tries++) {
    const snapshots = []
    let failure
    let result
    try {
      for (const path of paths) snapshots.push(openSnapshot(path))
      result = work(...snapshots.map(snapshot => snapshot.database))
    } catch (error) {
      failure = error
    }
    const isTrue = snapshots.every(snapshot => snapshot.isTrue())
    for (const snapshot of snapshots) snapshot.close()
    if (isTrue && !failure) return result
    if (failure && (isTrue || tries === MAX_TRIES) && !(failure instanceof Moved)) throw understood(failure)
    pauseSync(RETRY_MILLIS)
    if (tries === MAX_TRIES) {
      throw new Complaint(
        `${paths.join(' or ')} changed during each of ${MAX_TRIES} readings: stop the server, then try again.`,
      )
    }
  }
}

/** Whether the file itself is broken, and not only the way to it. */
export function isDamage(error) {
  return [CORRUPT, NOT_A_DATABASE].includes(codeOf(error))
}

function openSnapshot(path) {
  if (!isThere(path)) return { database: undefined, isTrue: () => !isThere(path), close() {} }
  if (!hasBytes(`${path}-wal`)) return openSettled(path)
  if (!isThere(`${path}-shm`)) return openCopy(path)
  try {
    return openShared(path)
  } catch (error) {
    if ([READ_ONLY, CANNOT_OPEN].includes(codeOf(error))) return openCopy(path)
    throw error
  }
}

/**
 * Nobody has written since the last checkpoint: the file is all there is, as long as it stays as it is. So locks, and the
 * files that they need, can be left out.
 */
function openSettled(path) {
  const before = stampOf(path)
  const database = begin(path, { immutable: '1' })
  return { database, isTrue: () => stampOf(path) === before, close: () => database.close() }
}

/**
 * Beside a server, or after a kill. With a read-only `-shm` file SQLite reads the log by the server's index of it, and where
 * there is no server any more, by one in memory.
 */
function openShared(path) {
  const database = begin(path, { readonly_shm: '1' })
  return { database, isTrue: () => true, close: () => database.close() }
}

/** A log without its index, as in a copied folder: SQLite has to recover it, which it does with a copy. */
function openCopy(path) {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-audit-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const copy = join(folder, basename(path))
    const before = stampOf(path)
    for (const suffix of ['', '-wal']) if (isThere(path + suffix)) copyFileSync(path + suffix, copy + suffix)
    if (stampOf(path) !== before) throw new Moved()
    const database = begin(copy, {}, { readOnly: false })
    return {
      database,
      isTrue: () => true,
      close() {
        database.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** The first read of a transaction fixes what it sees. */
function begin(path, parameters, { readOnly = true } = {}) {
  const url = pathToFileURL(path)
  url.search = new URLSearchParams(parameters)
  const database = new DatabaseSync(url, { readOnly })
  try {
    database.exec(`pragma busy_timeout = ${BUSY_MILLIS}; begin`)
    database.prepare('select count(*) from sqlite_master').get()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** A file changed while it was being copied. */
class Moved extends Error {}

/** Errors that say more about the way to the file than about what is in it, as a sentence. */
function understood(error) {
  const code = codeOf(error)
  if (code === undefined || isDamage(error)) return error
  if (code === GENERIC) {
    return new Complaint(
      `The state folder has other tables than this audit knows (${error.message}): audit it with the Wharf that wrote it.`,
    )
  }
  return new Complaint(
    `A database of the state folder cannot be read (${error.message}): see that this user may read it, or stop the server, then try again.`,
  )
}

function codeOf(error) {
  return error.code === 'ERR_SQLITE_ERROR' ? error.errcode & 0xff : undefined
}

function pauseSync(millis) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
}

/** What changes when anybody writes to a database. An empty log is as good as none. */
function stampOf(path) {
  const stamps = ['', '-wal'].map(suffix => {
    const stat = statSync(path + suffix, { bigint: true, throwIfNoEntry: false })
    return stat && stat.size > 0n ? [stat.ino, stat.size, stat.mtimeNs].join() : ''
  })
  return stamps.join(';')
}

/** Throws where that cannot be known: what may not be read is not missing. */
function isThere(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function hasBytes(path) {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
}
