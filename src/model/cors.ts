/** What the scripts of other sites may do with a bucket. Of several rules the first that fits counts. */
export interface CorsRule {
  id?: string
  /** Where a script may come from; each may hold one `*`, which stands for anything. */
  origins: string[]
  methods: CorsMethod[]
  /** Names of headers that a request may carry; each may hold one `*`. Case does not matter. */
  headers?: string[]
  /** Names of headers that a script may read of an answer. */
  exposed?: string[]
  /** How long a browser may remember the answer of a preflight. */
  maxAgeSeconds?: number
}

export const CORS_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const

export type CorsMethod = (typeof CORS_METHODS)[number]
