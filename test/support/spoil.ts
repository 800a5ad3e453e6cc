import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Changes the tables of a bucket's index behind its back. */
export async function spoil(bucket: string, statement: string): Promise<void> {
  const entry = await env.NAMESPACE.getByName('namespace').find(bucket)
  await runInDurableObject(env.BUCKET_INDEX.getByName(entry?.id ?? ''), (_, state) => {
    state.storage.sql.exec(statement)
  })
}
