import { describe, expect, test } from 'vitest'
import { loggingElements, readLogging } from '../../src/dialects/s3/wire-logging'
import { notificationElements, readNotifications } from '../../src/dialects/s3/wire-notification'
import {
  accelerationElements,
  readAcceleration,
  readRequestPayment,
  requestPaymentElements,
} from '../../src/dialects/s3/wire-transfer'
import type { EventName } from '../../src/model/event'
import { matches } from '../../src/model/notification'
import { limitBroken, type Quota, readQuota } from '../../src/model/quota'
import { compact, refusal, stored, written } from '../support/documents'

describe('notifications', () => {
  const document = (inner: string) => `<NotificationConfiguration>${inner}</NotificationConfiguration>`
  const topic = (inner: string, id = 'a') =>
    `<TopicConfiguration><Id>${id}</Id><Topic>arn:aws:sns:us-east-1:1:t</Topic>${inner}</TopicConfiguration>`
  const keyFilter = (...rules: [string, string][]) =>
    `<Filter><S3Key>${rules.map(([name, value]) => `<FilterRule><Name>${name}</Name><Value>${value}</Value></FilterRule>`).join('')}</S3Key></Filter>`
  const PUT = '<Event>s3:ObjectCreated:Put</Event>'
  const CREATED = '<Event>s3:ObjectCreated:*</Event>'

  test.each([
    document(''),
    document('<EventBridgeConfiguration></EventBridgeConfiguration>'),
    document(
      `
      <TopicConfiguration>
        <Id>YjVkM2Y0YmUtNGI3NC00ZjQyLWEwNGItNDIyYWUxY2I0N2M4</Id>
        <Topic>arn:aws:sns:us-east-1:account-id:s3notificationtopic2</Topic>
        <Event>s3:ReducedRedundancyLostObject</Event>
        <Event>s3:ObjectCreated:*</Event>
      </TopicConfiguration>
      <QueueConfiguration>
        <Id>1</Id>
        <Queue>arn:aws:sqs:us-west-2:444455556666:s3notificationqueue</Queue>
        <Event>s3:ObjectRemoved:*</Event>
        <Filter><S3Key>
          <FilterRule><Name>Suffix</Name><Value>.jpg</Value></FilterRule>
          <FilterRule><Name>prefix</Name><Value>images/</Value></FilterRule>
        </S3Key></Filter>
      </QueueConfiguration>
      <CloudFunctionConfiguration>
        <Id>ObjectCreatedEvents</Id>
        <CloudFunction>arn:aws:lambda:us-west-2:35667example:function:CreateThumbnail</CloudFunction>
        <Event>s3:ObjectTagging:Put</Event>
        <Filter><S3Key></S3Key></Filter>
      </CloudFunctionConfiguration>
      <EventBridgeConfiguration></EventBridgeConfiguration>`.replaceAll('account-id', '123'),
    ),
  ])('come back as they were put (%#)', text => {
    expect(written('NotificationConfiguration', notificationElements(stored(readNotifications(text))))).toBe(
      compact(text),
    )
  })

  test('get names where they have none, and may go to MinIO targets', () => {
    const [rule] = readNotifications(
      document(`<QueueConfiguration><Queue>arn:minio:sqs::1:webhook</Queue>${PUT}</QueueConfiguration>`),
    ).rules
    expect(rule?.id.length).toBeGreaterThan(8)
    expect(rule?.target).toBe('arn:minio:sqs::1:webhook')
  })

  test.each([
    ['no events', topic(''), '400 MalformedXML'],
    ['an unknown event', topic('<Event>s3:ObjectLost</Event>'), '400 InvalidArgument'],
    ['a wildcard of our own', topic('<Event>s3:*</Event>'), '400 InvalidArgument'],
    ['no target', `<TopicConfiguration>${PUT}</TopicConfiguration>`, '400 MalformedXML'],
    [
      'another target',
      `<TopicConfiguration><Queue>arn:aws:sqs:r:1:q</Queue>${PUT}</TopicConfiguration>`,
      '400 MalformedXML',
    ],
    ['no ARN', `<TopicConfiguration><Topic>t</Topic>${PUT}</TopicConfiguration>`, '400 InvalidArgument'],
    ['another name of a filter', topic(PUT + keyFilter(['infix', 'a'])), '400 InvalidArgument'],
    ['two prefixes', topic(PUT + keyFilter(['prefix', 'a'], ['Prefix', 'b'])), '400 InvalidArgument'],
    ['a long prefix', topic(PUT + keyFilter(['prefix', 'a'.repeat(1025)])), '400 InvalidArgument'],
    ['an id twice', topic(PUT) + topic('<Event>s3:ObjectRemoved:*</Event>'), '400 InvalidArgument'],
    ['a long id', topic(PUT, 'x'.repeat(256)), '400 InvalidArgument'],
    ['the same event twice', topic(PUT) + topic(CREATED, 'b'), '400 InvalidArgument'],
    [
      'overlapping prefixes',
      topic(PUT + keyFilter(['prefix', 'a/'])) + topic(PUT + keyFilter(['prefix', 'a/b'], ['suffix', 'x']), 'b'),
      '400 InvalidArgument',
    ],
    [
      'prefixes apart',
      topic(PUT + keyFilter(['prefix', 'a'])) + topic(CREATED + keyFilter(['prefix', 'b']), 'b'),
      'accepted',
    ],
    [
      'suffixes apart',
      topic(PUT + keyFilter(['suffix', '.jpg'])) + topic(PUT + keyFilter(['suffix', '.png']), 'b'),
      'accepted',
    ],
    ['events apart', topic(PUT) + topic('<Event>s3:ObjectCreated:Copy</Event>', 'b'), 'accepted'],
    ['an unknown element', '<Everything/>', '400 MalformedXML'],
  ])('with %s: %#', (_, inner, answer) => {
    expect(refusal(() => readNotifications(document(inner)))).toBe(answer)
  })

  test.each<[string, EventName, string, boolean]>([
    [PUT, 's3:ObjectCreated:Put', 'k', true],
    [PUT, 's3:ObjectCreated:Copy', 'k', false],
    [CREATED, 's3:ObjectCreated:CompleteMultipartUpload', 'k', true],
    [CREATED, 's3:ObjectRemoved:Delete', 'k', false],
    ['<Event>s3:LifecycleTransition</Event>', 's3:LifecycleTransition', 'k', true],
    ['<Event>s3:LifecycleExpiration:*</Event>', 's3:LifecycleTransition', 'k', false],
    [PUT + keyFilter(['prefix', 'a/'], ['suffix', '.jpg']), 's3:ObjectCreated:Put', 'a/b.jpg', true],
    [PUT + keyFilter(['prefix', 'a/'], ['suffix', '.jpg']), 's3:ObjectCreated:Put', 'a/b.png', false],
    [PUT + keyFilter(['Prefix', 'a/']), 's3:ObjectCreated:Put', 'b/a/', false],
  ])('%s hears of %s of %s: %s', (inner, event, key, heard) => {
    const [rule] = readNotifications(document(topic(inner))).rules
    expect(rule && matches(rule, event, key)).toBe(heard)
  })
})

describe('logging', () => {
  const document = (inner: string) => `<BucketLoggingStatus>${inner}</BucketLoggingStatus>`
  const enabled = (inner: string) => document(`<LoggingEnabled>${inner}</LoggingEnabled>`)
  const TARGET = '<TargetBucket>logs</TargetBucket><TargetPrefix>a/ </TargetPrefix>'
  const grantee = (inner: string) =>
    `<TargetGrants><Grant><Grantee>${inner}</Grantee><Permission>READ</Permission></Grant></TargetGrants>`
  const format = (inner: string) => `<TargetObjectKeyFormat>${inner}</TargetObjectKeyFormat>`
  const TYPES = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type='

  test.each([
    document(''),
    enabled(TARGET),
    enabled('<TargetBucket>logs</TargetBucket><TargetPrefix></TargetPrefix><TargetGrants></TargetGrants>'),
    enabled(
      `${TARGET}<TargetGrants>
        <Grant><Grantee ${TYPES}"AmazonCustomerByEmail"><EmailAddress>user@company.com</EmailAddress></Grantee><Permission>READ</Permission></Grant>
        <Grant><Grantee ${TYPES}"CanonicalUser"><ID>1</ID><DisplayName>one</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        <Grant><Grantee ${TYPES}"Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>WRITE</Permission></Grant>
      </TargetGrants>`,
    ),
    enabled(TARGET + format('<SimplePrefix></SimplePrefix>')),
    enabled(
      TARGET + format('<PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix>'),
    ),
  ])('comes back as it was put (%#)', text => {
    const logging = readLogging(text)
    expect(written('BucketLoggingStatus', loggingElements(logging && stored(logging)))).toBe(compact(text))
  })

  test.each([
    [enabled(''), '400 MalformedXML'],
    [enabled('<TargetBucket>logs</TargetBucket>'), '400 MalformedXML'],
    [enabled(TARGET + format('')), '400 MalformedXML'],
    [enabled(TARGET + format('<SimplePrefix/><PartitionedPrefix/>')), '400 MalformedXML'],
    [
      enabled(TARGET + format('<PartitionedPrefix><PartitionDateSource>Now</PartitionDateSource></PartitionedPrefix>')),
      '400 MalformedXML',
    ],
    [enabled(TARGET + grantee('')), '400 MalformedXML'],
    [enabled(TARGET + grantee('<ID>1</ID><URI>u</URI>')), '400 MalformedXML'],
    [enabled(TARGET + grantee('<ID>1</ID>').replace('READ', 'READ_ACP')), '400 MalformedXML'],
    ['', '400 MissingRequestBodyError'],
  ])('%s is refused: %s', (text, answer) => {
    expect(refusal(() => readLogging(text))).toBe(answer)
  })
})

describe('requester pays, and acceleration', () => {
  test.each(['BucketOwner', 'Requester'])('is paid by %s', payer => {
    const text = `<RequestPaymentConfiguration><Payer>${payer}</Payer></RequestPaymentConfiguration>`
    expect(written('RequestPaymentConfiguration', requestPaymentElements(readRequestPayment(text)))).toBe(text)
  })

  test.each(['Enabled', 'Suspended'])('is %s', status => {
    const text = `<AccelerateConfiguration><Status>${status}</Status></AccelerateConfiguration>`
    expect(written('AccelerateConfiguration', accelerationElements(readAcceleration(text)))).toBe(text)
  })

  test('is the owner and nothing where it was never set', () => {
    expect(requestPaymentElements()).toEqual({ Payer: 'BucketOwner' })
    expect(written('AccelerateConfiguration', accelerationElements(undefined))).not.toContain('Status')
  })

  test('is nothing else', () => {
    const payer = '<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>'
    expect(refusal(() => readRequestPayment(payer))).toBe('400 MalformedXML')
    expect(refusal(() => readAcceleration('<AccelerateConfiguration/>'))).toBe('400 MalformedXML')
  })
})

describe('a quota', () => {
  test.each<[unknown, Quota | undefined]>([
    [{}, {}],
    [{ maxObjects: 0 }, { maxObjects: 0 }],
    [
      { maxObjects: 5, maxBytes: 10 },
      { maxObjects: 5, maxBytes: 10 },
    ],
    [{ maxbytes: 10 }, undefined],
    [{ maxBytes: '10' }, undefined],
    [{ maxBytes: -1 }, undefined],
    [{ maxBytes: 1.5 }, undefined],
    [{ maxBytes: null }, undefined],
    [null, undefined],
    [[], undefined],
    ['10', undefined],
  ])('in JSON as %j', (value, quota) => {
    expect(readQuota(value)).toEqual(quota)
  })

  test.each<[string, Quota, [number, number], [number, number], string | undefined]>([
    ['lets all in without limits', {}, [9, 9], [9, 9], undefined],
    ['fills up to the last byte', { maxObjects: 2, maxBytes: 10 }, [1, 5], [1, 5], undefined],
    ['stops one byte later', { maxObjects: 2, maxBytes: 10 }, [1, 5], [1, 6], 'maxBytes'],
    ['stops one object later', { maxObjects: 2 }, [2, 5], [1, 0], 'maxObjects'],
    ['lets objects be replaced', { maxObjects: 2, maxBytes: 10 }, [2, 10], [0, 0], undefined],
    ['lets a full bucket shrink', { maxObjects: 1, maxBytes: 1 }, [9, 9], [-1, -1], undefined],
    ['lets no full bucket grow', { maxObjects: 9, maxBytes: 1 }, [9, 9], [0, 1], 'maxBytes'],
  ])('%s', (_, quota, [objects, bytes], [moreObjects, moreBytes], broken) => {
    expect(limitBroken(quota, { objects, bytes }, { objects: moreObjects, bytes: moreBytes })).toBe(broken)
  })
})
