import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { step } from '../../src/jobs/kinds'
import type { JobKind, JobParams } from '../../src/model/job'
import type { Env } from '../../src/stubs'
import { openWharfForJobs } from '../../src/wharf'

export interface DoneJob {
  counters: Record<string, number>
  lines: string[]
}

/** Does all slices of a job, each as short as can be, with these settings, in the test's own isolate. */
export async function doJob(
  kind: JobKind,
  params: JobParams = {},
  settings: Record<string, string> = {},
  bindings: Env = env,
): Promise<DoneJob> {
  const { context, store } = openWharfForJobs({ ...bindings, ...settings }, createExecutionContext())
  // Graces of nothing are over a moment later.
  await new Promise(resolve => setTimeout(resolve, 5))
  const done: DoneJob = { counters: {}, lines: [] }
  let cursor: unknown
  do {
    const slice = {
      params,
      // It crosses a row of the job-runner.
      cursor: cursor === undefined ? undefined : JSON.parse(JSON.stringify(cursor)),
      count: (name: string, by: number) => {
        done.counters[name] = (done.counters[name] ?? 0) + by
      },
      note: (text: string) => {
        done.lines.push(text)
      },
      spend: () => undefined,
      isOver: () => true,
    }
    cursor = await step(kind, { context, store }, slice)
  } while (cursor !== undefined)
  return done
}

/** Graces of a sweep or audit, in seconds. */
export function graces(released: number, orphans: number): Record<string, string> {
  return { WHARF_RELEASED_BLOB_GRACE_SECONDS: String(released), WHARF_ORPHAN_GRACE_SECONDS: String(orphans) }
}
