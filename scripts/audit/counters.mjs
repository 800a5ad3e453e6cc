import { allRecords } from './all-records.mjs'

/** The counters of the bucket, where they say that they are exact, and the numbers that order its versions. */
export function checkCounters({ index, findings, counts }) {
  const tally = index.prepare('select seq, objects, bytes, exact from tally').get()
  if (!tally) {
    findings.breach('counters', {}, 'table tally is empty')
    return
  }
  if (tally.exact === 1 && (tally.objects !== counts.objects || tally.bytes !== counts.bytes)) {
    const text = `its counters say ${tally.objects} objects of ${tally.bytes} bytes, and there are ${counts.objects} of ${counts.bytes}`
    findings.breach('counters', {}, text)
  }
  const greatest = index.prepare(`select key, max(seq) as seq from ${allRecords(index)}`).get()
  if (greatest.seq > tally.seq) {
    const text = `its version has the number ${greatest.seq}, and the counter that gives them stands at ${tally.seq}`
    findings.breach('seq', { key: greatest.key }, text)
  }
  const twice = index.prepare(`
    select seq, min(key) as key, max(key) as other from ${allRecords(index)} group by seq having count(*) > 1`)
  for (const { seq, key, other } of twice.iterate()) {
    findings.breach('seq-twice', { key }, `its version has the number ${seq}, and that of ${JSON.stringify(other)} too`)
  }
}
