/** What calls in flight are told when their Durable Object is restarted. */
export const RESTARTED = 'wharf restarted this Durable Object'
