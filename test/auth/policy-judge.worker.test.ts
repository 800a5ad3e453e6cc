// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies write their variables like this
import { describe, expect, test } from 'vitest'
import { contextKeysOf, intersect, judgePolicies, judgePolicy } from '../../src/auth/policy/judge'
import { MANAGED_POLICY_NAMES, managedPolicy, managedPolicyText, scopedPolicy } from '../../src/auth/policy/managed'
import { isPublicPolicy } from '../../src/auth/policy/public'
import { readPolicy, resourceArn } from '../../src/auth/policy/read'
import type { Policy, Verdict } from '../../src/model/policy'
import { ask, BUCKET, bucketPolicy, DAVE, identityPolicy, NOBODY, ROOT, statement, user } from './policy-cases'

const OBJECTS = `arn:aws:s3:::${BUCKET}/*`

/** Source of the policies: S3 user guide, "Examples of Amazon S3 bucket policies" and "Examples using condition keys". */
describe("AWS's own examples", () => {
  test('a CDN may be the only referer', () => {
    const policy = bucketPolicy(
      statement({
        Action: ['s3:GetObject', 's3:GetObjectVersion'],
        Resource: OBJECTS,
        Condition: { StringLike: { 'aws:Referer': ['http://www.example.com/*', 'http://example.com/*'] } },
      }),
    )
    const from = (referer?: string) =>
      judgePolicy(
        policy,
        ask('GetObject', { key: 'a', principal: NOBODY, values: referer ? { 'aws:referer': [referer] } : {} }),
      )
    expect([from('http://www.example.com/x'), from('http://evil.com/'), from()]).toEqual(['allow', 'none', 'none'])
  })

  test('plain HTTP is denied', () => {
    const policy = bucketPolicy(statement({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }))
    const over = (secure: string) =>
      judgePolicy(policy, ask('ListBucket', { values: { 'aws:securetransport': [secure] } }))
    expect([over('false'), over('true')]).toEqual(['deny', 'none'])
  })

  test('a range of addresses is let in, one of them is not', () => {
    const policy = bucketPolicy(
      statement({
        Condition: {
          IpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:DB8:1234:5678::/64'] },
          NotIpAddress: { 'aws:SourceIp': ['192.0.2.188/32', '2001:DB8:1234:5678:ABCD::/80'] },
        },
      }),
    )
    const from = (ip: string) => judgePolicy(policy, ask('GetObject', { key: 'a', values: { 'aws:sourceip': [ip] } }))
    expect(from('192.0.2.1')).toBe('allow')
    expect(from('192.0.2.188')).toBe('none')
    expect(from('2001:db8:1234:5678::1')).toBe('allow')
    expect(from('2001:db8:1234:5678:abcd::1')).toBe('none')
    expect(from('nonsense')).toBe('none')
  })

  test('uploads must give the bucket owner full control', () => {
    const policy = bucketPolicy(
      statement({
        Principal: { AWS: '111122223333' },
        Action: 's3:PutObject',
        Resource: OBJECTS,
        Condition: { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } },
      }),
      statement({
        Effect: 'Deny',
        Principal: { AWS: 'arn:aws:iam::111122223333:user/Dave' },
        Action: 's3:PutObject',
        Resource: OBJECTS,
        Condition: { StringNotEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } },
      }),
    )
    const by = (acl?: string) =>
      judgePolicy(policy, ask('PutObject', { key: 'a', values: acl ? { 's3:x-amz-acl': [acl] } : {} }))
    expect([by('bucket-owner-full-control'), by('private'), by()]).toEqual(['allow', 'deny', 'deny'])
  })

  test('objects with a tag alone can be read, and nobody can put another tag on', () => {
    const policy = bucketPolicy(
      statement({
        Action: 's3:GetObject',
        Resource: OBJECTS,
        Condition: { StringEquals: { 's3:ExistingObjectTag/environment': 'production' } },
      }),
      statement({
        Action: 's3:PutObjectTagging',
        Resource: OBJECTS,
        Condition: { 'ForAllValues:StringLike': { 's3:RequestObjectTagKeys': ['Owner', 'CreationDate'] } },
      }),
    )
    const tagged = (values: Record<string, string[]>) => judgePolicy(policy, ask('GetObject', { key: 'a', values }))
    expect(tagged({ 's3:existingobjecttag/environment': ['production'] })).toBe('allow')
    expect(tagged({ 's3:existingobjecttag/Environment': ['production'] })).toBe('none')
    expect(tagged({})).toBe('none')
    const put = (keys: string[]) =>
      judgePolicy(policy, ask('PutObjectTagging', { key: 'a', values: { 's3:requestobjecttagkeys': keys } }))
    expect([put(['Owner']), put(['Owner', 'Secret']), put([])]).toEqual(['allow', 'none', 'allow'])
    expect(contextKeysOf(policy)).toEqual(new Set(['s3:existingobjecttag/environment', 's3:requestobjecttagkeys']))
  })

  test('everybody but one is kept out', () => {
    const policy = bucketPolicy(statement({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: DAVE.arns } }))
    const of = (principal = DAVE) => judgePolicy(policy, ask('GetObject', { key: 'a', principal }))
    expect([of(), of(user('111122223333', 'Jane')), of(NOBODY), of(ROOT)]).toEqual(['none', 'deny', 'deny', 'deny'])
  })

  test('each user has a home', () => {
    const policy = identityPolicy(
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: resourceArn(BUCKET),
        Condition: { StringLike: { 's3:prefix': ['home/${aws:username}/*'] } },
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: resourceArn(BUCKET, 'home/${aws:username}/*'),
      },
    )
    const list = (prefix: string) => judgePolicy(policy, ask('ListBucket', { values: { 's3:prefix': [prefix] } }))
    expect([list('home/Dave/'), list('home/Jane/'), list('')]).toEqual(['allow', 'none', 'none'])
    const get = (key: string, principal = DAVE) => judgePolicy(policy, ask('GetObject', { key, principal }))
    expect([get('home/Dave/a'), get('home/Jane/a'), get('home//a', NOBODY)]).toEqual(['allow', 'none', 'none'])
    expect(get('home/Jane/a', user('1', '*'))).toBe('none')
    expect(contextKeysOf(policy)).toEqual(new Set(['s3:prefix', 'aws:username']))
  })
})

describe('operators', () => {
  const HOLDS = true
  const FAILS = false
  const cases: [operator: string, wanted: unknown, actual: string[] | undefined, outcome: boolean][] = [
    ['StringEquals', 'a', ['a'], HOLDS],
    ['StringEquals', ['x', 'a'], ['a'], HOLDS],
    ['StringEquals', 'A', ['a'], FAILS],
    ['StringEquals', 'a*', ['ab'], FAILS],
    ['StringEquals', 'a', undefined, FAILS],
    ['StringEquals', '', [''], HOLDS],
    ['StringNotEquals', ['x', 'y'], ['a'], HOLDS],
    ['StringNotEquals', ['x', 'a'], ['a'], FAILS],
    ['StringNotEquals', 'a', undefined, HOLDS],
    ['StringNotEquals', 'a', ['a', 'b'], FAILS],
    ['StringEqualsIgnoreCase', 'AB', ['aB'], HOLDS],
    ['StringNotEqualsIgnoreCase', 'AB', ['aB'], FAILS],
    ['StringLike', 'a?c*', ['abcd'], HOLDS],
    ['StringLike', 'A*', ['abcd'], FAILS],
    ['StringNotLike', 'a*', ['abcd'], FAILS],
    ['StringEqualsIfExists', 'a', undefined, HOLDS],
    ['StringEqualsIfExists', 'a', ['b'], FAILS],
    ['StringEqualsIfExists', 'a', [], HOLDS],
    ['NumericEquals', '10', ['10.0'], HOLDS],
    ['NumericNotEquals', '10', ['10'], FAILS],
    ['NumericNotEquals', '10', ['x'], HOLDS],
    ['NumericLessThan', 10, ['9'], HOLDS],
    ['NumericLessThan', 10, ['10'], FAILS],
    ['NumericLessThanEquals', 10, ['10'], HOLDS],
    ['NumericGreaterThan', -5, ['-4.5'], HOLDS],
    ['NumericGreaterThanEquals', '5', ['5'], HOLDS],
    ['NumericGreaterThanEquals', '5', ['x'], FAILS],
    ['NumericLessThan', '5', [''], FAILS],
    ['DateEquals', '2020-01-01T00:00:00Z', ['1577836800'], HOLDS],
    ['DateNotEquals', '2020-01-01', ['2020-01-01T00:00:00Z'], FAILS],
    ['DateLessThan', '2020-01-01T00:00:00Z', ['2019-12-31T23:59:59Z'], HOLDS],
    ['DateLessThanEquals', '2020-01-01T01:00:00+01:00', ['2020-01-01T00:00:00Z'], HOLDS],
    ['DateGreaterThan', '2020-01-01T00:00:00Z', ['2020-01-01T00:00:00.5Z'], HOLDS],
    ['DateGreaterThanEquals', '2020-01-01T00:00:00Z', ['never'], FAILS],
    ['Bool', 'true', ['TRUE'], HOLDS],
    ['Bool', 'true', ['false'], FAILS],
    ['Bool', 'false', undefined, FAILS],
    ['BoolIfExists', 'false', undefined, HOLDS],
    ['BinaryEquals', 'QQ==', ['QQ'], HOLDS],
    ['BinaryEquals', 'QQ==', ['Qg=='], FAILS],
    ['IpAddress', '10.0.0.0/8', ['10.1.2.3'], HOLDS],
    ['IpAddress', '10.0.0.0/8', ['11.1.2.3'], FAILS],
    ['IpAddress', '10.0.0.0/8', undefined, FAILS],
    ['NotIpAddress', '10.0.0.0/8', ['11.1.2.3'], HOLDS],
    ['NotIpAddress', '10.0.0.0/8', ['10.1.2.3'], FAILS],
    ['ArnEquals', 'arn:aws:s3:::b*', ['arn:aws:s3:::bucket'], HOLDS],
    ['ArnLike', 'arn:*:*:*:*:b', ['arn:aws:s3:::b'], HOLDS],
    ['ArnNotEquals', 'arn:aws:s3:::b', ['arn:aws:s3:::c'], HOLDS],
    ['ArnNotLike', 'arn:aws:s3:::*', ['arn:aws:s3:::c'], FAILS],
    ['Null', 'true', undefined, HOLDS],
    ['Null', 'true', ['a'], FAILS],
    ['Null', false, ['a'], HOLDS],
    ['Null', 'false', [], FAILS],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], HOLDS],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], FAILS],
    ['ForAllValues:StringEquals', 'a', undefined, HOLDS],
    ['ForAllValues:StringNotEquals', 'a', ['b', 'c'], HOLDS],
    ['ForAllValues:StringNotEquals', 'a', ['a', 'c'], FAILS],
    ['ForAnyValue:StringEquals', 'a', ['b', 'a'], HOLDS],
    ['ForAnyValue:StringEquals', 'a', ['b', 'c'], FAILS],
    ['ForAnyValue:StringEquals', 'a', undefined, FAILS],
    ['ForAnyValue:StringNotEquals', 'a', ['a', 'c'], HOLDS],
    ['ForAnyValue:StringNotEquals', 'a', undefined, FAILS],
    ['ForAnyValue:StringLikeIfExists', 'a*', undefined, HOLDS],
  ]
  test.each(cases)('%s %j of %j: %s', (operator, wanted, actual, outcome) => {
    const policy = bucketPolicy(statement({ Condition: { [operator]: { 'aws:x': wanted } } }))
    const verdict = judgePolicy(policy, ask('GetObject', { key: 'a', values: actual ? { 'aws:x': actual } : {} }))
    expect(verdict).toBe(outcome ? 'allow' : 'none')
  })
  test('all of a statement hold together', () => {
    const policy = bucketPolicy(
      statement({ Condition: { StringEquals: { 'aws:x': 'a', 'aws:y': 'b' }, NumericEquals: { 'aws:z': '1' } } }),
    )
    const of = (x: string, y: string, z: string) =>
      judgePolicy(policy, ask('GetObject', { key: 'a', values: { 'aws:x': [x], 'aws:y': [y], 'aws:z': [z] } }))
    expect([of('a', 'b', '1'), of('a', 'b', '2'), of('a', 'c', '1'), of('x', 'b', '1')]).toEqual([
      'allow',
      'none',
      'none',
      'none',
    ])
  })
  test('whose variable has no value equal nothing', () => {
    const policy = (effect: string, operator: string) =>
      bucketPolicy(statement({ Effect: effect, Condition: { [operator]: { 's3:prefix': '${aws:username}' } } }))
    const list = (of: Policy) =>
      judgePolicy(of, ask('ListBucket', { principal: NOBODY, values: { 's3:prefix': [''] } }))
    expect(list(policy('Allow', 'StringEquals'))).toBe('none')
    expect(list(policy('Allow', 'StringLike'))).toBe('none')
    expect(list(policy('Deny', 'StringNotEquals'))).toBe('deny')
  })
})

describe('a request', () => {
  test('meets actions in any case, and by what they are not', () => {
    const policy = (members: object) => bucketPolicy(statement(members))
    expect(judgePolicy(policy({ Action: 'S3:getOBJECT' }), ask('GetObject', { key: 'a' }))).toBe('allow')
    expect(judgePolicy(policy({ Action: 's3:GetObject' }), ask('GetObjectAcl', { key: 'a' }))).toBe('none')
    const not = policy({ Action: undefined, NotAction: ['s3:Delete*', 's3:PutBucketPolicy'] })
    expect(judgePolicy(not, ask('GetObject', { key: 'a' }))).toBe('allow')
    expect(judgePolicy(not, ask('DeleteObject', { key: 'a' }))).toBe('none')
  })
  test('meets resources in their case, and by what they are not', () => {
    const policy = bucketPolicy(statement({ Resource: `arn:aws:s3:::${BUCKET}/A*` }))
    expect([
      judgePolicy(policy, ask('GetObject', { key: 'Ab' })),
      judgePolicy(policy, ask('GetObject', { key: 'ab' })),
    ]).toEqual(['allow', 'none'])
    const not = bucketPolicy(
      statement({ Effect: 'Deny', Resource: undefined, NotResource: `arn:aws:s3:::${BUCKET}/public/*` }),
    )
    expect(judgePolicy(not, ask('GetObject', { key: 'public/a' }))).toBe('none')
    expect(judgePolicy(not, ask('GetObject', { key: 'private/a' }))).toBe('deny')
    expect(judgePolicy(not, ask('ListBucket'))).toBe('deny')
  })
  test('by nobody meets only what is for everyone', () => {
    const naming = (Principal: unknown) =>
      judgePolicy(bucketPolicy(statement({ Principal })), ask('GetObject', { key: 'a', principal: NOBODY }))
    expect(naming('*')).toBe('allow')
    expect(naming({ AWS: ['x', '*'] })).toBe('allow')
    expect(naming({ AWS: 'anonymous' })).toBe('none')
    expect(naming({ CanonicalUser: 'anonymous' })).toBe('none')
  })
  test('asks for values only where everything else already fits', () => {
    const policy = bucketPolicy(
      statement({
        Action: 's3:GetObject',
        Resource: OBJECTS,
        Condition: { StringEquals: { 'S3:ExistingObjectTag/A': 'x' } },
      }),
    )
    const asked: string[] = []
    const context = (key: string) => {
      asked.push(key)
      return undefined
    }
    judgePolicy(policy, { ...ask('PutObject', { key: 'a' }), context })
    expect(asked).toEqual([])
    judgePolicy(policy, { ...ask('GetObject', { key: 'a' }), context })
    expect(asked).toEqual(['s3:existingobjecttag/A'])
  })
  test('knows by itself who asks, and its context cannot say otherwise', () => {
    const policy = bucketPolicy(statement({ Condition: { StringEquals: { 'aws:username': 'Jane' } } }))
    expect(judgePolicy(policy, ask('ListBucket', { values: { 'aws:username': ['Jane'] } }))).toBe('none')
    expect(judgePolicy(policy, ask('ListBucket', { principal: user('1', 'Jane') }))).toBe('allow')
    const arn = bucketPolicy(
      statement({ Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:user/*' } } }),
    )
    expect([judgePolicy(arn, ask('ListBucket')), judgePolicy(arn, ask('ListBucket', { principal: NOBODY }))]).toEqual([
      'allow',
      'none',
    ])
  })
  test('of version 2008-10-17 sees no variables', () => {
    const text = JSON.stringify({ Statement: [statement({ Resource: `arn:aws:s3:::${BUCKET}/\${aws:username}` })] })
    const policy = readPolicy(text, { kind: 'bucket', bucket: BUCKET })
    expect(judgePolicy(policy, ask('GetObject', { key: 'Dave' }))).toBe('none')
    expect(judgePolicy(policy, ask('GetObject', { key: '${aws:username}' }))).toBe('allow')
  })
  test('HEAD of a bucket is a listing, unless a policy names it', () => {
    const listing = identityPolicy({ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' })
    expect(judgePolicy(listing, ask('HeadBucket'))).toBe('allow')
    const heading = identityPolicy({ Effect: 'Allow', Action: 's3:HeadBucket', Resource: '*' })
    expect([judgePolicy(heading, ask('HeadBucket')), judgePolicy(heading, ask('ListBucket'))]).toEqual([
      'allow',
      'none',
    ])
  })
  test('meets several policies: deny beats allow, and silence is silence', () => {
    const allow = identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*' })
    const deny = identityPolicy({ Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' })
    const remove = ask('DeleteObject', { key: 'a' })
    expect(judgePolicies([allow, deny], remove)).toBe('deny')
    expect(judgePolicies([deny, allow], ask('GetObject', { key: 'a' }))).toBe('allow')
    expect(judgePolicies([], remove)).toBe('none')
  })
  test('is allowed by layers only where each allows', () => {
    const cases: [Verdict[], Verdict][] = [
      [['allow', 'allow'], 'allow'],
      [['allow', 'none'], 'none'],
      [['allow', 'deny'], 'deny'],
      [['none', 'deny'], 'deny'],
      [[], 'none'],
    ]
    for (const [verdicts, outcome] of cases) expect(intersect(verdicts)).toBe(outcome)
  })
})

describe('managed policies', () => {
  /** As the names allowed it before there were documents: patterns of action names, on everything. */
  const BEFORE: Record<string, (action: string) => boolean> = {
    readonly: action => /^(Get|List)/.test(action),
    readwrite: () => true,
    writeonly: action =>
      ['PutObject', 'AbortMultipartUpload', 'ListMultipartUploadParts', 'GetBucketLocation'].includes(action),
    consoleAdmin: () => true,
  }
  test.each(MANAGED_POLICY_NAMES)('%s allows what it always did', name => {
    const policy = managedPolicy(name)
    if (!policy) throw new Error('missing')
    for (const action of [
      'GetObject',
      'ListBucket',
      'ListAllMyBuckets',
      'PutObject',
      'DeleteObject',
      'AbortMultipartUpload',
      'ListMultipartUploadParts',
      'GetBucketLocation',
      'CreateBucket',
      'GetBucketAcl',
    ]) {
      expect(judgePolicy(policy, ask(action, { key: 'a' })), action).toBe(BEFORE[name]?.(action) ? 'allow' : 'none')
    }
    const administers = judgePolicy(policy, { ...ask('x'), action: 'admin:ServerInfo', resource: '' })
    expect(administers).toBe(name === 'consoleAdmin' ? 'allow' : 'none')
  })
  test('that do not exist are none', () => {
    for (const name of ['', 'diagnostics', 'toString', '__proto__']) {
      expect([managedPolicy(name), managedPolicyText(name)]).toEqual([undefined, undefined])
    }
  })
})

describe('a key held to a prefix', () => {
  const actions = [
    'GetObject',
    'GetObjectAcl',
    'PutObject',
    'DeleteObject',
    'ListMultipartUploadParts',
    'AbortMultipartUpload',
  ]
  const RIGHTS = {
    readonly: ['GetObject', 'GetObjectAcl', 'ListMultipartUploadParts'],
    readwrite: actions,
    writeonly: ['PutObject', 'ListMultipartUploadParts', 'AbortMultipartUpload'],
  }
  test.each(['readonly', 'readwrite', 'writeonly'] as const)('%s has its rights under it, and none beside', access => {
    const policy = scopedPolicy({ bucket: BUCKET, prefix: 'team/a/', access })
    const may = (action: string, key?: string, values = {}) =>
      judgePolicy(policy, ask(action, { key, values })) === 'allow'
    for (const action of actions) {
      expect(may(action, 'team/a/x'), action).toBe(RIGHTS[access].includes(action))
      for (const key of ['team/a', 'team/b/x', 'team/ab', 'x/team/a/x']) expect(may(action, key), key).toBe(false)
    }
    const lists = access !== 'writeonly'
    for (const action of ['ListBucket', 'ListBucketVersions', 'ListBucketMultipartUploads']) {
      expect(may(action, undefined, { 's3:prefix': ['team/a/'] })).toBe(lists)
      expect(may(action, undefined, { 's3:prefix': ['team/a/deep'] })).toBe(lists)
      expect(may(action, undefined, { 's3:prefix': ['team/'] })).toBe(false)
      expect(may(action, undefined, { 's3:prefix': [''] })).toBe(false)
      expect(may(action)).toBe(false)
    }
    expect([may('HeadBucket'), may('GetBucketLocation')]).toEqual([lists, true])
    for (const action of ['GetBucketPolicy', 'PutBucketAcl', 'DeleteBucket', 'ListAllMyBuckets'])
      expect(may(action), action).toBe(false)
    const elsewhere = { ...ask('GetObject'), resource: resourceArn('examplebucket2', 'team/a/x') }
    expect(judgePolicy(policy, elsewhere)).toBe('none')
  })
  test('may have wildcards and dollars in its prefix, which mean themselves', () => {
    const policy = scopedPolicy({ bucket: BUCKET, prefix: 'a*b?${aws:username}"\\/', access: 'readwrite' })
    const may = (key: string) => judgePolicy(policy, ask('PutObject', { key })) === 'allow'
    expect([may('a*b?${aws:username}"\\/x'), may('axb?${aws:username}"\\/x'), may('a*b?Dave"\\/x')]).toEqual([
      true,
      false,
      false,
    ])
  })
  test('may be held to the whole bucket', () => {
    const policy = scopedPolicy({ bucket: BUCKET, prefix: '', access: 'readonly' })
    expect([judgePolicy(policy, ask('ListBucket')), judgePolicy(policy, ask('GetObject', { key: 'x' }))]).toEqual([
      'allow',
      'allow',
    ])
  })
  test('may have the longest prefix there is', () => {
    const policy = scopedPolicy({ bucket: BUCKET, prefix: '*'.repeat(1023), access: 'readonly' })
    expect(judgePolicy(policy, ask('GetObject', { key: `${'*'.repeat(1023)}x` }))).toBe('allow')
  })
})

/** Source: S3 user guide, "Blocking public access to your Amazon S3 storage", The meaning of "public". */
describe('a policy counts as public', () => {
  const cases: [members: object, isPublic: boolean][] = [
    [{}, true],
    [{ Principal: { AWS: '*' } }, true],
    [{ Principal: { AWS: ['1', '*'] } }, true],
    [{ Principal: { AWS: '111122223333' } }, false],
    [{ Principal: { Service: 'cloudtrail.amazonaws.com' } }, false],
    [{ Effect: 'Deny' }, false],
    [{ Condition: { StringLike: { 'aws:SourceVpc': 'vpc-*' } } }, true],
    [{ Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-91237329' } } }, false],
    [{ Condition: { StringEquals: { 'aws:SourceVpc': ['vpc-1', '${aws:username}'] } } }, true],
    [{ Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-91237329' } } }, true],
    [{ Condition: { StringEqualsIfExists: { 'aws:SourceVpc': 'vpc-91237329' } } }, true],
    [{ Condition: { 'ForAllValues:StringEquals': { 'aws:SourceVpc': 'vpc-91237329' } } }, true],
    [{ Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }, false],
    [{ Condition: { StringLike: { 'aws:Referer': 'http://example.com/' } } }, true],
    [{ Condition: { StringEquals: { 's3:prefix': 'x' } } }, true],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/32' } } }, false],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, false],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/7' } } }, true],
    [{ Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.1', '0.0.0.0/0'] } } }, true],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } } }, false],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '2001::/31' } } }, true],
    [{ Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, true],
  ]
  test.each(cases)('%j: %s', (members, isPublic) => {
    expect(isPublicPolicy(bucketPolicy(statement(members)))).toBe(isPublic)
    const quiet = statement({ Principal: { AWS: '111122223333' } })
    expect(isPublicPolicy(bucketPolicy(quiet, statement(members)))).toBe(isPublic)
  })
})
