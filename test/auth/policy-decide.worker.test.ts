import { describe, expect, test } from 'vitest'
import { type CannedAcl, cannedGrants } from '../../src/auth/acl/canned'
import { decide, type Matter } from '../../src/auth/policy/decide'
import { scopedPolicy } from '../../src/auth/policy/managed'
import type { Grants, PublicAccessBlock } from '../../src/model/grants'
import type { Policy, Principal } from '../../src/model/policy'
import { ask, BUCKET, bucketPolicy, identityPolicy, NOBODY, ROOT, statement, user } from './policy-cases'

const OWNER = 'owner'
const OTHER = 'other'
const OBJECTS = `arn:aws:s3:::${BUCKET}/*`
const BLOCK_NOTHING: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
}

const everything = identityPolicy({ Effect: 'Allow', Action: 's3:*', Resource: '*' })
const denyGet = identityPolicy({ Effect: 'Deny', Action: 's3:GetObject', Resource: '*' })

type Who = [principal: Principal, own: Matter['identity']['own']]
const PEOPLE = {
  root: [ROOT, 'everything'],
  admin: [user(OWNER, 'admin'), 'everything'],
  worker: [user(OWNER, 'worker'), [everything]],
  intern: [user(OWNER, 'intern'), []],
  'foreign admin': [user(OTHER, 'admin'), 'everything'],
  'foreign intern': [user(OTHER, 'intern'), []],
  stranger: [NOBODY, []],
} satisfies Record<string, Who>
type Person = keyof typeof PEOPLE
const EVERYBODY = Object.keys(PEOPLE) as Person[]

function matter(who: Who, action: string, key: string | undefined, members: Partial<Matter>): Matter {
  const [principal, own] = who
  return {
    ...ask(action, { key, principal }),
    identity: { own, limits: [] },
    bucketOwner: OWNER,
    bucketAcl: acl('private'),
    objectAcl: key === undefined ? undefined : acl('private'),
    ownership: 'ObjectWriter',
    ...members,
  }
}

/** Who of all may do it. */
function whoMay(action: string, members: Partial<Matter> = {}, key: string | undefined = 'k'): Person[] {
  return EVERYBODY.filter(name => decide(matter(PEOPLE[name], action, key, members)) === 'allow')
}

function acl(canned: CannedAcl, owner = OWNER): Grants {
  return cannedGrants(canned, { owner, bucketOwner: OWNER })
}

function allowing(Principal: unknown, members: object = {}): Policy {
  return bucketPolicy(statement({ Principal, ...members }))
}

const OWNERS_OWN: Person[] = ['root', 'admin', 'worker']

describe('who may get an object', () => {
  const foreign = { AWS: `arn:aws:iam::${OTHER}:root` }
  const block = (members: Partial<PublicAccessBlock>) => ({ ...BLOCK_NOTHING, ...members })
  const cases: [about: string, members: Partial<Matter>, people: Person[]][] = [
    ['of a private bucket', {}, OWNERS_OWN],
    ['where there are no ACLs at all', { bucketAcl: undefined, objectAcl: undefined }, OWNERS_OWN],
    [
      'with a public-read ACL',
      { objectAcl: acl('public-read') },
      [...OWNERS_OWN, 'intern', 'foreign admin', 'stranger'],
    ],
    [
      'with an authenticated-read ACL',
      { objectAcl: acl('authenticated-read') },
      [...OWNERS_OWN, 'intern', 'foreign admin'],
    ],
    ['with a public-read ACL on the bucket alone', { bucketAcl: acl('public-read') }, OWNERS_OWN],
    [
      'with a public ACL that does not count',
      { objectAcl: acl('public-read'), ownership: 'BucketOwnerEnforced' },
      OWNERS_OWN,
    ],
    [
      'with a public ACL that is ignored',
      { objectAcl: acl('public-read'), publicAccessBlock: block({ ignorePublicAcls: true }) },
      OWNERS_OWN,
    ],
    [
      'with a public ACL, where only new ones are blocked',
      {
        objectAcl: acl('public-read'),
        publicAccessBlock: block({ blockPublicAcls: true, restrictPublicBuckets: true }),
      },
      [...OWNERS_OWN, 'intern', 'foreign admin', 'stranger'],
    ],
    [
      'with a grant to another account',
      {
        objectAcl: {
          owner: OWNER,
          grants: [...acl('private').grants, { grantee: { account: OTHER }, permission: 'READ' }],
        },
      },
      [...OWNERS_OWN, 'foreign admin'],
    ],
    [
      'with another right for another account',
      {
        objectAcl: {
          owner: OWNER,
          grants: [...acl('private').grants, { grantee: { account: OTHER }, permission: 'READ_ACP' }],
        },
      },
      OWNERS_OWN,
    ],
    ['from which the owner took its own grants', { objectAcl: { owner: OWNER, grants: [] } }, ['root']],
    [
      'from which the owner took its own grants, without effect',
      { objectAcl: { owner: OWNER, grants: [] }, ownership: 'BucketOwnerEnforced' },
      OWNERS_OWN,
    ],
    ['that another account wrote', { objectAcl: acl('private', OTHER) }, ['root', 'foreign admin']],
    [
      'that another account wrote for the bucket owner',
      { objectAcl: acl('bucket-owner-read', OTHER) },
      [...OWNERS_OWN, 'foreign admin'],
    ],
    [
      'that another account wrote, whatever the policy allows',
      { objectAcl: acl('private', OTHER), bucketPolicy: allowing('*') },
      ['root', 'foreign admin'],
    ],
    [
      'that another account wrote, but the bucket owner owns',
      { objectAcl: acl('private', OTHER), ownership: 'BucketOwnerEnforced' },
      OWNERS_OWN,
    ],
    [
      'by a policy for everyone',
      { bucketPolicy: allowing('*') },
      [...OWNERS_OWN, 'intern', 'foreign admin', 'stranger'],
    ],
    [
      'by a policy for everyone, restricted',
      { bucketPolicy: allowing('*'), publicAccessBlock: block({ restrictPublicBuckets: true }) },
      [...OWNERS_OWN, 'intern'],
    ],
    ['by a policy for another account', { bucketPolicy: allowing(foreign) }, [...OWNERS_OWN, 'foreign admin']],
    [
      'by a policy for another account, restricted for nothing',
      { bucketPolicy: allowing(foreign), publicAccessBlock: block({ restrictPublicBuckets: true }) },
      [...OWNERS_OWN, 'foreign admin'],
    ],
    [
      'by a policy for another account beside one for everyone, restricted',
      {
        bucketPolicy: bucketPolicy(statement(), statement({ Principal: foreign })),
        publicAccessBlock: block({ restrictPublicBuckets: true }),
      },
      [...OWNERS_OWN, 'intern'],
    ],
    ["by a policy for the owner's own account", { bucketPolicy: allowing({ AWS: OWNER }) }, OWNERS_OWN],
    [
      "by a policy for a user of the owner's",
      { bucketPolicy: allowing({ AWS: `arn:aws:iam::${OWNER}:user/intern` }) },
      [...OWNERS_OWN, 'intern'],
    ],
    [
      'by a policy for a user of another account',
      { bucketPolicy: allowing({ AWS: `arn:aws:iam::${OTHER}:user/intern` }) },
      OWNERS_OWN,
    ],
    [
      'by a policy for a canonical user',
      { bucketPolicy: allowing({ CanonicalUser: OTHER }) },
      [...OWNERS_OWN, 'foreign admin'],
    ],
    [
      'by a policy about another key',
      { bucketPolicy: allowing('*', { Action: 's3:GetObject', Resource: `${OBJECTS}/other` }) },
      OWNERS_OWN,
    ],
    ['denied to everyone', { bucketPolicy: allowing('*', { Effect: 'Deny' }), objectAcl: acl('public-read') }, []],
    [
      "denied to the owner's account",
      { bucketPolicy: allowing({ AWS: OWNER }, { Effect: 'Deny' }), objectAcl: acl('public-read') },
      ['root', 'foreign admin', 'stranger'],
    ],
    [
      'denied to one',
      { bucketPolicy: allowing({ AWS: `arn:aws:iam::${OWNER}:user/worker` }, { Effect: 'Deny' }) },
      ['root', 'admin'],
    ],
    [
      'allowed and denied',
      {
        bucketPolicy: bucketPolicy(
          statement(),
          statement({ Effect: 'Deny', Action: 's3:GetObject', Resource: OBJECTS }),
        ),
      },
      [],
    ],
    [
      'that another account wrote, denied',
      { objectAcl: acl('public-read', OTHER), bucketPolicy: allowing('*', { Effect: 'Deny' }) },
      [],
    ],
  ]
  test.each(cases)('%s', (_, members, people) => {
    expect(whoMay('GetObject', members)).toEqual(people)
  })
})

describe('who may act on a bucket', () => {
  test('that is public-read-write', () => {
    const members = { bucketAcl: acl('public-read-write') }
    const many: Person[] = [...OWNERS_OWN, 'intern', 'foreign admin', 'stranger']
    for (const action of ['ListBucket', 'HeadBucket', 'ListBucketMultipartUploads'])
      expect(whoMay(action, members, undefined)).toEqual(many)
    for (const action of ['PutObject', 'DeleteObject', 'AbortMultipartUpload'])
      expect(whoMay(action, members), action).toEqual(many)
    for (const action of ['GetBucketAcl', 'PutBucketAcl', 'DeleteBucket', 'GetBucketPolicy'])
      expect(whoMay(action, members, undefined)).toEqual(OWNERS_OWN)
    for (const action of ['DeleteObjectVersion', 'PutObjectAcl', 'PutObjectTagging', 'BypassGovernanceRetention'])
      expect(whoMay(action, members)).toEqual(OWNERS_OWN)
  })
  test('whose owner took its own grants: the ACL is still its to read and write', () => {
    const members = { bucketAcl: { owner: OWNER, grants: [] } }
    expect(whoMay('PutObject', members)).toEqual(['root'])
    expect(whoMay('ListBucket', members, undefined)).toEqual(['root'])
    expect(whoMay('GetObject', members)).toEqual(OWNERS_OWN)
    for (const action of ['GetBucketAcl', 'PutBucketAcl', 'DeleteBucket'])
      expect(whoMay(action, members, undefined)).toEqual(OWNERS_OWN)
  })
  test('whose objects others own: putting over them and deleting them is the bucket’s affair', () => {
    const members = { objectAcl: acl('private', OTHER) }
    expect(whoMay('PutObject', members)).toEqual(OWNERS_OWN)
    expect(whoMay('DeleteObject', members)).toEqual(OWNERS_OWN)
    expect(whoMay('PutObjectAcl', members)).toEqual(['root', 'foreign admin'])
  })
  test('that does not exist yet, or of an account: its own people alone', () => {
    expect(whoMay('CreateBucket', { bucketAcl: undefined }, undefined)).toEqual(OWNERS_OWN)
    const administers = (name: Person) =>
      decide({
        ...matter(PEOPLE[name], 'x', undefined, { bucketOwner: 'wharf' }),
        action: 'admin:ServerInfo',
        resource: '',
      })
    expect(EVERYBODY.filter(name => administers(name) === 'allow')).toEqual(['root'])
  })
  test('whose policy denies everyone everything: root alone can take that back', () => {
    const members = { bucketPolicy: allowing('*', { Effect: 'Deny' }) }
    for (const action of ['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy'])
      expect(whoMay(action, members, undefined)).toEqual(['root'])
    for (const action of ['ListBucket', 'PutBucketAcl', 'GetBucketPolicyStatus', 'DeleteBucket'])
      expect(whoMay(action, members, undefined)).toEqual([])
  })
})

describe('what a caller brings', () => {
  const worker = user(OWNER, 'worker')
  const open = { bucketPolicy: allowing('*'), objectAcl: acl('public-read') }

  test('denies by its own policies, whatever others allow', () => {
    expect(decide(matter([worker, [everything, denyGet]], 'GetObject', 'k', open))).toBe('deny')
    expect(decide(matter([worker, [everything, denyGet]], 'PutObject', 'k', open))).toBe('allow')
    expect(decide(matter([ROOT, [everything, denyGet]], 'GetBucketPolicy', undefined, open))).toBe('allow')
    expect(decide(matter([ROOT, [denyGet]], 'PutObject', 'k', {}))).toBe('deny')
  })
  test('is held to every limit, root’s keys too, and in public buckets too', () => {
    const inbox = scopedPolicy({ bucket: BUCKET, prefix: 'in/', access: 'readwrite' })
    for (const [principal, own] of [PEOPLE.root, PEOPLE.admin, PEOPLE.worker] as Who[]) {
      const may = (action: string, key?: string, limits = [inbox]) =>
        decide(matter([principal, own], action, key, { ...open, identity: { own, limits } })) === 'allow'
      expect([
        may('PutObject', 'in/a'),
        may('PutObject', 'out/a'),
        may('GetObject', 'out/a'),
        may('GetBucketPolicy'),
      ]).toEqual([true, false, false, false])
      expect([may('GetObject', 'in/a', [inbox, everything]), may('GetObject', 'in/a', [inbox, denyGet])]).toEqual([
        true,
        false,
      ])
    }
  })
  test('gains nothing by a limit', () => {
    expect(decide(matter([worker, []], 'GetObject', 'k', { identity: { own: [], limits: [everything] } }))).toBe('deny')
  })
})
