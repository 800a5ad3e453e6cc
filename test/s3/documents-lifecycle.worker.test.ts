import { describe, expect, test } from 'vitest'
import {
  abortHeaders,
  expirationHeader,
  lifecycleElements,
  lifecycleHeaders,
  readLifecycle,
} from '../../src/dialects/s3/wire-lifecycle'
import {
  actionFor,
  DAY_MILLIS,
  type LifecycleRule,
  type LifecycleVersion,
  mustAbort,
  type Transition,
} from '../../src/model/lifecycle'
import { compact, refusal, stored, written } from '../support/documents'

const NO_HEADERS = new Headers()
const document = (...rules: string[]) =>
  `<LifecycleConfiguration>${rules.map(rule => `<Rule>${rule}</Rule>`).join('')}</LifecycleConfiguration>`
const read = (text: string) => readLifecycle(text, NO_HEADERS)

const RULE = '<ID>a</ID><Prefix>p/</Prefix><Status>Enabled</Status>'
const DAYS = '<Expiration><Days>1</Days></Expiration>'
const enabled = (inner: string) => document(`<ID>a</ID>${inner}<Status>Enabled</Status>${DAYS}`)
const acting = (inner: string) => document(RULE + inner)

describe('a lifecycle', () => {
  // AWS's own examples, in the order in which we write elements.
  test.each([
    document(
      `<ID>id1</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>
       <Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition>
       <Expiration><Days>2555</Days></Expiration>`,
      `<ID>id2</ID><Filter><And><Prefix>tax/</Prefix><Tag><Key>b</Key><Value>2</Value></Tag>
         <Tag><Key>a</Key><Value>1</Value></Tag><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan>
         <ObjectSizeLessThan>64000</ObjectSizeLessThan></And></Filter><Status>Disabled</Status>
       <Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>
       <Transition><Days>90</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>`,
    ),
    document(
      `<ID>x</ID><Filter></Filter><Status>Enabled</Status>
       <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
       <NoncurrentVersionTransition><NewerNoncurrentVersions>3</NewerNoncurrentVersions><NoncurrentDays>1</NoncurrentDays>
         <StorageClass>GLACIER_IR</StorageClass></NoncurrentVersionTransition>
       <NoncurrentVersionExpiration><NewerNoncurrentVersions>5</NewerNoncurrentVersions><NoncurrentDays>30</NoncurrentDays>
       </NoncurrentVersionExpiration>
       <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
    ),
    document(
      `<ID>b</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>
       <Expiration><Date>2014-10-01T00:00:00.000Z</Date></Expiration>`,
      '<ID>a</ID><Filter><Tag><Key>k</Key><Value></Value></Tag></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>',
      '<ID>c</ID><Prefix></Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>',
      '<ID>d</ID><Filter><ObjectSizeLessThan>1</ObjectSizeLessThan></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>',
    ),
  ])('comes back as it was put (%#)', text => {
    expect(written('LifecycleConfiguration', lifecycleElements(stored(read(text))))).toBe(compact(text))
  })

  test('gives names to rules without one', () => {
    const nameless = `<ID></ID><Filter/><Status>Enabled</Status>${DAYS}`
    const { rules } = read(document(nameless, nameless.replace('<ID></ID>', '')))
    expect(new Set(rules.map(({ id }) => id).filter(id => id.length > 8)).size).toBe(2)
  })

  test('says how small objects may be that move', () => {
    const header = 'x-amz-transition-default-minimum-object-size'
    const lifecycle = (value?: string) =>
      lifecycleHeaders(readLifecycle(acting(DAYS), new Headers(value === undefined ? {} : { [header]: value })))
    expect(lifecycle()).toEqual({ [header]: 'all_storage_classes_128K' })
    expect(lifecycle('varies_by_storage_class')).toEqual({ [header]: 'varies_by_storage_class' })
    expect(refusal(() => lifecycle('none'))).toBe('400 InvalidArgument')
  })

  const size = (above: number, below: number) =>
    `<Filter><And><ObjectSizeGreaterThan>${above}</ObjectSizeGreaterThan><ObjectSizeLessThan>${below}</ObjectSizeLessThan></And></Filter>`
  const moves = (time: string, storageClass: string) =>
    `<Transition>${time}<StorageClass>${storageClass}</StorageClass></Transition>`
  const tag = '<Tag><Key>k</Key><Value>v</Value></Tag>'
  const date = (text: string) => `<Expiration><Date>${text}</Date></Expiration>`

  test.each([
    ['no rules', document(), '400 MalformedXML'],
    ['too many rules', document(...Array(1001).fill(`<Filter/><Status>Enabled</Status>${DAYS}`)), '400 MalformedXML'],
    [
      'a long id',
      document(`<ID>${'x'.repeat(256)}</ID><Filter/><Status>Enabled</Status>${DAYS}`),
      '400 InvalidArgument',
    ],
    ['an id twice', document(RULE + DAYS, RULE + DAYS), '400 InvalidArgument'],
    ['a status of its own', document(`<Filter/><Status>enabled</Status>${DAYS}`), '400 MalformedXML'],
    ['no status', document(`<Filter/>${DAYS}`), '400 MalformedXML'],
    ['neither filter nor prefix', enabled(''), '400 MalformedXML'],
    ['filter and prefix', enabled('<Filter/><Prefix/>'), '400 MalformedXML'],
    ['two conditions without And', enabled(`<Filter><Prefix>a</Prefix>${tag}</Filter>`), '400 MalformedXML'],
    ['two tags without And', enabled(`<Filter>${tag}${tag.replace('k', 'l')}</Filter>`), '400 MalformedXML'],
    ['a condition beside And', enabled(`<Filter><Prefix/><And>${tag}</And></Filter>`), '400 MalformedXML'],
    ['an empty And', enabled('<Filter><And/></Filter>'), '400 MalformedXML'],
    ['a tag twice', enabled(`<Filter><And>${tag}${tag}</And></Filter>`), '400 InvalidRequest'],
    ['a bad tag', enabled('<Filter><Tag><Key>*</Key><Value/></Tag></Filter>'), '400 InvalidTag'],
    ['sizes of nothing', enabled(size(5, 5)), '400 InvalidRequest'],
    ['a size below nothing', enabled(size(-1, 5)), '400 InvalidArgument'],
    ['a long prefix', enabled(`<Prefix>${'p'.repeat(1025)}</Prefix>`), '400 InvalidArgument'],
    ['no action', acting(''), '400 InvalidRequest'],
    ['an action S3 has not', acting('<Explosion/>'), '400 MalformedXML'],
    ['an empty expiration', acting('<Expiration/>'), '400 MalformedXML'],
    ['days and a date', acting('<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>'), '400 MalformedXML'],
    ['no days', acting('<Expiration><Days>0</Days></Expiration>'), '400 InvalidArgument'],
    ['half days', acting('<Expiration><Days>1.5</Days></Expiration>'), '400 MalformedXML'],
    ['days beyond counting', acting('<Expiration><Days>2147483648</Days></Expiration>'), '400 MalformedXML'],
    ['a date of no form', acting(date('20200101')), '400 MalformedXML'],
    ['noon', acting(date('2030-01-01T12:00:00Z')), '400 InvalidArgument'],
    ['midnight elsewhere', acting(date('2030-01-01T00:00:00+02:00')), '400 InvalidArgument'],
    ['midnight, spelled elsewhere', acting(date('2030-01-01T02:00:00+02:00')), 'accepted'],
    ['a date alone', acting(date('2017-09-27')), 'accepted'],
    ['no noncurrent days', acting('<NoncurrentVersionExpiration/>'), '400 MalformedXML'],
    [
      'zero noncurrent days',
      acting('<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>'),
      '400 InvalidArgument',
    ],
    [
      'too many newer versions',
      acting(
        '<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration>',
      ),
      '400 InvalidArgument',
    ],
    [
      'zero days of an upload',
      acting(
        '<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>',
      ),
      '400 InvalidArgument',
    ],
    [
      'uploads with tags',
      document(
        `<Filter>${tag}</Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
      ),
      '400 InvalidRequest',
    ],
    [
      'markers with tags',
      document(
        `<Filter>${tag}</Filter><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`,
      ),
      '400 InvalidRequest',
    ],
    ['a class that is none', acting(moves('<Days>1</Days>', 'STANDARD')), '400 MalformedXML'],
    ['a move without a time', acting(moves('', 'GLACIER')), '400 MalformedXML'],
    ['a move before its time', acting(moves('<Days>-1</Days>', 'GLACIER')), '400 InvalidArgument'],
    [
      'one class twice',
      acting(moves('<Days>1</Days>', 'GLACIER') + moves('<Days>2</Days>', 'GLACIER')),
      '400 InvalidRequest',
    ],
    ['moves by days and dates', acting(moves('<Days>1</Days>', 'GLACIER') + date('2030-01-01')), '400 InvalidRequest'],
    ['expiry before the move', acting(moves('<Days>1</Days>', 'GLACIER') + DAYS), '400 InvalidArgument'],
  ])('is refused for %s', (_, text, answer) => {
    expect(refusal(() => read(text))).toBe(answer)
  })
})

const CREATED = Date.parse('2014-01-15T10:30:00Z')
const at = (text: string) => ({ nowMillis: Date.parse(text), dayMillis: DAY_MILLIS })

const version = (more: Partial<LifecycleVersion> = {}): LifecycleVersion => ({
  key: 'logs/a',
  size: 1_000_000,
  tags: [],
  modifiedMillis: CREATED,
  isLatest: true,
  isDeleteMarker: false,
  isOnlyVersion: true,
  newerNoncurrent: 0,
  ...more,
})
const older = (more: Partial<LifecycleVersion> = {}) =>
  version({ isLatest: false, isOnlyVersion: false, noncurrentSinceMillis: CREATED, ...more })
const marker = (more: Partial<LifecycleVersion> = {}) => version({ isDeleteMarker: true, size: 0, ...more })
const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ id: 'r', enabled: true, filter: {}, ...more })

const expire = { action: 'expire', rule: 'r' } as const
const removeVersion = { action: 'remove-version', rule: 'r' } as const
const removeMarker = { action: 'remove-marker', rule: 'r' } as const
const moveTo = (storageClass: Transition['storageClass']) => ({ action: 'transition', rule: 'r', storageClass })

describe('what a lifecycle does', () => {
  const days = (count: number) => rule({ expiration: { days: count } })

  test('counts days to the next midnight', () => {
    // AWS's example: made on the 15th at 10:30, three days: the 19th at midnight.
    expect(actionFor({ rules: [days(3)] }, version(), at('2014-01-18T23:59:59.999Z'))).toBeUndefined()
    expect(actionFor({ rules: [days(3)] }, version(), at('2014-01-19T00:00:00Z'))).toEqual(expire)
  })

  test('can be tried out in days of seconds', () => {
    const modifiedMillis = CREATED + 1
    const clock = (seconds: number) => ({ nowMillis: modifiedMillis + seconds * 1000, dayMillis: 10_000 })
    const ask = (count: number, seconds: number) =>
      actionFor({ rules: [days(count)] }, version({ modifiedMillis }), clock(seconds))?.action
    expect([ask(1, 9), ask(1, 20), ask(5, 40), ask(5, 60)]).toEqual([undefined, 'expire', undefined, 'expire'])
  })

  const LATER = at('2014-02-01T00:00:00Z')
  const one = (more: Partial<LifecycleRule>) => ({ rules: [rule({ expiration: { days: 1 }, ...more })] })
  const noncurrent = (count: number, newerVersions?: number) =>
    rule({ noncurrentExpiration: { days: count, newerVersions }, expiration: undefined })

  test.each<[string, { rules: LifecycleRule[] }, LifecycleVersion, unknown]>([
    ['expires an object', one({}), version(), expire],
    ['spares others by prefix', one({ filter: { prefix: 'tmp/' } }), version(), undefined],
    ['spares others by an old prefix', one({ filter: undefined, prefix: 'tmp/' }), version(), undefined],
    ['finds its own by an old prefix', one({ filter: undefined, prefix: 'logs/' }), version(), expire],
    ['does nothing while it is disabled', one({ enabled: false }), version(), undefined],
    [
      'looks at tags',
      one({ filter: { tags: [['a', '1']] } }),
      version({
        tags: [
          ['b', ''],
          ['a', '1'],
        ],
      }),
      expire,
    ],
    [
      'looks at the values of tags',
      one({ filter: { tags: [['a', '1']] } }),
      version({ tags: [['a', '2']] }),
      undefined,
    ],
    [
      'wants all tags',
      one({
        filter: {
          tags: [
            ['a', '1'],
            ['b', '1'],
          ],
        },
      }),
      version({ tags: [['a', '1']] }),
      undefined,
    ],
    ['takes larger objects', one({ filter: { sizeAbove: 999_999 } }), version(), expire],
    ['spares objects of that size', one({ filter: { sizeAbove: 1_000_000 } }), version(), undefined],
    ['takes smaller objects', one({ filter: { sizeBelow: 1_000_001 } }), version(), expire],
    ['spares larger objects', one({ filter: { sizeBelow: 1_000_000 } }), version(), undefined],
    ['comes on its date', one({ expiration: { dateMillis: LATER.nowMillis } }), version(), expire],
    ['waits for its date', one({ expiration: { dateMillis: LATER.nowMillis + 1 } }), version(), undefined],
    ['leaves older versions to other rules', one({}), older(), undefined],
    ['removes older versions', { rules: [noncurrent(1)] }, older(), removeVersion],
    ['removes older markers', { rules: [noncurrent(1)] }, older({ isDeleteMarker: true }), removeVersion],
    ['waits for older versions', { rules: [noncurrent(30)] }, older(), undefined],
    ['keeps the newest of them', { rules: [noncurrent(1, 3)] }, older({ newerNoncurrent: 2 }), undefined],
    ['removes what is older than these', { rules: [noncurrent(1, 3)] }, older({ newerNoncurrent: 3 }), removeVersion],
    ['spares the latest by such a rule', { rules: [noncurrent(1)] }, version({ isOnlyVersion: false }), undefined],
    ['does not guess since when', { rules: [noncurrent(1)] }, older({ noncurrentSinceMillis: undefined }), undefined],
    ['removes a lonely marker', one({ expiration: { expiredMarker: true } }), marker(), removeMarker],
    ['removes a lonely marker of age', one({}), marker(), removeMarker],
    ['spares a young one', one({ expiration: { days: 30 } }), marker(), undefined],
    ['spares it when told so', one({ expiration: { expiredMarker: false } }), marker(), undefined],
    [
      'spares markers over versions',
      one({ expiration: { expiredMarker: true } }),
      marker({ isOnlyVersion: false }),
      undefined,
    ],
    ['spares objects by a rule of markers', one({ expiration: { expiredMarker: true } }), version(), undefined],
    ['spares markers by a rule of sizes', one({ filter: { sizeBelow: 5 } }), marker(), undefined],
    [
      'takes the first rule that is due',
      { rules: [rule({ id: 'x', expiration: { days: 99 } }), days(1), rule({ id: 'y', expiration: { days: 1 } })] },
      version(),
      expire,
    ],
  ])('%s', (_, lifecycle, subject, action) => {
    expect(actionFor(lifecycle, subject, LATER)).toEqual(action)
  })

  const transitions = (...list: Transition[]) => ({ rules: [rule({ transitions: list })] })
  const ia: Transition = { storageClass: 'STANDARD_IA', days: 1 }
  const glacier: Transition = { storageClass: 'GLACIER', days: 2 }

  test.each<
    [string, { rules: LifecycleRule[]; transitionMinimum?: 'varies_by_storage_class' }, LifecycleVersion, unknown]
  >([
    ['moves', transitions(ia), version(), moveTo('STANDARD_IA')],
    ['moves on the day itself', transitions({ ...ia, days: 0 }), version(), moveTo('STANDARD_IA')],
    ['moves on a date', transitions({ storageClass: 'GLACIER_IR', dateMillis: 0 }), version(), moveTo('GLACIER_IR')],
    ['moves as far as it may', transitions(glacier, ia), version(), moveTo('GLACIER')],
    ['waits', transitions(ia, { ...glacier, days: 99 }), version(), moveTo('STANDARD_IA')],
    ['stays where it is', transitions(ia), version({ storageClass: 'STANDARD_IA' }), undefined],
    ['never moves back', transitions(ia), version({ storageClass: 'GLACIER_IR' }), undefined],
    ['rather expires', { rules: [rule({ transitions: [ia], expiration: { days: 2 } })] }, version(), expire],
    ['leaves small ones', transitions(ia), version({ size: 131_071 }), undefined],
    [
      'moves small ones where asked by size',
      { rules: [rule({ transitions: [ia], filter: { sizeAbove: 1 } })] },
      version({ size: 2 }),
      moveTo('STANDARD_IA'),
    ],
    [
      'moves small ones into archives',
      { ...transitions(ia, glacier), transitionMinimum: 'varies_by_storage_class' },
      version({ size: 2 }),
      moveTo('GLACIER'),
    ],
    ['moves no markers', transitions(ia), marker(), undefined],
    ['moves no older versions by this', transitions(ia), older(), undefined],
    [
      'moves older versions',
      { rules: [rule({ noncurrentTransitions: [{ storageClass: 'GLACIER', days: 1 }] })] },
      older(),
      moveTo('GLACIER'),
    ],
    [
      'keeps the newest',
      { rules: [rule({ noncurrentTransitions: [{ storageClass: 'GLACIER', days: 1, newerVersions: 1 }] })] },
      older(),
      undefined,
    ],
  ])('to classes: %s', (_, lifecycle, subject, action) => {
    expect(actionFor(lifecycle, subject, LATER)).toEqual(action)
  })
})

describe('what answers tell of a lifecycle', () => {
  test('is when an object expires, and by which rule', () => {
    const rules = [
      rule({ id: 'late', expiration: { days: 30 } }),
      rule({ id: 'off', enabled: false, expiration: { days: 1 } }),
      rule({ id: 'elsewhere', filter: { prefix: 'x' }, expiration: { days: 1 } }),
      rule({ id: 'the "3" days', expiration: { days: 3 } }),
      rule({ id: 'marker', expiration: { expiredMarker: true } }),
    ]
    expect(expirationHeader({ rules }, version())).toBe(
      'expiry-date="Sun, 19 Jan 2014 00:00:00 GMT", rule-id="the%20%223%22%20days"',
    )
    const midnight = Date.parse('2014-01-15T00:00:00Z')
    expect(
      expirationHeader({ rules: [rule({ expiration: { days: 1 } })] }, version({ modifiedMillis: midnight })),
    ).toBe('expiry-date="Thu, 16 Jan 2014 00:00:00 GMT", rule-id="r"')
    expect(expirationHeader({ rules: [rule({ expiration: { dateMillis: midnight } })] }, version())).toBe(
      'expiry-date="Wed, 15 Jan 2014 00:00:00 GMT", rule-id="r"',
    )
    expect(expirationHeader({ rules: [rule({ expiration: { days: 2_147_483_647 } })] }, version())).toContain('9999')
    expect(expirationHeader({ rules: [] }, version())).toBeUndefined()
    expect(expirationHeader(undefined, version())).toBeUndefined()
  })

  test('is when an upload is aborted', () => {
    const upload = { key: 'logs/a', initiatedMillis: CREATED }
    const lifecycle = {
      rules: [rule({ id: 'w', abortUploadDays: 7 }), rule({ filter: { prefix: 'x' }, abortUploadDays: 1 })],
    }
    expect(abortHeaders(lifecycle, upload)).toEqual({
      'x-amz-abort-date': 'Thu, 23 Jan 2014 00:00:00 GMT',
      'x-amz-abort-rule-id': 'w',
    })
    expect(abortHeaders({ rules: [] }, upload)).toEqual({})
    expect(mustAbort(lifecycle, upload, at('2014-01-22T23:59:59Z'))).toBe(false)
    expect(mustAbort(lifecycle, upload, at('2014-01-23T00:00:00Z'))).toBe(true)
  })
})
