import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readExtents } from '../../src/model/extents'

/** What lies in the state folder of a stopped server, read past all of its code. */
export interface StateBlobs {
  /** Keys of the simulated R2. */
  stored: string[]
  /** Blobs that records and parts name. */
  referenced: Set<string>
  /** How many files the simulated R2 keeps. */
  files: number
}

export function readBlobs(stateDir: string): StateBlobs {
  const r2 = join(stateDir, 'v3', 'r2')
  const stored = databases(r2).flatMap(path => column(path, 'select key as text from _mf_objects'))
  const referenced = new Set<string>()
  for (const path of databases(join(stateDir, 'v3', 'do', 'wharf-BucketIndex'))) {
    const [record] = column(path, 'select record as text from bucket')
    if (record === undefined) continue
    const { id } = JSON.parse(record)
    for (const extents of column(path, 'select extents as text from objects union all select extents from parts')) {
      for (const { blob } of readExtents(extents)) referenced.add(`${id}/${blob}`)
    }
  }
  const folders = readdirSync(r2)
    .map(name => join(r2, name, 'blobs'))
    .filter(existsSync)
  return { stored, referenced, files: folders.flatMap(folder => readdirSync(folder)).length }
}

function databases(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }).map(String)
  return names
    .filter(name => name.endsWith('.sqlite') && !name.endsWith('metadata.sqlite'))
    .map(name => join(folder, name))
}

/** The texts that a query gives; none where the database has not got the table, as that of a removed bucket. */
function column(path: string, query: string): string[] {
  const database = new DatabaseSync(path)
  try {
    return database
      .prepare(query)
      .all()
      .flatMap(row => (typeof row.text === 'string' ? [row.text] : []))
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such table')) return []
    throw error
  } finally {
    database.close()
  }
}

/** The blobs of a stopped server with the keys they were written for. */
export function listStoredBlobs(stateDir: string): { name: string; key: string }[] {
  return databases(join(stateDir, 'v3', 'r2')).flatMap(path =>
    column(path, `select json_object('name', key, 'custom', custom_metadata) as text from _mf_objects`).map(text => {
      const { name, custom } = JSON.parse(text) as { name: string; custom: string }
      const { key = '' } = JSON.parse(custom) as { key?: string }
      return { name, key: Buffer.from(key, 'base64url').toString() }
    }),
  )
}
