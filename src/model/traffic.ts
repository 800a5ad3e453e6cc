export const COUNTED_METHODS = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE'] as const
export type CountedMethod = (typeof COUNTED_METHODS)[number]

/** Requests and how long they took altogether, until the answer began. */
export interface Tally {
  count: number
  millis: number
}

/** What went through the door. */
export interface Traffic {
  /** Of bodies whose length was announced. */
  receivedBytes: number
  sentBytes: number
  methods: Record<CountedMethod, { total: Tally; success: Tally }>
}

export function noTraffic(): Traffic {
  const methods = Object.fromEntries(
    COUNTED_METHODS.map(method => [method, { total: { count: 0, millis: 0 }, success: { count: 0, millis: 0 } }]),
  ) as Traffic['methods']
  return { receivedBytes: 0, sentBytes: 0, methods }
}

/** Adds the second to the first. */
export function addTraffic(sum: Traffic, { receivedBytes, sentBytes, methods }: Traffic): void {
  sum.receivedBytes += receivedBytes
  sum.sentBytes += sentBytes
  for (const method of COUNTED_METHODS) {
    addTally(sum.methods[method].total, methods[method].total)
    addTally(sum.methods[method].success, methods[method].success)
  }
}

function addTally(sum: Tally, { count, millis }: Tally): void {
  sum.count += count
  sum.millis += millis
}
