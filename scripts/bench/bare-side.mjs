import { readFileSync } from 'node:fs'
import { fillBare } from './fill-bare.mjs'

/**
 * The yardstick: a worker that maps requests straight onto R2, with one R2 bucket as a binding for each of `buckets`.
 *
 * @returns a side: its name, its worker as Miniflare wants it, as whom its requests are signed (nobody), and how one of its
 *          buckets is filled while the runtime is stopped
 */
export function bareSide(name, buckets) {
  const file = 'bare-worker.js'
  const contents = readFileSync(new URL(file, import.meta.url), 'utf8')
  return {
    name,
    account: undefined,
    fill: fillBare,
    worker: {
      config: {
        name,
        compatibilityDate: '2026-10-01',
        manifest: { mainModule: file, modulesRoot: '/', modules: { [file]: { type: 'esm', contents } } },
        env: Object.fromEntries(buckets.map(bucket => [bucket, { type: 'r2', name: `${name}-${bucket}` }])),
      },
    },
  }
}
