import { BlobStore } from './blob-store.mjs'
import { Contents } from './contents.mjs'
import { checkCounters } from './counters.mjs'
import { Findings, identityOf } from './finding.mjs'
import { Holders } from './holders.mjs'
import { checkInlineData } from './inline-data.mjs'
import { findName } from './namespace.mjs'
import { checkObjects, checkParts } from './records.mjs'
import { checkOrphans, checkReleased, checkShares } from './references.mjs'
import { isDamage, readSnapshots } from './snapshot.mjs'

/**
 * One reading of one bucket: its index as it was at one moment, and R2 as it was a moment later, so that a blob which the
 * index names was there already.
 *
 * @param bucket     its name and id, as the namespace has them
 * @param suspected  in a second reading: the identities of what is to be looked at again
 * @returns          Findings, and `counts` of what was read
 */
export function checkBucket(audit, bucket, suspected) {
  const counts = { objects: 0, bytes: 0, parts: 0, blobs: 0 }
  // Removed meanwhile.
  if (findName(audit.layout, bucket.name)?.id !== bucket.id) return Object.assign(new Findings(bucket), { counts })
  try {
    return readBucket(audit, bucket, suspected)
  } catch (error) {
    if (!isDamage(error)) throw error
    const findings = new Findings(bucket)
    findings.breach('index-damaged', {}, `its index cannot be read: ${error.message}`)
    return Object.assign(findings, { counts })
  }
}

function readBucket({ layout, graceMillis, deep, progress }, bucket, suspected) {
  const { findings, counts, contents } = readSnapshots([layout.indexFile(bucket.id), layout.r2], (index, r2) => {
    const ground = {
      index,
      store: new BlobStore(r2, layout.blobFolder),
      bucket,
      findings: new Findings(bucket),
      counts: { objects: 0, bytes: 0, parts: 0, blobs: 0 },
      holders: new Holders(),
      contents: deep ? new Contents() : undefined,
      progress: say => progress(() => `bucket ${bucket.name}: ${say()}`),
    }
    if (!index) ground.findings.breach('index-missing', {}, `its index is missing: ${layout.indexFile(bucket.id)}`)
    else if (hasTables(index)) checkTables(ground, Date.now() - graceMillis)
    else
      ground.findings.notice(
        'removal',
        {},
        'its index is empty: a removal broke off, and the next request for the name ends it',
      )
    return ground
  })
  const isWanted = (kind, about) => !suspected || suspected.has(identityOf({ kind, id: bucket.id, ...about }))
  contents?.check(findings, isWanted, say => progress(() => `bucket ${bucket.name}: ${say()}`))
  return Object.assign(findings, { counts })
}

function checkTables(ground, bornBeforeMillis) {
  checkName(ground)
  checkObjects(ground)
  checkParts(ground)
  checkInlineData(ground)
  checkCounters(ground)
  checkReleased(ground)
  checkShares(ground)
  checkOrphans(ground, bornBeforeMillis)
}

/** The index that the bucket's id leads to has to be that of the bucket. */
function checkName({ index, bucket, findings }) {
  const record = readBucketRecord(index)
  if (record?.id === bucket.id && record.name === bucket.name) return
  const whose = record ? `that of bucket ${record.name} with the id ${record.id}` : "no bucket's"
  findings.breach(
    'name',
    {},
    `the namespace leads to its index by the id ${bucket.id}, and by its own record it is ${whose}`,
  )
}

/** Whether an index was ever made, and its bucket not removed: that leaves an empty database. */
export function hasTables(index) {
  return index.prepare("select 1 from sqlite_master where type = 'table' and name = 'bucket'").get() !== undefined
}

/** @returns what the index says of its bucket; undefined where it says nothing that can be read */
export function readBucketRecord(index) {
  const text = index.prepare('select record from bucket').get()?.record
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}
