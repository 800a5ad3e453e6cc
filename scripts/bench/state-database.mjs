import { readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/**
 * Opens the SQLite file of a Durable Object of the (stopped!) local runtime, found by what it holds, since its name is a hash.
 *
 * @param folder  where to look, folders inside it included
 * @param query   SQL with one parameter; the file is the right one if it gives a row
 * @throws Error  when no file fits
 */
export function openDatabaseWith(folder, query, parameter) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.sqlite')) continue
    const database = new DatabaseSync(`${folder}/${name}`)
    if (gives(database, query, parameter)) {
      database.exec('pragma synchronous = off')
      return database
    }
    database.close()
  }
  throw new Error(`no database in ${folder} gives a row for "${query}" with ${JSON.stringify(parameter)}`)
}

function gives(database, query, parameter) {
  try {
    return database.prepare(query).get(parameter) !== undefined
  } catch {
    return false // another class's schema
  }
}
