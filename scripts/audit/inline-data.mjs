import { allRecords } from './all-records.mjs'

/** Each row of `data` belongs to one object. That each object has its row, the reading of objects has seen. */
export function checkInlineData({ index, findings }) {
  const unused = index.prepare(`
    select id, length(bytes) as size from data
    where id not in (select data from ${allRecords(index)} where data is not null)`)
  for (const { id, size } of unused.iterate()) {
    findings.breach('data-unused', { row: id }, `no object has row ${id} of table data, of ${size} bytes`)
  }
  const shared = index.prepare(`
    select data, min(key) as key, max(key) as other, count(*) as objects from ${allRecords(index)}
    where data is not null group by data having count(*) > 1`)
  for (const { data, key, other, objects } of shared.iterate()) {
    const text = `row ${data} of table data, where its bytes are, belongs to ${objects} objects, ${JSON.stringify(other)} too`
    findings.breach('data-shared', { key }, text)
  }
}
