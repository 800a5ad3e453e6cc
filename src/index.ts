import { DurableObject } from 'cloudflare:workers'
export class Namespace extends DurableObject {}
export class BucketIndex extends DurableObject {}
export class System extends DurableObject {}
export class JobRunner extends DurableObject {}
export default {
  async fetch() {
    return new Response('ok')
  },
}
