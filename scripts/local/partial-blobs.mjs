import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Deletes the files of uploads that a kill broke off. The R2 simulator writes a body to a file of a random name, and names it
 * in its table only when it is whole; what has no name is never read, and nobody else would ever delete it.
 *
 * @param persistence  Miniflare's folder, while no runtime works on it
 * @returns            how many files were deleted
 */
export function deletePartialBlobs(persistence) {
  const folder = join(persistence, 'r2')
  if (!existsSync(folder)) return 0
  const named = namedBlobs(folder)
  let deleted = 0
  for (const bucket of readdirSync(folder, { withFileTypes: true })) {
    const blobs = join(folder, bucket.name, 'blobs')
    if (!bucket.isDirectory() || !existsSync(blobs)) continue
    for (const name of readdirSync(blobs)) {
      if (named.has(name)) continue
      rmSync(join(blobs, name))
      deleted += 1
    }
  }
  return deleted
}

/** @throws Error where a table is not as expected: better to keep everything than to guess */
function namedBlobs(folder) {
  const named = new Set()
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.sqlite') || name.endsWith('metadata.sqlite')) continue
    const database = new DatabaseSync(join(folder, name), { readOnly: true })
    try {
      for (const table of ['_mf_objects', '_mf_multipart_parts']) {
        for (const { blob_id } of database.prepare(`select blob_id from ${table}`).iterate()) named.add(blob_id)
      }
    } finally {
      database.close()
    }
  }
  return named
}
