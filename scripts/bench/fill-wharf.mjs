import { readExtents } from '../../src/model/extents.ts'
import { LIST_FOLDERS } from './operations.mjs'
import { openDatabaseWith } from './state-database.mjs'

/** What a copy does not take over from the object that it was made of. */
const OWN = {
  key: "printf('%04d/%06d.bin', n / $perFolder, n % $perFolder)",
  version: 'lower(hex(randomblob(8)))',
  seq: '(select seq from tally) + n + 1',
}

/**
 * Fills a bucket of Wharf while the runtime is stopped: leaves in its index what as many CopyObject calls from one object
 * would have left, down to the references of the blob and the counters of the bucket.
 *
 * @param state  the folder where the runtime keeps its state
 * @param seed   key of the object to copy; its body must lie in R2, not in the index
 * @param keys   how many objects the bucket shall have, the seed included
 */
export function fillWharf({ state, seed, keys }) {
  const database = openDatabaseWith(`${state}/do`, 'select 1 from objects where key = ? and data is null', seed)
  try {
    const columns = database
      .prepare("select name from pragma_table_info('objects')")
      .all()
      .map(({ name }) => name)
    database.exec('begin')
    const $count = BigInt(keys - 1)
    database
      .prepare(
        `with recursive number(n) as (select 0 union all select n + 1 from number where n < $count - 1)
         insert into objects (${columns.join(', ')})
         select ${columns.map(column => OWN[column] ?? column).join(', ')} from number, objects where key = $seed`,
      )
      .run({ $count, $perFolder: BigInt(Math.ceil(keys / LIST_FOLDERS)), $seed: seed })
    const { extents } = database.prepare('select extents from objects where key = ?').get(seed)
    for (const { blob } of readExtents(extents)) {
      database.prepare('insert into shared_blobs (blob, refs) values (?, ?)').run(blob, $count + 1n)
    }
    database
      .prepare(
        `update tally set seq = seq + $count, objects = objects + $count,
         bytes = bytes + $count * (select size from objects where key = $seed)`,
      )
      .run({ $count, $seed: seed })
    database.exec('commit')
  } finally {
    database.close()
  }
}
