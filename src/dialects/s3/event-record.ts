import type { EventName, ObjectEvent } from '../../model/event'
import { isoDate } from '../../wire/iso-date'
import { percentEncode } from '../../wire/percent'

/** What one event is told as. Source: S3 user guide, "Event message structure". */
export interface EventRecord {
  eventVersion: string
  eventSource: string
  awsRegion: string
  eventTime: string
  eventName: string
  userIdentity: { principalId: string }
  requestParameters: { sourceIPAddress: string }
  responseElements: { 'x-amz-request-id': string; 'x-amz-id-2': string }
  s3: {
    s3SchemaVersion: string
    configurationId: string
    bucket: { name: string; ownerIdentity: { principalId: string }; arn: string }
    object: { key: string; size?: number; eTag?: string; versionId?: string; sequencer: string }
  }
  lifecycleEventData?: { transitionEventData: { destinationStorageClass: string } }
}

/** The message that one event makes, for the rule of this id. */
export function eventMessage(event: ObjectEvent, configurationId: string): { Records: EventRecord[] } {
  return { Records: [eventRecord(event, configurationId)] }
}

/** @param configurationId  id of the rule by which somebody is told */
export function eventRecord(event: ObjectEvent, configurationId: string): EventRecord {
  const { name, bucket, owner, size, etag, versionId, sequencer, requestId, storageClass } = event
  return {
    eventVersion: versionOf(name),
    eventSource: 'aws:s3',
    awsRegion: event.region,
    eventTime: isoDate(event.atMillis),
    eventName: name.slice('s3:'.length),
    userIdentity: { principalId: event.actor },
    requestParameters: { sourceIPAddress: event.sourceIp ?? 's3.amazonaws.com' },
    responseElements: { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: { name: bucket, ownerIdentity: { principalId: owner }, arn: `arn:aws:s3:::${bucket}` },
      object: { key: formEncoded(event.key), size, eTag: etag, versionId, sequencer },
    },
    ...(storageClass === undefined
      ? {}
      : { lifecycleEventData: { transitionEventData: { destinationStorageClass: storageClass } } }),
  }
}

/** What a target is sent when a rule that names it is stored. */
export function testMessage(
  bucket: string,
  { nowMillis, requestId }: { nowMillis: number; requestId: string },
): Record<string, string> {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: isoDate(nowMillis),
    Bucket: bucket,
    RequestId: requestId,
    HostId: requestId,
  }
}

const NEWER = [
  's3:LifecycleExpiration',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectTagging',
  's3:ObjectAcl',
]

/** Events that came later to S3 have a later version of the same shape. */
function versionOf(name: EventName): string {
  if (name.startsWith('s3:Replication')) return '2.2'
  return name === 's3:ObjectRestore:Delete' || NEWER.some(family => name.startsWith(family)) ? '2.3' : '2.1'
}

/** As in a form: readers decode `+` to a space. */
function formEncoded(key: string): string {
  return percentEncode(key, { keepSlash: true }).replaceAll('%20', '+')
}
