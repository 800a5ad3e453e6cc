/** Somebody who may read the logs: an account by its id or its address, or a group. */
export interface LogGrant {
  id?: string
  displayName?: string
  email?: string
  group?: string
  permission: LogPermission
}

export const LOG_PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE'] as const
export type LogPermission = (typeof LOG_PERMISSIONS)[number]

export const PARTITION_DATES = ['EventTime', 'DeliveryTime'] as const

/** Where the log of a bucket's requests goes. */
export interface AccessLogging {
  targetBucket: string
  targetPrefix: string
  grants?: LogGrant[]
  /** How the keys of logs are made; unsaid is simple. */
  keyFormat?: 'simple' | 'partitioned'
  /** Of which time a partitioned key speaks. */
  partitionDate?: (typeof PARTITION_DATES)[number]
}
