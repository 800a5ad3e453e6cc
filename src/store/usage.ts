import { authorize } from '../auth/authorize'
import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { read } from './calls'
import type { StoreContext } from './context'

export interface Usage {
  buckets: number
  objects: number
  bytes: number
}

const PAGE = 1000
/** Indexes that are asked at once. */
const AT_ONCE = 20

/** How much there is, in all buckets together: each index is asked for its counters. */
export async function measureUsage({ stubs }: StoreContext, caller: Caller): Promise<Usage> {
  authorize(caller, 'admin:StorageInfo', { owner: ROOT_ACCOUNT.id })
  const usage: Usage = { buckets: 0, objects: 0, bytes: 0 }
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await read(() => stubs.namespace().list({ after, limit: PAGE }))
    for (let i = 0; i < page.buckets.length; i += AT_ONCE) {
      const asked = page.buckets
        .slice(i, i + AT_ONCE)
        .map(({ id }) => read(() => stubs.bucketIndex({ from: '', index: id }).usage()))
      for (const counters of await Promise.all(asked)) {
        if (!counters) continue
        usage.buckets += 1
        usage.objects += counters.objects
        usage.bytes += counters.bytes
      }
    }
    after = page.truncated ? page.buckets.at(-1)?.name : undefined
  }
  return usage
}
