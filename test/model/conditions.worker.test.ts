import { describe, expect, test } from 'vitest'
import { judgeRead, judgeWrite } from '../../src/model/conditions'

const found = { etag: 'a', modifiedMillis: 10_500 }

describe('conditions of a read', () => {
  test('a true If-Match overrules a false If-Unmodified-Since', () => {
    expect(judgeRead(found, { ifMatch: ['a'], ifUnmodifiedSinceSeconds: 1 })).toBe('go')
  })
  test('a false If-None-Match overrules a true If-Modified-Since', () => {
    expect(judgeRead(found, { ifNoneMatch: ['a'], ifModifiedSinceSeconds: 1 })).toBe('unchanged')
  })
  test('dates compare in whole seconds', () => {
    expect(judgeRead(found, { ifModifiedSinceSeconds: 10 })).toBe('unchanged')
    expect(judgeRead(found, { ifUnmodifiedSinceSeconds: 10 })).toBe('go')
    expect(judgeRead(found, { ifUnmodifiedSinceSeconds: 9 })).toBe('If-Unmodified-Since')
  })
})

describe('conditions of a write', () => {
  test('If-None-Match: * lets only the first writer pass', () => {
    expect(judgeWrite(undefined, { ifNoneMatch: ['*'] })).toBe('go')
    expect(judgeWrite(found, { ifNoneMatch: ['*'] })).toBe('If-None-Match')
  })
  test('If-Match tells a missing object from a changed one', () => {
    expect(judgeWrite(undefined, { ifMatch: ['a'] })).toBe('missing')
    expect(judgeWrite(found, { ifMatch: ['b'] })).toBe('If-Match')
    expect(judgeWrite(found, { ifMatch: ['*'] })).toBe('go')
  })
})
