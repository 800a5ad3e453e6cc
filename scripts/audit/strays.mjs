import { BlobStore } from './blob-store.mjs'
import { Findings } from './finding.mjs'
import { readNamespace } from './namespace.mjs'
import { agedText } from './references.mjs'
import { readSnapshots } from './snapshot.mjs'

/**
 * Blobs under an id that is neither a bucket's nor a removed one's: nobody will ever look there. Known ids are stepped over,
 * however many blobs they have.
 *
 * @returns Findings
 */
export function checkStrays({ layout, graceMillis }) {
  // The namespace first: who writes a blob under an id has it from there.
  const { buckets, retired } = readNamespace(layout)
  const known = new Set([...buckets.map(bucket => bucket.id), ...retired])
  return readSnapshots([layout.r2], r2 => {
    const findings = new Findings()
    const store = new BlobStore(r2, layout.blobFolder)
    const bornBeforeMillis = Date.now() - graceMillis
    for (let from = ''; from !== undefined; ) from = checkFrom(store, from, known, findings, bornBeforeMillis)
    return findings
  })
}

/** Looks at blobs up to the next one of a known id. @returns where to go on; undefined at the end */
function checkFrom(store, from, known, findings, bornBeforeMillis) {
  for (const { name, size, uploadedMillis } of store.from(from)) {
    const id = name.split('/', 1)[0]
    if (known.has(id)) return `${id}${AFTER_SLASH}`
    if (uploadedMillis >= bornBeforeMillis) continue
    findings.breach('stray', { blob: name }, `its id is no bucket's, ${agedText(size, uploadedMillis)}`)
  }
  return undefined
}

/** The character that follows the slash in order. */
const AFTER_SLASH = '0'
