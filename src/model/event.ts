/** What may happen to objects, by S3's names. */
export const EVENT_NAMES = [
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:ObjectRestore:Post',
  's3:ObjectRestore:Completed',
  's3:ObjectRestore:Delete',
  's3:Replication:OperationFailedReplication',
  's3:Replication:OperationNotTracked',
  's3:Replication:OperationMissedThreshold',
  's3:Replication:OperationReplicatedAfterThreshold',
  's3:LifecycleExpiration:Delete',
  's3:LifecycleExpiration:DeleteMarkerCreated',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectTagging:Put',
  's3:ObjectTagging:Delete',
  's3:ObjectAcl:Put',
  's3:ReducedRedundancyLostObject',
] as const
export type EventName = (typeof EVENT_NAMES)[number]

/** Something that happened to an object, as those who are notified shall hear it. */
export interface ObjectEvent {
  name: EventName
  atMillis: number
  bucket: string
  /** Id of the account that owns the bucket. */
  owner: string
  region: string
  key: string
  /** Of what was written; a removal has none. */
  size?: number
  /** Hex without quotes. */
  etag?: string
  /** As clients see it; undefined where the bucket never kept versions. */
  versionId?: string
  /** In hex of 16 digits and more: of two events of one key, the later one has the greater. */
  sequencer: string
  /** Id of whoever did it. */
  actor: string
  /** Undefined where nobody asked, as when a rule of the bucket did it. */
  sourceIp?: string
  requestId: string
  /** Where a transition led. */
  storageClass?: string
}
