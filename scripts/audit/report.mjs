import { lineOf } from './finding.mjs'

/** One line for each finding, and a last one that sums up. */
export function asLines({ counts, breaches, notices }) {
  const lines = [
    ...notices.map(notice => `notice  ${lineOf(notice)}`),
    ...breaches.map(breach => `BREACH  ${lineOf(breach)}`),
    `${verdict(breaches)}: ${summary(counts)}`,
  ]
  return lines.map(line => `${line}\n`).join('')
}

export function asJson({ counts, breaches, notices }) {
  const withLine = finding => ({ ...finding, line: lineOf(finding) })
  const report = {
    sound: breaches.length === 0,
    counts,
    breaches: breaches.map(withLine),
    notices: notices.map(withLine),
  }
  return `${JSON.stringify(report, undefined, 2)}\n`
}

function verdict(breaches) {
  if (breaches.length === 0) return 'sound'
  return breaches.length === 1 ? '1 breach' : `${breaches.length} breaches`
}

function summary({ buckets, objects, bytes, parts, blobs }) {
  return `${buckets} buckets, ${objects} objects of ${bytes} bytes, ${parts} parts of uploads, ${blobs} blobs`
}
