import { describe, expect, test } from 'vitest'
import { accessLogLine, type LoggedRequest } from '../../src/dialects/s3/access-log-line'
import { eventMessage, eventRecord, testMessage } from '../../src/dialects/s3/event-record'
import type { EventName, ObjectEvent } from '../../src/model/event'
import { isoDate, parseIsoDate } from '../../src/wire/iso-date'

const event = (more: Partial<ObjectEvent> = {}): ObjectEvent => ({
  name: 's3:ObjectCreated:Put',
  atMillis: 0,
  bucket: 'amzn-s3-demo-bucket',
  owner: 'A3NL1KOZZKExample',
  region: 'us-west-2',
  key: 'HappyFace.jpg',
  size: 1024,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
  sequencer: '0055AED6DCD90281E5',
  actor: 'AIDAJDPLRKLG7UEXAMPLE',
  sourceIp: '127.0.0.1',
  requestId: 'C3D13FE58DE4C810',
  ...more,
})

describe('an event is told', () => {
  test("in AWS's own form", () => {
    expect(JSON.parse(JSON.stringify(eventMessage(event(), 'testConfigRule')))).toEqual({
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          awsRegion: 'us-west-2',
          eventTime: '1970-01-01T00:00:00.000Z',
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: 'AIDAJDPLRKLG7UEXAMPLE' },
          requestParameters: { sourceIPAddress: '127.0.0.1' },
          responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810', 'x-amz-id-2': 'C3D13FE58DE4C810' },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'testConfigRule',
            bucket: {
              name: 'amzn-s3-demo-bucket',
              ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
              arn: 'arn:aws:s3:::amzn-s3-demo-bucket',
            },
            object: {
              key: 'HappyFace.jpg',
              size: 1024,
              eTag: 'd41d8cd98f00b204e9800998ecf8427e',
              versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
              sequencer: '0055AED6DCD90281E5',
            },
          },
        },
      ],
    })
  })

  test('without what a removal has not', () => {
    const removed = event({ name: 's3:ObjectRemoved:Delete', size: undefined, etag: undefined, versionId: undefined })
    expect(JSON.parse(JSON.stringify(eventRecord(removed, 'r').s3.object))).toEqual({
      key: 'HappyFace.jpg',
      sequencer: '0055AED6DCD90281E5',
    })
  })

  test('with a key that a form can carry', () => {
    expect(eventRecord(event({ key: 'red flowers/a+b%é&=.jpg' }), 'r').s3.object.key).toBe(
      'red+flowers/a%2Bb%25%C3%A9%26%3D.jpg',
    )
  })

  test('with where a transition led, and without a source where a rule did it', () => {
    const moved = eventRecord(
      event({ name: 's3:LifecycleTransition', storageClass: 'GLACIER', sourceIp: undefined }),
      'r',
    )
    expect(moved.lifecycleEventData).toEqual({ transitionEventData: { destinationStorageClass: 'GLACIER' } })
    expect(moved.requestParameters.sourceIPAddress).toBe('s3.amazonaws.com')
  })

  test.each<[EventName, string, string]>([
    ['s3:ObjectCreated:CompleteMultipartUpload', 'ObjectCreated:CompleteMultipartUpload', '2.1'],
    ['s3:ObjectRemoved:DeleteMarkerCreated', 'ObjectRemoved:DeleteMarkerCreated', '2.1'],
    ['s3:Replication:OperationNotTracked', 'Replication:OperationNotTracked', '2.2'],
    ['s3:LifecycleExpiration:Delete', 'LifecycleExpiration:Delete', '2.3'],
    ['s3:ObjectTagging:Put', 'ObjectTagging:Put', '2.3'],
    ['s3:ObjectRestore:Post', 'ObjectRestore:Post', '2.1'],
    ['s3:ObjectRestore:Delete', 'ObjectRestore:Delete', '2.3'],
  ])('%s', (name, eventName, eventVersion) => {
    expect(eventRecord(event({ name }), 'r')).toMatchObject({ eventName, eventVersion })
  })

  test('once for trial', () => {
    expect(testMessage('b', { nowMillis: 0, requestId: 'r' })).toEqual({
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '1970-01-01T00:00:00.000Z',
      Bucket: 'b',
      RequestId: 'r',
      HostId: 'r',
    })
  })
})

const OWNER = '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be'
const request = (more: Partial<LoggedRequest> = {}): LoggedRequest => ({
  owner: OWNER,
  bucket: 'amzn-s3-demo-bucket1',
  atMillis: Date.parse('2019-02-06T00:00:38.999Z'),
  remoteIp: '192.0.2.3',
  requester: OWNER,
  requestId: '3E57427F3EXAMPLE',
  operation: 'REST.GET.VERSIONING',
  requestLine: 'GET /amzn-s3-demo-bucket1?versioning HTTP/1.1',
  status: 200,
  bytesSent: 113,
  totalMillis: 7,
  userAgent: 'S3Console/0.4',
  hostId: 's9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=',
  signatureVersion: 'SigV4',
  cipherSuite: 'ECDHE-RSA-AES128-GCM-SHA256',
  authType: 'AuthHeader',
  host: 'amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com',
  tlsVersion: 'TLSV1.2',
  aclRequired: true,
  region: 'us-east-1',
  ...more,
})

/** The fields of a line, as those who read logs split it. */
const fields = (line: string) => line.match(/\[[^\]]*\]|"[^"]*"|\S+/g) ?? []

describe('a line of the access log', () => {
  test('is as in the documentation of AWS', () => {
    expect(accessLogLine(request())).toBe(
      `${OWNER} amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 ${OWNER} 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - Yes us-east-1`,
    )
  })

  test('has a dash for what is unknown', () => {
    const bare = accessLogLine({
      bucket: 'b',
      atMillis: 0,
      requestId: 'r',
      operation: 'REST.GET.OBJECT',
      requestLine: 'GET /b/k HTTP/1.1',
      status: 403,
      errorCode: 'AccessDenied',
      bytesSent: 0,
    })
    expect(bare).toBe(
      '- b [01/Jan/1970:00:00:00 +0000] - - r REST.GET.OBJECT - "GET /b/k HTTP/1.1" 403 AccessDenied - - - - "-" "-" - - - - - - - - - -',
    )
    expect(fields(bare)).toHaveLength(27)
  })

  test('tells size, times, version and key', () => {
    const line = fields(
      accessLogLine(request({ key: 'a b/ü%', objectSize: 0, totalMillis: 0, turnAroundMillis: 3, versionId: 'v1' })),
    )
    expect(decodeURIComponent(decodeURIComponent(line[7] ?? ''))).toBe('a b/ü%')
    expect([line[12], line[13], line[14], line[17]]).toEqual(['0', '0', '3', 'v1'])
    const removed = fields(accessLogLine(request({ key: 'a b/ü%', operation: 'BATCH.DELETE.OBJECT' })))
    expect(decodeURIComponent(removed[7] ?? '')).toBe('a b/ü%')
  })

  test('stays one line of as many fields, whatever the client sends', () => {
    const nasty = 'a" "b\r\nc\u0000 "'
    const line = accessLogLine(
      request({ userAgent: nasty, referer: nasty, requestLine: nasty, key: nasty, host: nasty, versionId: nasty }),
    )
    expect(line).not.toMatch(/[\x00-\x1f]/)
    expect(fields(line)).toHaveLength(27)
    expect(fields(line)[16]).toBe('"a%22 %22b%0D%0Ac%00 %22"')
  })
})

describe('an ISO date', () => {
  test.each<[string, string | undefined]>([
    ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T03:04:05.678901Z', '2030-01-02T03:04:05.678Z'],
    [' 2030-01-02T03:04Z ', '2030-01-02T03:04:00.000Z'],
    ['2030-01-02T03:04:05-01:30', '2030-01-02T04:34:05.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2030-02-29', undefined],
    ['2030-04-31T00:00:00Z', undefined],
    ['2030-13-01', undefined],
    ['2030-01-02T24:00:00Z', undefined],
    ['2030-01-02T03:04:05', undefined],
    ['20300102T030405Z', undefined],
    ['1893553445', undefined],
    ['', undefined],
  ])('%s', (text, read) => {
    const millis = parseIsoDate(text)
    expect(millis === undefined ? undefined : isoDate(millis)).toBe(read)
  })
})
