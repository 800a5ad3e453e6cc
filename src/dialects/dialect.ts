import type { Env } from '../stubs'

/** One way of speaking to the store. */
export interface Dialect {
  name: string
  /** Whether the request is this dialect's; looks at the request line and headers alone. */
  claims(request: Request): boolean
  serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response>
}
