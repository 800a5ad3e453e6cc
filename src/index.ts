import { dialectFor } from './dialects/index'
import type { Env } from './stubs'

export { BucketIndex } from '../durable-objects/bucket-index/bucket-index'
export { JobRunner } from '../durable-objects/job-runner/job-runner'
export { Namespace } from '../durable-objects/namespace/namespace'
export { System } from '../durable-objects/system/system'

export default {
  fetch(request, env, ctx) {
    return dialectFor(request).serve(request, env, ctx)
  },
} satisfies ExportedHandler<Env>
