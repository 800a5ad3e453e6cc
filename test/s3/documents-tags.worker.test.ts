import { describe, expect, test } from 'vitest'
import {
  MAX_BUCKET_TAGS,
  MAX_OBJECT_TAGS,
  readTagging,
  readTaggingHeader,
  taggingElements,
} from '../../src/dialects/s3/wire-tags'
import { readVersioning, versioningElements } from '../../src/dialects/s3/wire-versioning'
import type { Tag } from '../../src/model/tags'
import { refusal, stored, written } from '../support/documents'

const tagging = (...tags: [string, string][]) =>
  `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`
const numbered = (count: number) => Array.from({ length: count }, (_, i): Tag => [`key${i}`, String(i)])
const header = (value: string) => readTaggingHeader(new Headers({ 'x-amz-tagging': value }))

describe('tags', () => {
  test('come back as they were put, in their order, with their spaces', () => {
    for (const tags of [
      [],
      [
        ['b', '2'],
        ['a', ''],
        ['10', 'x'],
        ['9', ' y '],
      ],
      [['__proto__', 'é+-=._:/@ ']],
    ] as Tag[][]) {
      const text = tagging(...tags)
      expect(written('Tagging', taggingElements(stored(readTagging(text, MAX_OBJECT_TAGS))))).toBe(text)
    }
  })

  test('of a pretty-printed document with a namespace are the same', () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>
      <Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <TagSet>
          <Tag>
            <Key>Project</Key>
            <Value>Project One</Value>
          </Tag>
          <Tag><Value>jsmith</Value><Key>User</Key></Tag>
        </TagSet>
      </Tagging>`
    expect(readTagging(text, MAX_OBJECT_TAGS)).toEqual([
      ['Project', 'Project One'],
      ['User', 'jsmith'],
    ])
  })

  test('may be as many and as long as S3 lets them', () => {
    expect(readTagging(tagging(...numbered(10)), MAX_OBJECT_TAGS)).toEqual(numbered(10))
    expect(readTagging(tagging(...numbered(50)), MAX_BUCKET_TAGS)).toEqual(numbered(50))
    expect(refusal(() => readTagging(tagging(['k'.repeat(128), 'v'.repeat(256)]), MAX_OBJECT_TAGS))).toBe('accepted')
  })

  test.each([
    ['11 of an object', tagging(...numbered(11)), MAX_OBJECT_TAGS, '400 BadRequest'],
    ['51 of a bucket', tagging(...numbered(51)), MAX_BUCKET_TAGS, '400 BadRequest'],
    ['a long key', tagging(['k'.repeat(129), '']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['a long value', tagging(['k', 'v'.repeat(257)]), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['an empty key', tagging(['', 'v']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['a character of the key', tagging(['a*b', 'v']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['a character of the value', tagging(['a', 'b&#x9;c']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['a key twice', tagging(['a', '1'], ['a', '2']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['a key of the system', tagging(['AWS:name', '1']), MAX_OBJECT_TAGS, '400 InvalidTag'],
    ['no set', '<Tagging/>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['no value', '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>', 10, '400 MalformedXML'],
    ['two sets', '<Tagging><TagSet/><TagSet/></Tagging>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['an unknown element', '<Tagging><TagSet><Tog/></TagSet></Tagging>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['a text in between', '<Tagging><TagSet>a</TagSet></Tagging>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['another root', '<Tags/>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['an open end', '<Tagging>', MAX_OBJECT_TAGS, '400 MalformedXML'],
    ['nothing', ' ', MAX_OBJECT_TAGS, '400 MissingRequestBodyError'],
  ])('are refused for %s', (_, text, max, answer) => {
    expect(refusal(() => readTagging(text, max))).toBe(answer)
  })

  test('in a header are a query', () => {
    expect(readTaggingHeader(new Headers())).toBeUndefined()
    expect(header('')).toEqual([])
    expect(header('a=1&b&c+d=x%20%3D+y&e=f=g&')).toEqual([
      ['a', '1'],
      ['b', ''],
      ['c d', 'x = y'],
      ['e', 'f=g'],
    ])
    expect(header('%C3%A9=%C3%BC')).toEqual([['é', 'ü']])
  })

  test.each([
    ['a=1&a=2', '400 InvalidArgument'],
    ['a=%zz', '400 InvalidArgument'],
    ['a=%ff', '400 InvalidArgument'],
    ['=x', '400 InvalidTag'],
    ['a*=1', '400 InvalidTag'],
    ['aws:a=1', '400 InvalidTag'],
    [`${'k'.repeat(129)}=1`, '400 InvalidTag'],
    [
      numbered(11)
        .map(pair => pair.join('='))
        .join('&'),
      '400 BadRequest',
    ],
  ])('in the header %s are refused', (value, answer) => {
    expect(refusal(() => header(value))).toBe(answer)
  })
})

describe('versioning', () => {
  const document = (inner: string) => `<VersioningConfiguration>${inner}</VersioningConfiguration>`

  test('is enabled or suspended, or was never configured', () => {
    for (const state of ['Enabled', 'Suspended'] as const) {
      const text = document(`<Status>${state}</Status>`)
      expect(readVersioning(text)).toBe(state)
      expect(written('VersioningConfiguration', versioningElements(readVersioning(text)))).toBe(text)
    }
    expect(written('VersioningConfiguration', versioningElements(undefined))).toBe(document(''))
  })

  test.each([
    ['<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>', 'accepted'],
    ['<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>', '501 NotImplemented'],
    ['<Status>Enabled</Status><MfaDelete>enabled</MfaDelete>', '400 MalformedXML'],
    ['<Status>enabled</Status>', '400 IllegalVersioningConfigurationException'],
    ['<Status/>', '400 IllegalVersioningConfigurationException'],
    ['', '400 IllegalVersioningConfigurationException'],
    ['<Status>Enabled</Status><Status>Enabled</Status>', '400 MalformedXML'],
  ])('as %s: %s', (inner, answer) => {
    expect(refusal(() => readVersioning(document(inner)))).toBe(answer)
  })
})
