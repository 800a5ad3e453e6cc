import { createHash } from 'node:crypto'
import { allRecords } from './all-records.mjs'
import { fileSize } from './blob-store.mjs'
import { isPlainMd5, readExtents } from './extents.mjs'

/** Each version of each object: its bytes are where it says, as many as it says, and what they should be. */
export function checkObjects(ground) {
  const { index, counts, contents, progress, findings } = ground
  const bytes = contents ? 'data.bytes' : 'null'
  const rows = index.prepare(`
    select key, size, etag, latest, records.data as data, extents, data.id as found, length(data.bytes) as length,
      ${bytes} as bytes
    from ${allRecords(index)} as records left join data on data.id = records.data`)
  for (const row of rows.iterate()) {
    counts.objects += row.latest
    counts.bytes += row.size
    progress(() => `${counts.objects} objects read`)
    const about = { key: row.key }
    const extents = checkExtents(ground, about, row, row.etag)
    if (row.data === null) {
      if (extents) checkSize(findings, about, row.size, sizeOf(extents), 'its extents are')
      continue
    }
    if (row.found === null) {
      findings.breach('data-missing', about, `its bytes should be in row ${row.data} of table data, which there is not`)
      continue
    }
    if (row.extents !== null) findings.breach('two-bodies', about, 'it has bytes in the index and extents in R2, both')
    checkSize(findings, about, row.size, row.length, 'its bytes in the index are')
    if (contents) checkInlineContent(findings, about, row)
  }
}

/** Each part of an upload in progress, likewise; and its upload exists. */
export function checkParts(ground) {
  const { index, counts, findings } = ground
  const rows = index.prepare(`
    select upload, number, size, etag, extents, key
    from parts left join (select distinct id, key from uploads) on id = upload`)
  for (const row of rows.iterate()) {
    counts.parts += 1
    const about = { key: row.key ?? undefined, upload: row.upload, part: row.number }
    if (row.key === null) findings.breach('part-alone', about, 'its upload does not exist')
    const extents = checkExtents(ground, about, row)
    if (extents) checkSize(findings, about, row.size, sizeOf(extents), 'its extents are')
  }
}

/** @returns the extents; undefined where they cannot be read */
function checkExtents(ground, about, row, etagOfObject) {
  const { findings, holders, contents, store, bucket } = ground
  const extents = readExtents(row.extents, etagOfObject)
  if (!extents) {
    findings.breach('extents', about, `its extents cannot be read: ${String(row.extents).slice(0, 100)}`)
    return undefined
  }
  holders.add(extents, about)
  const found = extents.map(extent => store.find(`${bucket.id}/${extent.blob}`))
  const areSound = extents.map((extent, i) => checkExtent(findings, { ...about, blob: extent.blob }, extent, found[i]))
  // What is broken already is not read.
  if (contents && extents.length > 0 && areSound.every(Boolean)) {
    const runs = extents.map((extent, i) => ({ ...extent, stored: found[i] }))
    contents.addBlobs(about, runs)
    if (isPlainMd5(row.etag)) contents.addBody(about, row.etag, runs)
  }
  return extents
}

/** @returns whether R2 has what the extent needs */
function checkExtent(findings, about, { size, offset, md5 }, stored) {
  if (!stored) {
    findings.breach('blob-missing', about, 'R2 does not have it')
    return false
  }
  if (stored.size < offset + size) {
    findings.breach('blob-short', about, `R2 has ${stored.size} bytes of it, and ${offset + size} are needed`)
    return false
  }
  if (md5 !== undefined && stored.md5 !== md5) {
    findings.breach('blob-altered', about, `R2 has bytes with the MD5 ${stored.md5}, and they should have ${md5}`)
    return false
  }
  if (!stored.file) {
    findings.breach('blob-foreign', about, 'R2 has it as an upload in parts, which Wharf never makes')
    return false
  }
  const present = fileSize(stored.file)
  if (present === stored.size) return true
  if (present === undefined) findings.breach('file-missing', about, `its file ${stored.file} is missing`)
  else findings.breach('file-size', about, `its file ${stored.file} has ${present} bytes instead of ${stored.size}`)
  return false
}

function checkInlineContent(findings, about, { etag, bytes }) {
  if (!isPlainMd5(etag)) return
  const md5 = createHash('md5').update(bytes).digest('hex')
  if (md5 === etag) return
  findings.breach('content', about, `its bytes in the index have the MD5 ${md5}, and its etag is ${etag}`)
}

function checkSize(findings, about, size, present, what) {
  if (size !== present) findings.breach('size', about, `its size is ${size}, and ${what} ${present} bytes`)
}

function sizeOf(extents) {
  return extents.reduce((sum, extent) => sum + extent.size, 0)
}
