import { describe, expect, test } from 'vitest'
import { corsHeaders, preflight, putCorsHeaders } from '../../src/dialects/s3/cors'
import { S3Error } from '../../src/dialects/s3/s3-error'
import { corsElements, readCors } from '../../src/dialects/s3/wire-cors'
import type { CorsRule } from '../../src/model/cors'
import { MalformedXml, writeXml } from '../../src/wire/xml'

const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/** The rules of Ceph's conformance tests. */
const RULES: CorsRule[] = [
  { methods: ['GET'], origins: ['*suffix'] },
  { methods: ['GET'], origins: ['start*end'] },
  { methods: ['GET'], origins: ['prefix*'] },
  { methods: ['PUT'], origins: ['*.put'] },
]

function ask(rules: CorsRule[] | undefined, headers: Record<string, string>): Headers | string {
  try {
    const answer = preflight(rules, new Headers(headers))
    expect(answer.status).toBe(200)
    return answer.headers
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

/** What the answer to an actual request allows: origin and methods. */
function allowed(rules: CorsRule[] | undefined, method: string, headers: Record<string, string>): string | undefined {
  const answer = corsHeaders(rules, { method, headers: new Headers(headers) })
  return answer && `${answer.get('access-control-allow-origin')} ${answer.get('access-control-allow-methods')}`
}

describe('an answer to a script of another site', () => {
  test('tells what the first rule that fits allows', () => {
    const cases: [method: string, headers: Record<string, string>, allowed: string | undefined][] = [
      ['GET', {}, undefined],
      ['GET', { origin: 'foo.suffix' }, 'foo.suffix GET'],
      ['GET', { origin: 'foo.SUFFIX' }, undefined],
      ['GET', { origin: 'foo.bar' }, undefined],
      ['GET', { origin: 'foo.suffix.get' }, undefined],
      ['GET', { origin: 'startend' }, 'startend GET'],
      ['GET', { origin: 'start1end' }, 'start1end GET'],
      ['GET', { origin: 'start12end' }, 'start12end GET'],
      ['GET', { origin: 'staend' }, undefined],
      ['GET', { origin: '0start12end' }, undefined],
      ['GET', { origin: 'prefix' }, 'prefix GET'],
      ['GET', { origin: 'prefix.suffix' }, 'prefix.suffix GET'],
      ['GET', { origin: 'bla.prefix' }, undefined],
      ['PUT', { origin: 'foo.suffix', 'access-control-request-method': 'GET' }, 'foo.suffix GET'],
      ['PUT', { origin: 'foo.suffix', 'access-control-request-method': 'PUT' }, undefined],
      ['PUT', { origin: 'foo.suffix', 'access-control-request-method': 'DELETE' }, undefined],
      ['PUT', { origin: 'foo.suffix' }, undefined],
      ['PUT', { origin: 'foo.put' }, 'foo.put PUT'],
      ['HEAD', { origin: 'foo.suffix' }, undefined],
    ]
    for (const [method, headers, expected] of cases) {
      expect([method, headers, allowed(RULES, method, headers)]).toEqual([method, headers, expected])
    }
    expect(allowed(undefined, 'GET', { origin: 'foo.suffix' })).toBeUndefined()
  })

  test('carries all that the rule says, and keeps what it varied by', () => {
    const rule: CorsRule = {
      origins: ['http://a'],
      methods: ['GET', 'HEAD'],
      exposed: ['ETag', 'x-a'],
      maxAgeSeconds: 0,
    }
    const answer = new Headers({ vary: 'Accept', etag: '"x"' })
    putCorsHeaders(answer, corsHeaders([rule], { method: 'GET', headers: new Headers({ origin: 'http://a' }) }))
    expect(Object.fromEntries(answer)).toEqual({
      'access-control-allow-origin': 'http://a',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'ETag, x-a',
      'access-control-max-age': '0',
      etag: '"x"',
      vary: `Accept, ${VARY}`,
    })
    putCorsHeaders(answer, undefined)
    expect(answer.get('vary')).toBe(`Accept, ${VARY}`)
  })

  test('for every origin carries no permission for credentials', () => {
    const headers = corsHeaders([{ origins: ['*'], methods: ['GET'] }], {
      method: 'GET',
      headers: new Headers({ origin: 'http://a' }),
    })
    expect(headers?.get('access-control-allow-origin')).toBe('*')
    expect(headers?.has('access-control-allow-credentials')).toBe(false)
    const both = corsHeaders([{ origins: ['http://a', '*'], methods: ['GET'] }], {
      method: 'GET',
      headers: new Headers({ origin: 'http://a' }),
    })
    expect(both?.get('access-control-allow-origin')).toBe('http://a')
  })
})

describe('a preflight', () => {
  const get = { 'access-control-request-method': 'GET' }

  test('needs an origin and a method', () => {
    expect(ask(RULES, {})).toBe('BadRequest')
    expect(ask(RULES, get)).toBe('BadRequest')
    expect(ask(RULES, { origin: 'foo.suffix' })).toBe('BadRequest')
    expect(ask(RULES, { origin: 'foo.suffix', 'access-control-request-method': 'PATCH' })).toBe('BadRequest')
    expect(ask(undefined, {})).toBe('BadRequest')
  })

  test('without rules, or without one that fits, is forbidden', () => {
    expect(ask(undefined, { origin: 'foo.suffix', ...get })).toBe('AccessForbidden')
    expect(ask([], { origin: 'foo.suffix', ...get })).toBe('AccessForbidden')
    expect(ask(RULES, { origin: 'foo.bar', ...get })).toBe('AccessForbidden')
    expect(ask(RULES, { origin: 'foo.put', ...get })).toBe('AccessForbidden')
  })

  test('is told what it may do', () => {
    const rule: CorsRule = { origins: ['*'], methods: ['PUT', 'GET'], headers: ['*'], maxAgeSeconds: 3600 }
    const names = { 'access-control-request-headers': 'X-Amz-Date,content-type , ' }
    const answer = ask([rule], { origin: 'http://a', ...get, ...names })
    expect(typeof answer === 'string' ? answer : Object.fromEntries(answer)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'PUT, GET',
      'access-control-allow-headers': 'x-amz-date, content-type',
      'access-control-max-age': '3600',
      vary: VARY,
    })
  })

  test('may only name headers that one rule allows together', () => {
    const rules: CorsRule[] = [
      { origins: ['*'], methods: ['GET'], headers: ['X-Amz-*', 'Content-Type'] },
      { origins: ['*'], methods: ['GET'], headers: ['x-*-b'] },
      { origins: ['*'], methods: ['PUT'], headers: ['*'] },
    ]
    const allows = (names: string) =>
      typeof ask(rules, { origin: 'http://a', ...get, 'access-control-request-headers': names }) !== 'string'
    expect(['x-amz-date', 'X-AMZ-DATE, content-type', 'x-a-b', 'x-amz-b', ''].filter(names => !allows(names))).toEqual(
      [],
    )
    expect(['x-amz-date, x-a-b', 'authorization', 'content-type2', 'x-b'].filter(allows)).toEqual([])
    expect(
      ask([{ origins: ['*'], methods: ['GET'] }], { origin: 'a', ...get, 'access-control-request-headers': 'x' }),
    ).toBe('AccessForbidden')
  })
})

describe('a configuration', () => {
  const rule = (content: string) => `<CORSRule>${content}</CORSRule>`
  const least = '<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'
  const read = (...rules: string[]) =>
    readCors(`<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules.join('')}</CORSConfiguration>`)
  const codeOf = (...rules: string[]): string => {
    try {
      read(...rules)
      return ''
    } catch (error) {
      if (error instanceof S3Error) return error.code
      return error instanceof MalformedXml ? 'MalformedXML' : String(error)
    }
  }

  test('comes back as it was given', () => {
    const rules: CorsRule[] = [
      { origins: ['*'], methods: ['GET'] },
      {
        id: 'a & b',
        origins: ['http://*.example.com', 'https://b'],
        methods: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
        headers: ['*', 'x-amz-*'],
        exposed: ['ETag', 'x-amz-request-id'],
        maxAgeSeconds: 0,
      },
    ]
    expect(readCors(writeXml('CORSConfiguration', corsElements(rules)))).toEqual(rules)
    const spaced = `\n  ${rule(`\n <ID></ID>${least.replace('*', ' * ')}\n`)}\n`
    expect(read(spaced)).toEqual([{ origins: ['*'], methods: ['GET'] }])
  })

  test('that breaks a rule of S3 is refused', () => {
    expect(codeOf(rule(least))).toBe('')
    expect(codeOf(...Array.from({ length: 100 }, () => rule(least)))).toBe('')
    const broken: [string[], string][] = [
      [[], 'MalformedXML'],
      [Array.from({ length: 101 }, () => rule(least)), 'MalformedXML'],
      [[rule('')], 'MalformedXML'],
      [[rule('<AllowedOrigin>*</AllowedOrigin>')], 'MalformedXML'],
      [[rule('<AllowedMethod>GET</AllowedMethod>')], 'MalformedXML'],
      [[rule(`${least}<AllowedOrigin></AllowedOrigin>`)], 'MalformedXML'],
      [[rule(`${least}<AllowedOrigin>http://ü</AllowedOrigin>`)], 'MalformedXML'],
      [[rule(`${least}<AllowedOrigin>*.*</AllowedOrigin>`)], 'InvalidRequest'],
      [[rule(`${least}<AllowedMethod>PATCH</AllowedMethod>`)], 'InvalidRequest'],
      [[rule(`${least}<AllowedMethod>get</AllowedMethod>`)], 'InvalidRequest'],
      [[rule(`${least}<AllowedHeader>*-*</AllowedHeader>`)], 'InvalidRequest'],
      [[rule(`${least}<AllowedHeader>a b</AllowedHeader>`)], 'MalformedXML'],
      [[rule(`${least}<ExposeHeader>x-*</ExposeHeader>`)], 'InvalidRequest'],
      [[rule(`${least}<ExposeHeader>a&#13;&#10;b</ExposeHeader>`)], 'MalformedXML'],
      [[rule(`${least}<MaxAgeSeconds>x</MaxAgeSeconds>`)], 'MalformedXML'],
      [[rule(`${least}<MaxAgeSeconds>-1</MaxAgeSeconds>`)], 'MalformedXML'],
      [[rule(`${least}<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>2</MaxAgeSeconds>`)], 'MalformedXML'],
      [[rule(`${least}<ID>${'x'.repeat(256)}</ID>`)], 'InvalidArgument'],
      [[rule(`${least}<Other>x</Other>`)], 'MalformedXML'],
      [[`<Rule>${least}</Rule>`], 'MalformedXML'],
    ]
    for (const [rules, code] of broken) expect([rules.slice(0, 2), codeOf(...rules)]).toEqual([rules.slice(0, 2), code])
    expect(() => readCors('')).toThrow(S3Error)
    expect(() => readCors('<CORSConfiguration><CORSRule></CORSConfiguration>')).toThrow(MalformedXml)
  })
})
