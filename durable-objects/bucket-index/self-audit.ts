import type { SelfAudit } from '../../src/model/health-calls'
import type { Ground } from './ground'

/** Of each kind, so many breaches are told one by one. */
const MAX_TOLD = 100

/** All versions of all keys, and delete markers. */
const RECORDS = `(select key, seq, size, data, extents from objects union all select key, seq, size, data, extents from versions)`

/** Who holds which blob: a record holds a blob once, however many runs of it. */
const HELD = `held as (
  select distinct seq as holder, json_extract(value, '$[0]') as blob from ${RECORDS} as records, json_each(extents)
  union all
  select distinct upload || '/' || number, json_extract(value, '$[0]') from parts, json_each(extents))`

/**
 * Whether the tables of an index fit together. Reads every row, in one go, so that nothing can move meanwhile: some
 * seconds for millions of objects.
 */
export function auditSelf({ sql, tally }: Ground): SelfAudit {
  const counted = sql
    .exec<{ objects: number; bytes: number; seq: number | null; seqs: number; versions: number }>(
      `select (select count(*) from objects) as objects, coalesce(sum(size), 0) as bytes, max(seq) as seq,
         count(distinct seq) as seqs, count(*) as versions
       from ${RECORDS}`,
    )
    .one()
  const breaches: string[] = []
  const counters = tally.read()
  if (counters.objects !== counted.objects || counters.bytes !== counted.bytes) {
    breaches.push(
      `the counters say ${counters.objects} objects of ${counters.bytes} bytes, a recount ${counted.objects} of ${counted.bytes}`,
    )
  }
  const { seq } = sql.exec<{ seq: number }>('select seq from tally').one()
  if ((counted.seq ?? 0) > seq) breaches.push(`a version has number ${counted.seq}, but only ${seq} were given out`)
  if (counted.seqs !== counted.versions) breaches.push('two versions have the same number')
  for (const [query, sentence] of CHECKS) {
    for (const { name } of sql.exec<{ name: string }>(query, MAX_TOLD).toArray()) breaches.push(sentence(name))
  }
  return { breaches, objects: counted.objects, bytes: counted.bytes }
}

/** What a query finds is a breach. */
const CHECKS: [string, (name: string) => string][] = [
  [
    `select key as name from ${RECORDS} where data is not null and data not in (select id from data) limit ?`,
    key => `the bytes of ${key} are missing in the index`,
  ],
  [
    `select key as name from ${RECORDS} as records join data on data.id = records.data where length(bytes) <> size limit ?`,
    key => `the bytes of ${key} in the index are not of its size`,
  ],
  [
    `select cast(id as text) as name from data
     where id not in (select data from ${RECORDS} where data is not null) limit ?`,
    id => `bytes in the index (row ${id}) belong to no object`,
  ],
  [
    `select cast(data as text) as name from ${RECORDS}
     where data is not null group by data having count(*) > 1 limit ?`,
    id => `bytes in the index (row ${id}) belong to several objects`,
  ],
  [
    `select key as name from ${RECORDS} as records where data is null and
       size <> coalesce((select sum(json_extract(value, '$[1]')) from json_each(extents)), 0) limit ?`,
    key => `the extents of ${key} do not add up to its size`,
  ],
  [
    'select objects.key as name from objects join versions on versions.key = objects.key and versions.seq > objects.seq limit ?',
    key => `${key} has a later version than its latest`,
  ],
  [
    'select distinct upload as name from parts where upload not in (select id from uploads) limit ?',
    upload => `there are parts of upload ${upload}, which does not exist`,
  ],
  [
    `with ${HELD} select shared_blobs.blob as name from shared_blobs left join held on held.blob = shared_blobs.blob
     group by shared_blobs.blob having count(held.blob) <> refs limit ?`,
    blob => `blob ${blob} is not held as often as was counted`,
  ],
  [
    `with ${HELD} select blob as name from held group by blob
     having count(*) > 1 and blob not in (select blob from shared_blobs) limit ?`,
    blob => `blob ${blob} is held several times, and was not counted`,
  ],
  [
    `with ${HELD} select distinct blob as name from held where blob in (select blob from released) limit ?`,
    blob => `blob ${blob} is released, and needed`,
  ],
]
