// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies write their variables like this
import { describe, expect, test } from 'vitest'
import { readPolicy } from '../../src/auth/policy/read'
import { MalformedPolicy } from '../../src/model/policy'
import { BUCKET, document, statement } from './policy-cases'

const OBJECTS = `arn:aws:s3:::${BUCKET}/*`

function refusal(text: string, kind: 'bucket' | 'identity' = 'bucket'): string {
  try {
    readPolicy(text, kind === 'bucket' ? { kind, bucket: BUCKET } : { kind })
    return ''
  } catch (error) {
    if (error instanceof MalformedPolicy) return error.message
    throw error
  }
}

function refusalOf(members: object, kind?: 'bucket' | 'identity'): string {
  return refusal(document(statement(members)), kind)
}

const NOT_JSON = "Policies must be valid JSON and the first byte must be '{'"
const INVALID_JSON = 'This policy contains invalid Json'
const SYNTAX = 'Invalid policy syntax.'
const ACTION = 'Policy has invalid action'
const RESOURCE = 'Policy has invalid resource'
const PRINCIPAL = 'Invalid principal in policy'
const NOT_APPLICABLE = 'Action does not apply to any resource(s) in statement'
const KEY = 'Policy has an invalid condition key'
const TOO_LARGE = 'Normalized policy document exceeds the maximum allowed size of 20480 bytes'

describe('a document', () => {
  const cases: [text: string, sentence: string][] = [
    ['', NOT_JSON],
    ['[]', NOT_JSON],
    [' {}', NOT_JSON],
    ['{', INVALID_JSON],
    ['{"Statement":[]', INVALID_JSON],
    ['{"Statement":[],"Statement":[]}', INVALID_JSON],
    ['{}', 'Missing required field Statement'],
    ['{"Statement":[]}', 'Could not parse the policy: Statement is empty!'],
    ['{"Statement":"x"}', SYNTAX],
    ['{"Statement":[null]}', SYNTAX],
    ['{"Statement":[[]]}', SYNTAX],
    ['{"Version":"2012-10-18","Statement":[]}', 'The policy must contain a valid version string'],
    ['{"Version":2012,"Statement":[]}', 'The policy must contain a valid version string'],
    ['{"Version":"2012-10-17","Extra":1,"Statement":[]}', 'Unknown field Extra'],
    ['{"version":"2012-10-17","Statement":[]}', 'Unknown field version'],
    ['{"__proto__":{"Statement":[]}}', 'Unknown field __proto__'],
    [`{"Id":7,"Statement":${JSON.stringify([statement()])}}`, SYNTAX],
    [`{"Statement":${'['.repeat(40_000)}`, INVALID_JSON],
    [`{"Statement":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, SYNTAX],
    [`{"Statement":${'['.repeat(20_400)}${']'.repeat(20_400)}}`, TOO_LARGE],
    [`{"Statement":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`, 'Unknown field a'],
    [`{"Id":"${'x'.repeat(20_480)}","Statement":{}}`, TOO_LARGE],
    [`{"Id":"${'ü'.repeat(10_240)}","Statement":{}}`, TOO_LARGE],
    [`{${' '.repeat(50_000)}}`, TOO_LARGE],
  ]
  test.each(cases)('%.60s is refused', (text, sentence) => {
    expect(refusal(text)).toBe(sentence)
  })
  test('may be spaced out, hold one statement without brackets, and go without a version', () => {
    expect(refusal(JSON.stringify({ Id: 'x', Statement: statement({ Sid: 'one' }) }, undefined, 8))).toBe('')
    expect(refusal(JSON.stringify({ Version: '2008-10-17', Statement: [statement()] }))).toBe('')
  })
})

describe("a bucket's statement", () => {
  const accepted: object[] = [
    { Principal: { AWS: '*' } },
    { Principal: { AWS: ['*'] } },
    { Principal: { AWS: ['arn:aws:iam::111122223333:root', '444455556666'] } },
    { Principal: { AWS: 'arn:aws:iam::test:user/some/path/tester' } },
    { Principal: { AWS: 'arn:aws:iam:::user/testid' } },
    { Principal: { AWS: 'arn:aws:sts::111122223333:assumed-role/role/session' } },
    { Principal: { CanonicalUser: '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be' } },
    { Principal: { Service: 'logging.s3.amazonaws.com' } },
    { Principal: undefined, NotPrincipal: { AWS: '111122223333' }, Effect: 'Deny' },
    { Action: '*' },
    { Action: ['S3:GETobject', 's3:Get*', 's3:?ist*'] },
    { Action: undefined, NotAction: 's3:DeleteObject' },
    { Resource: undefined, NotResource: OBJECTS },
    { Resource: 'arn:aws:s3:::*' },
    { Resource: 'arn:aws:s3:::exam*ket/*' },
    { Resource: `arn:aws:s3::*:${BUCKET}` },
    { Resource: `arn:aws:s3:::${BUCKET}/\${aws:username}/*` },
    { Resource: 'arn:aws:s3:::${aws:username}/*' },
    { Action: 's3:ListBucket', Resource: [`arn:aws:s3:::${BUCKET}`] },
    { Condition: {} },
    { Condition: { StringEquals: { 's3:ExistingObjectTag/a b': ['x', 1, true] } } },
    { Condition: { NumericLessThan: { 's3:max-keys': 10 }, Bool: { 'AWS:SecureTransport': false } } },
    { Condition: { 'ForAllValues:StringLikeIfExists': { 's3:RequestObjectTagKeys': ['a*'] } } },
    { Condition: { IpAddress: { 'aws:SourceIp': [] } } },
    { Condition: { DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z', 'aws:EpochTime': 1e9 } } },
    { Condition: { BinaryEquals: { 'aws:x': 'QmluYXJ5' }, ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::*' } } },
    { Condition: { Null: { 'aws:TokenIssueTime': 'true' } } },
  ]
  test.each(accepted)('with %j is accepted', members => {
    expect(refusalOf(members)).toBe('')
  })

  const refused: [members: object, sentence: string][] = [
    [{ Effect: undefined }, 'Missing required field Effect'],
    [{ Effect: 'allow' }, 'Invalid effect: allow'],
    [{ Effect: true }, SYNTAX],
    [{ Sid: 1 }, SYNTAX],
    [{ Extra: 1 }, 'Unknown field Extra'],
    [{ Principal: undefined }, 'Missing required field Principal'],
    [{ Principal: 'arn:aws:iam::111122223333:root' }, PRINCIPAL],
    [{ Principal: {} }, PRINCIPAL],
    [{ Principal: [] }, PRINCIPAL],
    [{ Principal: null }, PRINCIPAL],
    [{ Principal: { AWS: [] } }, PRINCIPAL],
    [{ Principal: { AWS: '' } }, PRINCIPAL],
    [{ Principal: { AWS: 'arn:aws:iam::111122223333:user/*' } }, PRINCIPAL],
    [{ Principal: { AWS: 'arn:aws:iam::*:root' } }, PRINCIPAL],
    [{ Principal: { AWS: '11112222*' } }, PRINCIPAL],
    [{ Principal: { AWS: 'arn:aws:s3:::b' } }, PRINCIPAL],
    [{ Principal: { aws: '*' } }, PRINCIPAL],
    [{ Principal: { Service: '*' } }, PRINCIPAL],
    [{ NotPrincipal: { AWS: '1' } }, SYNTAX],
    [{ Principal: undefined, NotPrincipal: { AWS: '1' } }, PRINCIPAL],
    [{ Action: undefined }, 'Missing required field Action'],
    [{ Action: [] }, ACTION],
    [{ Action: 's3:GetObjects' }, ACTION],
    [{ Action: ['s3:GetObject', 's3:Nothing*'] }, ACTION],
    [{ Action: 'GetObject' }, ACTION],
    [{ Action: 'ec2:*' }, ACTION],
    [{ Action: 'admin:*' }, ACTION],
    [{ Action: 's3:ListAllMyBuckets' }, ACTION],
    [{ Action: 's3:CreateBucket' }, ACTION],
    [{ Action: 7 }, ACTION],
    [{ NotAction: 's3:GetObject' }, SYNTAX],
    [{ Resource: undefined }, 'Missing required field Resource'],
    [{ Resource: [] }, RESOURCE],
    [{ Resource: '*' }, RESOURCE],
    [{ Resource: 'examplebucket/*' }, RESOURCE],
    [{ Resource: 'arn:aws:s3:::other/*' }, RESOURCE],
    [{ Resource: 'arn:aws:s3:::examplebucket2' }, RESOURCE],
    [{ Resource: ['arn:aws:s3:::examplebucket', 'arn:aws:s3:::'] }, RESOURCE],
    [{ Resource: 'arn:aws:s3:us-east-1::examplebucket' }, RESOURCE],
    [{ Resource: `${OBJECTS}\${aws:username` }, 'The policy contains a policy variable that does not end.'],
    [{ Resource: OBJECTS + 'x'.repeat(2100) }, 'The policy contains a value of more than 2048 characters.'],
    [{ Action: 's3:ListBucket', Resource: OBJECTS }, NOT_APPLICABLE],
    [{ Action: ['s3:GetObject', 's3:GetBucketLocation'], Resource: OBJECTS }, NOT_APPLICABLE],
    [{ Action: 's3:GetObject', Resource: `arn:aws:s3:::${BUCKET}` }, NOT_APPLICABLE],
    [{ Condition: [] }, SYNTAX],
    [{ Condition: { StringEquals: 'x' } }, SYNTAX],
    [{ Condition: { StringEquals: { 's3:prefix': { a: 1 } } } }, SYNTAX],
    [{ Condition: { StringEquals: { 's3:prefix': null } } }, SYNTAX],
    [{ Condition: { stringequals: { 's3:prefix': 'x' } } }, 'Invalid Condition type : stringequals'],
    [{ Condition: { StringEqual: {} } }, ''],
    [{ Condition: { NullIfExists: { 's3:prefix': 'true' } } }, 'Invalid Condition type : NullIfExists'],
    [
      { Condition: { 'ForSomeValues:StringEquals': { 's3:prefix': 'x' } } },
      'Invalid Condition type : ForSomeValues:StringEquals',
    ],
    [{ Condition: { StringEquals: { 's3:nothing': 'x' } } }, KEY],
    [{ Condition: { StringEquals: { prefix: 'x' } } }, KEY],
    [{ Condition: { StringEquals: { 's3:ExistingObjectTag': 'x' } } }, KEY],
    [{ Condition: { StringEquals: { 's3:ExistingObjectTag/': 'x' } } }, KEY],
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0' } } }, 'Invalid IP address in Conditions'],
    [
      { Condition: { NumericEquals: { 's3:max-keys': '1e3' } } },
      'Invalid value in Conditions for operator NumericEquals',
    ],
    [
      { Condition: { DateEquals: { 'aws:CurrentTime': 'soon' } } },
      'Invalid value in Conditions for operator DateEquals',
    ],
    [{ Condition: { Bool: { 'aws:SecureTransport': 'yes' } } }, 'Invalid value in Conditions for operator Bool'],
    [{ Condition: { ArnLike: { 'aws:SourceArn': '*' } } }, 'Invalid value in Conditions for operator ArnLike'],
    [{ Condition: { BinaryEquals: { 'aws:x': 'a b' } } }, 'Invalid value in Conditions for operator BinaryEquals'],
  ]
  test.each(refused)('with %j is answered: %s', (members, sentence) => {
    expect(refusalOf(members)).toBe(sentence)
  })
  test('cannot smuggle anything in by __proto__', () => {
    const at = (place: string) => document(statement({ [place]: 'MARK' })).replace('"MARK"', '{"__proto__":{"a":"b"}}')
    expect(refusal(at('Condition'))).toBe('Invalid Condition type : __proto__')
    expect(refusal(at('Principal'))).toBe(PRINCIPAL)
    const condition = document(statement({ Condition: { StringEquals: 'MARK' } })).replace(
      '"MARK"',
      '{"__proto__":"x"}',
    )
    expect(refusal(condition)).toBe(KEY)
  })
  test('may be one of very many, but not with any number of wildcards', () => {
    const statements = Array.from({ length: 80 }, () => statement({ Action: 's3:G*t?b*', Resource: OBJECTS }))
    expect(refusal(document(...statements))).toBe('')
    expect(refusalOf({ Action: Array(498).fill('s3:*') })).toBe('')
    expect(refusalOf({ Action: Array(499).fill('s3:*') })).toBe('The policy contains more than 500 wildcards.')
    const escaped = document(statement({ Sid: '*'.repeat(501) })).replaceAll('*', '\\u002a')
    expect(refusal(escaped)).toBe('The policy contains more than 500 wildcards.')
    expect(refusalOf({ Resource: `${OBJECTS}${'${*}'.repeat(1000)}` })).toBe('')
  })
})

describe("a user's statement", () => {
  const accepted: object[] = [
    { Resource: '*' },
    { Resource: 'arn:aws:s3:::anything/*' },
    { Resource: 'arn:minio:kms:::key' },
    { Action: ['s3:ListAllMyBuckets', 's3:CreateBucket', 'admin:ServerInfo', 'sts:AssumeRole', 'kms:*'] },
    { Action: ['admin:*'], Resource: undefined },
    { Condition: { StringEquals: { 'jwt:groups': 'x', 'ldap:user': '${aws:username}' } } },
  ]
  test.each(accepted)('with %j is accepted', members => {
    expect(refusalOf({ Principal: undefined, ...members }, 'identity')).toBe('')
  })
  const refused: [members: object, sentence: string][] = [
    [{ Principal: '*' }, 'Policy document should not specify a principal.'],
    [{ NotPrincipal: { AWS: '1' } }, 'Policy document should not specify a principal.'],
    [{ Action: 's3:Nothing' }, ACTION],
    [{ Action: 'nothing' }, ACTION],
    [{ Action: ['admin:*', 's3:*'], Resource: undefined }, 'Missing required field Resource'],
    [{ Resource: 'bucket' }, RESOURCE],
  ]
  test.each(refused)('with %j is answered: %s', (members, sentence) => {
    expect(refusalOf({ Principal: undefined, ...members }, 'identity')).toBe(sentence)
  })
})
