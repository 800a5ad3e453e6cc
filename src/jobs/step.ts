import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import type { JobParams } from '../model/job'
import type { StoreContext } from '../store/context'
import type { Store } from '../store/store'

/** Rights were checked when the job was started; it does its work as the one who runs the place. */
export const JOB_CALLER: Caller = { kind: 'root', account: ROOT_ACCOUNT, user: 'job', admin: true, policies: [] }

/** One slice of a job, as it is being done. */
export interface Slice<Cursor> {
  params: JobParams
  /** Where the slice before left off; undefined for the first one. */
  cursor: Cursor | undefined
  /** Adds to a counter of the job. */
  count(name: string, by: number): void
  /** Writes a line of the job's log. */
  note(text: string): void
  /** Counts R2 operations against what a slice may cost. */
  spend(operations: number): void
  /** Whether the slice has used up its time or its operations, or somebody ended the job. */
  isOver(): boolean
}

/** What a slice stands on. */
export interface Workplace {
  context: StoreContext
  store: Store
}

/**
 * Does a slice of a job. It may be done twice: what a crash cut short begins again at the last cursor.
 * @returns where the next slice goes on; undefined when the job (or its round) is done
 */
export type Step<Cursor> = (workplace: Workplace, slice: Slice<Cursor>) => Promise<Cursor | undefined>
