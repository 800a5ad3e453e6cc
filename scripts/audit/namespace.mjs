import { Complaint } from '../local/complaint.mjs'
import { isDamage, readSnapshots } from './snapshot.mjs'

/** @returns the names that there are, with the ids of their buckets, and the ids of removed buckets that still have blobs */
export function readNamespace(layout) {
  return read(layout, database => ({
    buckets: database?.prepare('select name, id from buckets order by name').all() ?? [],
    retired:
      database
        ?.prepare('select id from retired')
        .all()
        .map(row => row.id) ?? [],
  }))
}

/** @returns what bucket has this name now, if any */
export function findName(layout, name) {
  return read(layout, database => database?.prepare('select name, id from buckets where name = ?').get(name))
}

/** Before the first request there is no namespace, and one without tables. */
function read(layout, query) {
  try {
    return readSnapshots([layout.namespace], database => query(hasTables(database) ? database : undefined))
  } catch (error) {
    if (!isDamage(error)) throw error
    throw new Complaint(`The namespace of the state folder is damaged (${error.message}): restore the folder.`)
  }
}

function hasTables(database) {
  return database?.prepare("select 1 from sqlite_master where type = 'table' and name = 'retired'").get() !== undefined
}
