import { LIST_FOLDERS } from './operations.mjs'
import { openDatabaseWith } from './state-database.mjs'

/**
 * Fills a bucket of the R2 simulator while the runtime is stopped: copies the row of an object that came through the door
 * under many keys. The rows are what as many PUTs would have left; only their bodies are one and the same file.
 *
 * @param state  the folder where the runtime keeps its state
 * @param seed   key of the object to copy
 * @param keys   how many objects the bucket shall have, the seed included
 */
export function fillBare({ state, seed, keys }) {
  const database = openDatabaseWith(`${state}/r2`, 'select 1 from _mf_objects where key = ?', seed)
  try {
    database
      .prepare(
        `with recursive number(n) as (select 0 union all select n + 1 from number where n < $count - 1)
         insert into _mf_objects (key, blob_id, version, size, etag, uploaded, checksums, http_metadata, custom_metadata)
         select printf('%04d/%06d.bin', n / $perFolder, n % $perFolder), blob_id, version, size, etag, uploaded, checksums,
                http_metadata, custom_metadata
         from number, _mf_objects where key = $seed`,
      )
      .run({ $count: BigInt(keys - 1), $perFolder: BigInt(Math.ceil(keys / LIST_FOLDERS)), $seed: seed })
  } finally {
    database.close()
  }
}
