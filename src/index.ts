import { dialectFor } from './dialects/index'
import type { Env } from './stubs'
import { trafficCounterOf } from './system/traffic'

export { BucketIndex } from '../durable-objects/bucket-index/bucket-index'
export { JobRunner } from '../durable-objects/job-runner/job-runner'
export { Namespace } from '../durable-objects/namespace/namespace'
export { System } from '../durable-objects/system/system'

export default {
  async fetch(request, env, ctx) {
    const startedMillis = Date.now()
    const response = await dialectFor(request).serve(request, env, ctx)
    trafficCounterOf(env).count(ctx, { request, response, startedMillis })
    return response
  },
} satisfies ExportedHandler<Env>
