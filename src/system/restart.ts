import { authorize } from '../auth/authorize'
import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { RESTARTED } from '../model/restart'
import type { Stubs } from '../stubs'

const PAGE = 100

/**
 * Ends every Durable Object; the next call begins a new one with what is durable, which is all that was acknowledged.
 * Calls in flight fail and can be tried again. The moment is noted as the new beginning of the uptime.
 */
export async function restartObjects(stubs: Stubs, caller: Caller, nowMillis: number): Promise<void> {
  authorize(caller, 'admin:ServiceRestart', { owner: ROOT_ACCOUNT.id })
  await stubs.system().noteRestart(nowMillis)
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await stubs.namespace().list({ after, limit: PAGE })
    await Promise.all(page.buckets.map(({ id }) => ended(stubs.bucketIndex({ from: '', index: id }).restart())))
    after = page.truncated ? page.buckets.at(-1)?.name : undefined
  }
  await ended(stubs.jobRunner().restart())
  await ended(stubs.system().restart())
  await ended(stubs.namespace().restart())
}

/** An object that ends cannot answer: the failure is the success. */
async function ended(call: Promise<void>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(RESTARTED))) throw error
  }
}
