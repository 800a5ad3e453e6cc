/** Who pays for the requests to a bucket and what they transfer. */
export const PAYERS = ['BucketOwner', 'Requester'] as const
export type Payer = (typeof PAYERS)[number]

/** Whether transfers take a faster way, which here they cannot: kept and given back. */
export const ACCELERATIONS = ['Enabled', 'Suspended'] as const
export type Acceleration = (typeof ACCELERATIONS)[number]
