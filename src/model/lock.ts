/** Who holds a lease, as an operator is shown it. */
export interface LockHolder {
  /** 16 characters of 0-9 and A-Z. */
  id: string
  /** What it is held for: `PutObject`, `UploadPart`, a job's kind. */
  operation: string
  /** The user that asked. */
  caller: string
  /** Where the request came from; '' where that is not known, or a job holds it. */
  address: string
  /** The request, or the job. */
  requestId: string
}

export type LockKind = 'read' | 'write'

/** A lease on a key: it shows long work while it goes on, and lets an operator end it. */
export interface Lock extends LockHolder {
  key: string
  kind: LockKind
  /** Grows with each lease of an index and never comes again: a commit names the one it stands under. */
  fence: number
  sinceMillis: number
  /** When it ends by itself, unless its holder renews it. */
  untilMillis: number
}

/** Which leases are meant: of keys that begin with `prefix`, and at least this old. */
export interface LockFilter {
  prefix: string
  minAgeMillis: number
}
