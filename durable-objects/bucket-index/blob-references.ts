import { readExtents } from '../../src/model/extents'

/** The names of the blobs that extents lie in, each once: a record holds a blob once, however many runs of it. */
export function blobsOf(extents: string | null): Set<string> {
  return new Set(readExtents(extents).map(extent => extent.blob))
}

/** Counts one more holder of blobs that another record or part holds already. */
export function share(sql: SqlStorage, blobs: Iterable<string>): void {
  for (const blob of blobs) {
    sql.exec(
      'insert into shared_blobs values (?1, 2) on conflict (blob) do update set refs = refs + 1', //
      blob,
    )
  }
}

/**
 * Takes one holder away from each blob. The last one releases it: it stays readable until the sweep has waited out the
 * grace. A shared blob keeps its row down to the last holder, since its origin may name a key that holds it no more.
 */
export function letGo(sql: SqlStorage, blobs: Iterable<string>, nowMillis: number): void {
  for (const blob of blobs) {
    const [shared] = sql.exec<{ refs: number }>('select refs from shared_blobs where blob = ?', blob).toArray()
    if (shared && shared.refs > 1) {
      sql.exec('update shared_blobs set refs = refs - 1 where blob = ?', blob)
      continue
    }
    if (shared) sql.exec('delete from shared_blobs where blob = ?', blob)
    sql.exec('insert into released (blob, at) values (?, ?)', blob, nowMillis)
  }
}
