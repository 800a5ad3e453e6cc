import { listBucket } from './operations.mjs'
import { progress } from './report.mjs'

const SEED_BYTES = 256 * 1024 // more than Wharf ever keeps in its index, so that all keys can share one body in R2

/**
 * Gives each side's buckets for LIST their keys. A million PUTs through the door would take a quarter of an hour, so one
 * object comes that way, and while the runtime is stopped its rows are copied in SQL, as each side's `fill` says.
 *
 * @param stage  started; is started again when this returns
 */
export async function fillBuckets(stage, sides, listKeys) {
  const seedOf = (side, keys) => `seed-${side}-${keys}` // no other database of the runtime holds this key
  for (const { name: side } of sides) {
    const put = keys => ({ method: 'PUT', path: `/${listBucket(keys)}/${seedOf(side, keys)}`, bytes: SEED_BYTES })
    await stage.load('send', { side, requests: listKeys.map(put) })
  }
  await stage.stop()
  for (const side of sides) {
    for (const keys of listKeys) {
      const started = performance.now()
      side.fill({ state: stage.state, seed: seedOf(side.name, keys), keys })
      progress(`${side.name}: ${keys} keys in ${((performance.now() - started) / 1000).toFixed(1)} s`)
    }
  }
  await stage.start()
}
