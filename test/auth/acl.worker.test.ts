import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CANNED_ACLS, type CannedAcl, cannedGrants, cannedName } from '../../src/auth/acl/canned'
import { isPublicAcl, judgeAcl } from '../../src/auth/acl/judge-acl'
import { allowsAcl, blocksAcl, blocksPolicy, isPublicBucket } from '../../src/auth/acl/ownership'
import { GROUPS, type Grants, type OWNERSHIPS, PERMISSIONS, packGrants, unpackGrants } from '../../src/model/grants'
import { bucketPolicy, NOBODY, statement, user } from './policy-cases'

const owners = { owner: 'writer', bucketOwner: 'keeper' }
const PUBLIC: CannedAcl[] = ['public-read', 'public-read-write', 'authenticated-read']

const grantee = fc.oneof(
  fc.record({ account: fc.string() }),
  fc.constantFrom(...GROUPS).map(group => ({ group })),
)
const grants = fc.array(fc.record({ grantee, permission: fc.constantFrom(...PERMISSIONS) }))

test('grants come back from their packed form as they went in', () => {
  fc.assert(
    fc.property(fc.record({ owner: fc.string(), grants }), acl => {
      expect(unpackGrants(packGrants(acl))).toEqual(acl)
    }),
  )
  expect(packGrants(cannedGrants('public-read', owners))).toBe('["writer",[0,"writer"],[1,0]]')
  expect(() => unpackGrants('["a",[9,"b"]]')).toThrow('permission')
  expect(() => unpackGrants('["a",[0,9]]')).toThrow('group')
})

describe('canned ACLs', () => {
  test('grant what S3 says they do', () => {
    const granted = (name: CannedAcl, of = owners) =>
      cannedGrants(name, of).grants.map(one => `${Object.values(one.grantee)[0]} ${one.permission}`)
    const full = 'writer FULL_CONTROL'
    expect(granted('private')).toEqual([full])
    expect(granted('public-read')).toEqual([full, 'AllUsers READ'])
    expect(granted('public-read-write')).toEqual([full, 'AllUsers READ', 'AllUsers WRITE'])
    expect(granted('authenticated-read')).toEqual([full, 'AuthenticatedUsers READ'])
    expect(granted('bucket-owner-read')).toEqual([full, 'keeper READ'])
    expect(granted('bucket-owner-full-control')).toEqual([full, 'keeper FULL_CONTROL'])
    expect(granted('bucket-owner-read', { owner: 'writer', bucketOwner: 'writer' })).toEqual([full])
    expect(granted('log-delivery-write')).toEqual([full, 'LogDelivery WRITE', 'LogDelivery READ_ACP'])
  })
  test('are known again by their grants', () => {
    for (const name of CANNED_ACLS) {
      const acl = cannedGrants(name, owners)
      expect(cannedName({ ...acl, grants: acl.grants.toReversed() }, 'keeper')).toBe(
        name === 'aws-exec-read' ? 'private' : name,
      )
      expect(isPublicAcl(acl)).toBe(PUBLIC.includes(name))
    }
    expect(cannedName({ owner: 'writer', grants: [] }, 'keeper')).toBeUndefined()
  })
})

describe('an ACL', () => {
  const acl: Grants = {
    owner: 'a',
    grants: [
      { grantee: { account: 'b' }, permission: 'FULL_CONTROL' },
      { grantee: { account: 'c' }, permission: 'READ_ACP' },
      { grantee: { group: 'AuthenticatedUsers' }, permission: 'WRITE' },
      { grantee: { group: 'LogDelivery' }, permission: 'READ' },
      { grantee: { account: 'anonymous' }, permission: 'READ' },
    ],
  }
  const may = (account: string | undefined) =>
    PERMISSIONS.slice(1).filter(permission =>
      judgeAcl(acl, account === undefined ? NOBODY : user(account, 'x'), permission),
    )

  test('grants each just what it says, and its owner always the ACL itself', () => {
    expect(may('a')).toEqual(['WRITE', 'READ_ACP', 'WRITE_ACP'])
    expect(may('b')).toEqual(['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'])
    expect(may('c')).toEqual(['WRITE', 'READ_ACP'])
    expect(may('d')).toEqual(['WRITE'])
    expect(may(undefined)).toEqual([])
  })
  test('tells the many from the one', () => {
    expect(judgeAcl(acl, user('b', 'x'), 'WRITE')).toBe('directly')
    expect(judgeAcl(acl, user('b', 'x'), 'WRITE', true)).toBe('account')
    expect(judgeAcl(acl, user('d', 'x'), 'WRITE', true)).toBeUndefined()
  })
})

describe('the public access block', () => {
  const off = {
    blockPublicAcls: false,
    ignorePublicAcls: false,
    blockPublicPolicy: false,
    restrictPublicBuckets: false,
  }
  const open = bucketPolicy(statement())
  const closed = bucketPolicy(statement({ Principal: { AWS: '1' } }))

  test('blocks public ACLs and policies, each by its own switch', () => {
    for (const name of CANNED_ACLS) {
      expect(blocksAcl({ ...off, blockPublicAcls: true }, cannedGrants(name, owners))).toBe(PUBLIC.includes(name))
      expect(blocksAcl({ ...off, ignorePublicAcls: true, blockPublicPolicy: true }, cannedGrants(name, owners))).toBe(
        false,
      )
      expect(blocksAcl(undefined, cannedGrants(name, owners))).toBe(false)
    }
    expect(blocksPolicy({ ...off, blockPublicPolicy: true }, open)).toBe(true)
    expect(blocksPolicy({ ...off, blockPublicPolicy: true }, closed)).toBe(false)
    expect(blocksPolicy({ ...off, restrictPublicBuckets: true }, open)).toBe(false)
  })
  test('says what is public', () => {
    const acl = cannedGrants('authenticated-read', owners)
    expect(isPublicBucket({ ownership: 'ObjectWriter' })).toBe(false)
    expect(isPublicBucket({ ownership: 'ObjectWriter', acl })).toBe(true)
    expect(isPublicBucket({ ownership: 'BucketOwnerEnforced', acl })).toBe(false)
    expect(
      isPublicBucket({ ownership: 'ObjectWriter', acl, publicAccessBlock: { ...off, ignorePublicAcls: true } }),
    ).toBe(false)
    expect(isPublicBucket({ ownership: 'ObjectWriter', policy: open })).toBe(true)
    expect(isPublicBucket({ ownership: 'ObjectWriter', policy: closed })).toBe(false)
  })
})

describe('ownership', () => {
  test('says which ACLs may be written', () => {
    const allowed = (ownership: (typeof OWNERSHIPS)[number]) =>
      CANNED_ACLS.filter(name =>
        allowsAcl(ownership, cannedGrants(name, { owner: 'keeper', bucketOwner: 'keeper' }), 'keeper'),
      )
    expect(allowed('ObjectWriter')).toEqual(CANNED_ACLS)
    expect(allowed('BucketOwnerPreferred')).toEqual(CANNED_ACLS)
    expect(allowed('BucketOwnerEnforced')).toEqual([
      'private',
      'bucket-owner-read',
      'bucket-owner-full-control',
      'aws-exec-read',
    ])
    expect(allowsAcl('BucketOwnerEnforced', { owner: 'keeper', grants: [] }, 'keeper')).toBe(false)
  })
})
