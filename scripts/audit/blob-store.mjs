import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Complaint } from '../local/complaint.mjs'
import { isDamage, readSnapshots } from './snapshot.mjs'

const COLUMNS = 'key, blob_id, size, etag, uploaded'

/** The simulated R2 as it was at one moment, and its files as they are now. */
export class BlobStore {
  #folder
  #find
  #from

  /** @param database  undefined or without a table where R2 never held anything */
  constructor(database, folder) {
    this.#folder = folder
    if (!database?.prepare("select 1 from sqlite_master where name = '_mf_objects'").get()) return
    this.#find = database.prepare(`select ${COLUMNS} from _mf_objects where key = ?`)
    this.#from = database.prepare(`select ${COLUMNS} from _mf_objects where key >= ? order by key`)
  }

  /** What R2 says of a blob; undefined where there is none. */
  find(name) {
    const row = sound(() => this.#find?.get(name))
    return row && this.#described(row)
  }

  /** All blobs whose names begin with `{id}/`. */
  *under(id) {
    const prefix = `${id}/`
    for (const blob of this.from(prefix)) {
      if (!blob.name.startsWith(prefix)) return
      yield blob
    }
  }

  /** All blobs from this name on, in the order of their names. */
  *from(name) {
    if (!this.#from) return
    const rows = this.#from.iterate(name)
    for (;;) {
      const { done, value } = sound(() => rows.next())
      if (done) return
      yield this.#described(value)
    }
  }

  #described({ key, blob_id, size, etag, uploaded }) {
    return { name: key, size, md5: etag, uploadedMillis: uploaded, file: blob_id && join(this.#folder, blob_id) }
  }
}

/**
 * Looks whether R2's table can be read at all; so that it is not taken for a fault of the first bucket that needs it.
 * @throws Complaint
 */
export function requireBlobStore({ r2, blobFolder }) {
  sound(() => readSnapshots([r2], database => new BlobStore(database, blobFolder)))
}

/** How many bytes a file has; undefined where there is none. */
export function fileSize(file) {
  return statSync(file, { throwIfNoEntry: false })?.size
}

/** @throws Complaint  where R2's table is broken, which says nothing of any one bucket */
function sound(read) {
  try {
    return read()
  } catch (error) {
    if (isDamage(error))
      throw new Complaint(`The table of the simulated R2 is damaged (${error.message}): restore the state folder.`)
    throw error
  }
}
