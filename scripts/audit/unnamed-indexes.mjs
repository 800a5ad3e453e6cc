import { basename } from 'node:path'
import { hasTables, readBucketRecord } from './bucket.mjs'
import { Findings } from './finding.mjs'
import { readNamespace } from './namespace.mjs'
import { isDamage, readSnapshots } from './snapshot.mjs'

/**
 * Indexes that no name leads to. Two creations of one name leave an empty one behind, the loser's; whatever is in one is lost
 * to its owner. The index of a removed bucket has no tables any more.
 *
 * @returns Findings
 */
export function checkUnnamedIndexes({ layout }) {
  const findings = new Findings()
  const { buckets, retired } = readNamespace(layout)
  const named = new Set(buckets.map(({ id }) => layout.indexFile(id)))
  const ended = new Set(retired.map(id => layout.indexFile(id)))
  for (const file of layout.indexFiles()) {
    if (!named.has(file)) checkUnnamed(findings, file, ended.has(file))
  }
  return findings
}

function checkUnnamed(findings, file, isEnded) {
  const about = { index: basename(file, '.sqlite') }
  const left = whatIsLeft(file)
  if (!left) return
  const { damage, name, objects, uploads } = left
  const holds = `${objects} objects and ${uploads} uploads of the bucket ${name}`
  if (damage) {
    findings.notice('index-damaged', about, `no name leads to it, and it cannot be read: ${damage}`)
  } else if (isEnded) {
    findings.breach('index-of-removed', about, `the bucket is removed, and it still holds ${holds}`)
  } else if (objects + uploads > 0) {
    findings.breach('index-unnamed', about, `no name leads to it, and it holds ${holds}`)
  } else {
    findings.notice('index-unnamed', about, `no name leads to it: left empty by a lost race for the name ${name}`)
  }
}

/** @returns undefined where it has no tables, or went away meanwhile */
function whatIsLeft(file) {
  try {
    return readSnapshots([file], index => {
      if (!index || !hasTables(index)) return undefined
      const count = table => index.prepare(`select count(*) as count from ${table}`).get().count
      return { name: readBucketRecord(index)?.name ?? '?', objects: count('objects'), uploads: count('uploads') }
    })
  } catch (error) {
    if (!isDamage(error)) throw error
    return { damage: error.message }
  }
}
