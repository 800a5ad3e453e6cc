import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bounds } from '../../durable-objects/bucket-index/listing'
import { nextAfter, pastPrefix } from '../../src/model/key-order'
import { freshBucket, s3, texts } from '../support/s3'
import { nastyText } from './texts'

const inBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

describe('the order of keys', () => {
  const text = nastyText({ maxLength: 6 })
  // Keys that begin alike, and prefixes that some of them begin with.
  const pair = fc.oneof(
    fc.tuple(text, text),
    fc.tuple(text, text).map(([prefix, rest]): [string, string] => [prefix, prefix + rest]),
    fc.tuple(text, text, text).map(([prefix, one, other]): [string, string] => [prefix + one, prefix + other]),
  )

  test('has nothing between a key and the one after it', () => {
    fc.assert(
      fc.property(pair, ([key, other]) => {
        expect(inBytes(nextAfter(key), key)).toBe(1)
        expect(inBytes(other, nextAfter(key)) >= 0).toBe(inBytes(other, key) > 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('has all that begin with a prefix below its end, and nothing else between', () => {
    fc.assert(
      fc.property(pair, ([prefix, key]) => {
        const isInside = inBytes(key, prefix) >= 0 && inBytes(key, pastPrefix(prefix)) < 0
        expect(isInside).toBe(key.startsWith(prefix))
      }),
      { numRuns: 2000 },
    )
  })

  test('gives a listing its first key, and where it ends', () => {
    fc.assert(
      fc.property(pair, pair, fc.boolean(), ([prefix, key], [start], isPast) => {
        const { low, high } = bounds({ prefix, ...(isPast ? { past: start } : { after: start }) })
        const isAfter = start === '' || (inBytes(key, start) > 0 && !(isPast && key.startsWith(start)))
        expect(inBytes(key, low) >= 0 && inBytes(key, high) < 0).toBe(key.startsWith(prefix) && isAfter)
      }),
      { numRuns: 2000 },
    )
  })
})

interface Ask {
  prefix: string
  delimiter: string
  start: string
}

/** What a listing shows, in its order: keys, and common prefixes with a mark before them. */
function listedByModel(keys: string[], { prefix, delimiter, start }: Ask): string[] {
  const shown = new Set<string>()
  const commonPrefixOf = (key: string): string | undefined => {
    const place = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    return place < 0 || !key.startsWith(prefix) ? undefined : key.slice(0, place + delimiter.length)
  }
  const startsUnder = commonPrefixOf(start) === start ? start : undefined
  for (const key of keys.toSorted(inBytes)) {
    if (!key.startsWith(prefix) || (start !== '' && inBytes(key, start) <= 0)) continue
    const common = commonPrefixOf(key)
    if (common !== undefined && common === startsUnder) continue
    shown.add(common === undefined ? `key ${key}` : `prefix ${common}`)
  }
  return [...shown]
}

interface Page {
  keys: string[]
  prefixes: string[]
  next: Record<string, string> | undefined
}

/** One page by the door, asked for as clients do. */
async function page(bucket: string, version: 1 | 2, query: Record<string, string>): Promise<Page> {
  const asked = { 'encoding-type': 'url', ...query, ...(version === 2 ? { 'list-type': '2' } : {}) }
  const answer = await s3('GET', `/${bucket}`, { query: asked })
  const text = await answer.text()
  expect([answer.status, text.slice(0, 200)]).toEqual([200, expect.stringContaining('ListBucketResult')])
  const keys = texts(text, 'Key').map(decodeURIComponent)
  const prefixes = texts(text.slice(text.indexOf('<CommonPrefixes>')), 'Prefix').map(decodeURIComponent)
  const [isTruncated] = texts(text, 'IsTruncated')
  const [token = ''] = texts(text, 'NextContinuationToken')
  const marker = texts(text, 'NextMarker').map(decodeURIComponent)[0] ?? keys.at(-1) ?? ''
  const next: Record<string, string> = version === 2 ? { 'continuation-token': token } : { marker }
  return {
    keys,
    prefixes: text.includes('<CommonPrefixes>') ? prefixes : [],
    next: isTruncated === 'true' ? next : undefined,
  }
}

/** All pages after one another, each held against the model's. */
async function walk(bucket: string, version: 1 | 2, keys: string[], ask: Ask, limit: number): Promise<void> {
  const { prefix, delimiter, start } = ask
  const expected = listedByModel(keys, ask)
  const fixed: Record<string, string> = { prefix, delimiter, 'max-keys': String(limit) }
  let from: Record<string, string> | undefined = { [version === 2 ? 'start-after' : 'marker']: start }
  for (let at = 0; from !== undefined; at += limit) {
    const { keys: listed, prefixes, next }: Page = await page(bucket, version, { ...fixed, ...from })
    const due = expected.slice(at, at + limit)
    expect(listed).toEqual(due.filter(item => item.startsWith('key ')).map(item => item.slice('key '.length)))
    expect(prefixes).toEqual(due.filter(item => item.startsWith('prefix ')).map(item => item.slice('prefix '.length)))
    expect(next !== undefined).toBe(at + limit < expected.length)
    from = next
  }
}

// Few pieces, so that keys share beginnings; a dot alone would be lost on the way to the door, as part of a URL.
const piece = fc.constantFrom(
  'a',
  'b',
  '/',
  '//',
  'a/',
  ' ',
  '+',
  '%',
  '\u0001',
  '\n',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '.x',
)
const joined = (maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc.array(piece, { minLength, maxLength }).map(parts => parts.join(''))

test('every page of every listing is the one of its model', async () => {
  const ask = fc.record({
    prefix: joined(2),
    delimiter: fc.oneof(joined(2), fc.constantFrom('/', '', 'a', '\u{10ffff}')),
    start: joined(3),
  })
  const keys = fc.uniqueArray(joined(5, 1), { minLength: 1, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(
      keys,
      fc.array(fc.tuple(ask, fc.integer({ min: 1, max: 6 })), { minLength: 8, maxLength: 8 }),
      async (keys, asks) => {
        const bucket = await freshBucket()
        const made = await Promise.all(keys.map(key => s3('PUT', `/${bucket}/${key}`, { body: '' })))
        expect(made.map(({ status }) => status)).toEqual(keys.map(() => 200))
        await walk(bucket, 2, keys, { prefix: '', delimiter: '', start: '' }, 1000)
        for (const [i, [ask, limit]] of asks.entries()) await walk(bucket, i % 2 === 0 ? 1 : 2, keys, ask, limit)
      },
    ),
    { numRuns: 20 },
  )
})
