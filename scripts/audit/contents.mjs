import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const PIECE_BYTES = 1024 * 1024
const piece = Buffer.allocUnsafe(PIECE_BYTES)

/**
 * For --deep: what there is to read of a bucket's bytes. It is read when the databases have been let go of, since it takes its
 * time, and a server cannot put away a log that somebody reads.
 *
 * A blob is read once, however many hold it, and compared with the MD5 that R2 keeps of it. An etag that is a plain MD5 is
 * compared with that one where the blob is all there is, and else with the runs of bytes that the record names.
 */
export class Contents {
  #blobs = new Map()
  #bodies = []

  /** @param runs  extents that R2 has, each with what R2 says of its blob as `stored` */
  addBlobs(about, runs) {
    for (const { blob, stored } of runs) if (!this.#blobs.has(blob)) this.#blobs.set(blob, { about, blob, stored })
  }

  addBody(about, etag, runs) {
    if (isOneBlob(runs) && runs[0].stored.md5 === etag) return
    this.#bodies.push({ about, etag, runs })
  }

  /** @param isWanted  (kind, about) => whether it shall be looked at */
  check(findings, isWanted, progress) {
    let readBlobs = 0
    for (const { about, blob, stored } of this.#blobs.values()) {
      readBlobs += 1
      progress(() => `${readBlobs} of ${this.#blobs.size} blobs read`)
      const place = { ...about, blob }
      if (!isWanted('content', place)) continue
      const md5 = md5Of([{ offset: 0, size: stored.size, stored }])
      if (md5 === stored.md5) continue
      const is = md5 ? `has the MD5 ${md5}` : 'cannot be read to its end'
      findings.breach('content', place, `its file ${stored.file} ${is}, and R2 keeps ${stored.md5} for it`)
    }
    for (const { about, etag, runs } of this.#bodies) {
      progress(() => 'comparing etags')
      if (!isWanted('etag', about)) continue
      const md5 = isOneBlob(runs) ? runs[0].stored.md5 : md5Of(runs)
      if (md5 === etag) continue
      findings.breach(
        'etag',
        about,
        `its etag is ${etag}, and its bytes ${md5 ? `have the MD5 ${md5}` : 'cannot be read'}`,
      )
    }
  }
}

function isOneBlob([{ offset, size, stored }, ...others]) {
  return others.length === 0 && offset === 0 && size === stored.size
}

/** @returns in hex; undefined where a file is gone, too short or broken */
function md5Of(runs) {
  const hash = createHash('md5')
  for (const { offset, size, stored } of runs) if (!addRun(hash, stored.file, offset, size)) return undefined
  return hash.digest('hex')
}

function addRun(hash, path, offset, size) {
  let file
  try {
    file = openSync(path)
    for (let done = 0; done < size; ) {
      const length = readSync(file, piece, 0, Math.min(PIECE_BYTES, size - done), offset + done)
      if (length === 0) return false
      hash.update(piece.subarray(0, length))
      done += length
    }
    return true
  } catch (error) {
    if (['ENOENT', 'EIO'].includes(error.code)) return false
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
