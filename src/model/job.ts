export const JOB_KINDS = [
  'sweep',
  'lifecycle',
  'audit',
  'heal-bucket',
  'heal-object',
  'heal-upload',
  'heal-format',
  'empty-bucket',
] as const
export type JobKind = (typeof JOB_KINDS)[number]

/** What comes round for ever; a job of such a kind, by the same name, is always there. */
export const RECURRING_KINDS = ['sweep', 'lifecycle'] as const satisfies readonly JobKind[]
export type RecurringKind = (typeof RECURRING_KINDS)[number]

/**
 * - waiting  its next slice is due, or its next try, or its next round
 * - running  a slice of it is being done
 * - done, failed, aborted  it is over
 */
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'aborted'

/** What a job is to work on. */
export interface JobParams {
  bucket?: string
  key?: string
  upload?: string
  /** Only look, change nothing. */
  dryRun?: boolean
  /** Read every byte instead of believing the digests that R2 keeps. */
  deep?: boolean
}

/** Whose jobs are meant; nothing stands for all. */
export interface JobOwner {
  /** Id of the account. */
  account?: string
  /** Name of the user inside it. */
  caller?: string
}

export interface JobLogLine {
  atMillis: number
  text: string
}

/** A job as it is shown. */
export interface Job {
  id: string
  kind: JobKind
  params: JobParams
  state: JobState
  /** What it has done so far, by name: `objects`, `healed`, `lost`, `released`, `breaches`, `expired`. */
  counters: Record<string, number>
  /** Who started it. */
  caller: string
  createdMillis: number
  startedMillis?: number
  endedMillis?: number
  /** Slices that failed one after the other; the next success sets it back. */
  failures: number
  /** Why it failed, or its last slice did. */
  error?: string
}

export interface JobWithLog extends Job {
  /** The latest lines, oldest first. */
  log: JobLogLine[]
}
