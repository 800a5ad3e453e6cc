import { requireBlobStore } from './blob-store.mjs'
import { checkBucket } from './bucket.mjs'
import { readNamespace } from './namespace.mjs'
import { findLayout } from './state-layout.mjs'
import { checkStrays } from './strays.mjs'
import { readTwice } from './two-readings.mjs'
import { checkUnnamedIndexes } from './unnamed-indexes.mjs'

const PROGRESS_MILLIS = 3000

/**
 * Checks on live data what docs/design.md promises: that all bytes are where the records say, that nothing is left behind that
 * nobody would clear, and that what is counted is right. Changes nothing, and may run beside a server.
 *
 * @param state        the state folder
 * @param graceMillis  how old a blob that nothing names may be
 * @param deep         whether all bytes are read
 * @param say          (text) => void, for progress
 * @returns            { counts, breaches, notices }
 * @throws Complaint
 */
export async function auditState({ state, graceMillis, deep = false, say = () => {} }) {
  const audit = { layout: findLayout(state), graceMillis, deep, progress: nowAndThen(say) }
  requireBlobStore(audit.layout)
  const { buckets } = readNamespace(audit.layout)
  const found = await readTwice([
    ...buckets.map(bucket => suspected => checkBucket(audit, bucket, suspected)),
    () => checkUnnamedIndexes(audit),
    () => checkStrays(audit),
  ])
  const counts = { buckets: buckets.length, objects: 0, bytes: 0, parts: 0, blobs: 0 }
  for (const { counts: more = {} } of found) for (const what of Object.keys(more)) counts[what] += more[what]
  return {
    counts,
    breaches: found.flatMap(({ breaches }) => breaches),
    notices: found.flatMap(({ notices }) => notices),
  }
}

/** Says something only where the work takes long, and then not all the time. */
function nowAndThen(say) {
  let last = Date.now()
  return text => {
    const now = Date.now()
    if (now - last < PROGRESS_MILLIS) return
    last = now
    say(text())
  }
}
