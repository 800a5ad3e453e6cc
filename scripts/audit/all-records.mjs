const COLUMNS = 'key, seq, size, etag, data, extents'

/** All versions of all keys, and delete markers, as a subquery; an index of an older Wharf keeps no versions. */
export function allRecords(index) {
  const hasVersions = index.prepare("select 1 from sqlite_master where type = 'table' and name = 'versions'").get()
  if (!hasVersions) return `(select ${COLUMNS}, 1 as latest from objects)`
  return `(select ${COLUMNS}, 1 as latest from objects union all select ${COLUMNS}, 0 from versions)`
}
