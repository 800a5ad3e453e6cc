import type * as worker from '../../src/index'
import type { Env as WharfEnv } from '../../src/stubs'

/** What the tests find in `cloudflare:workers`: the bindings of wrangler.toml and the Worker itself. */
declare global {
  namespace Cloudflare {
    interface Env extends WharfEnv {}
    interface GlobalProps {
      mainModule: typeof worker
    }
  }
}
