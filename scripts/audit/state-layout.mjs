import { createHash, createHmac } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Complaint } from '../local/complaint.mjs'
import { ROOT } from '../local/worker-build.mjs'

const R2_CLASS = 'miniflare-R2BucketObject'
/** Miniflare's own notes about the objects of a class. */
const NOTES = 'metadata.sqlite'

/**
 * Where Miniflare keeps what below the state folder: each Durable Object in `v3/do/{worker}-{class}/{id}.sqlite`, the table of
 * the simulated R2 in an object of a class of its own, and R2's bytes in `v3/r2/{bucket}/blobs/{random}`.
 *
 * @throws Complaint  where this is no state folder
 */
export function findLayout(state) {
  const persistence = join(state, 'v3')
  requireFolder(persistence, state)
  const { worker, bucket } = readNames()
  requireWorker(join(persistence, 'do'), worker)
  const indexes = { folder: join(persistence, 'do', `${worker}-BucketIndex`), uniqueKey: `${worker}-BucketIndex` }
  return {
    namespace: objectFile(join(persistence, 'do', `${worker}-Namespace`), `${worker}-Namespace`, 'namespace'),
    r2: objectFile(join(persistence, 'r2', R2_CLASS), R2_CLASS, bucket),
    blobFolder: join(persistence, 'r2', bucket, 'blobs'),
    /** The index of a bucket, which may not be there. */
    indexFile: id => objectFile(indexes.folder, indexes.uniqueKey, id),
    /** The indexes that are there, whoever they belong to. */
    indexFiles: () => databasesIn(indexes.folder),
  }
}

/** The runtime makes the id of a Durable Object from its name by hashing, and the file bears the id. */
function objectFile(folder, uniqueKey, name) {
  const key = createHash('sha256').update(uniqueKey).digest()
  const half = bytes => createHmac('sha256', key).update(bytes).digest().subarray(0, 16)
  const named = half(name)
  return join(folder, `${Buffer.concat([named, half(named)]).toString('hex')}.sqlite`)
}

function databasesIn(folder) {
  const names = namesIn(folder).filter(name => name.endsWith('.sqlite') && name !== NOTES)
  return names.map(name => join(folder, name))
}

/** What is in a folder, which the first write may still have to make. */
function namesIn(folder) {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** What the Worker and its R2 bucket are called, which the local server takes from wrangler.toml too. */
function readNames() {
  const text = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
  const worker = text.match(/^name\s*=\s*"([^"]+)"/m)?.[1]
  const bucket = text.match(/^bucket_name\s*=\s*"([^"]+)"/m)?.[1]
  if (!worker || !bucket) throw new Complaint('wrangler.toml names no Worker or no R2 bucket: put them back.')
  return { worker, bucket }
}

/** The name of the Worker is part of what its Durable Objects are called: by another name all of them would seem gone. */
function requireWorker(folder, worker) {
  const others = namesIn(folder).flatMap(name => name.match(/^(.+)-Namespace$/)?.[1] ?? [])
  if (others.length === 0 || others.includes(worker)) return
  throw new Complaint(
    `The state is that of a Worker named ${others[0]}, and wrangler.toml names ${worker}: give it that name.`,
  )
}

function requireFolder(persistence, state) {
  let why = 'it has no folder v3'
  try {
    if (statSync(persistence).isDirectory()) return
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') why = error.code
  }
  throw new Complaint(`${state} is no state folder of a local server (${why}): give its WHARF_STATE_DIR with --state.`)
}
