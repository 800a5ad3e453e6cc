import { describe, expect, test } from 'vitest'
import {
  type AskedAcl,
  aclElement,
  MalformedAcl,
  readAclDocument,
  readAclHeaders,
  settleAcl,
  UnresolvableEmail,
} from '../../src/dialects/s3/wire-acl'
import {
  ownershipElement,
  publicAccessBlockElement,
  readOwnershipControls,
  readOwnershipHeader,
  readPublicAccessBlock,
} from '../../src/dialects/s3/wire-public-access'
import { OWNERSHIPS } from '../../src/model/grants'
import { MalformedXml, readXml, writeXml } from '../../src/wire/xml'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const owners = { owner: 'a', bucketOwner: 'a' }

function fails(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof MalformedAcl || error instanceof MalformedXml) return error.constructor.name
    return error instanceof Error && 'code' in error ? `${error.code} ${error.message}` : String(error)
  }
  return ''
}

describe('headers', () => {
  const read = (headers: Record<string, string>) => readAclHeaders(new Headers(headers))

  test('ask for nothing, for a canned ACL, or for grants', () => {
    expect(read({ 'content-type': 'x' })).toBeUndefined()
    expect(read({ 'x-amz-acl': 'public-read' })).toEqual({ canned: 'public-read' })
    expect(
      read({
        'x-amz-grant-read': `id="a b", uri=${ALL_USERS},emailAddress="x@y.z"`,
        'x-amz-grant-write-acp': ' ID=c , id="d"',
      }),
    ).toEqual({
      grants: [
        { grantee: { id: 'a b' }, permission: 'READ' },
        { grantee: { group: 'AllUsers' }, permission: 'READ' },
        { grantee: { email: 'x@y.z' }, permission: 'READ' },
        { grantee: { id: 'c' }, permission: 'WRITE_ACP' },
        { grantee: { id: 'd' }, permission: 'WRITE_ACP' },
      ],
    })
  })
  const wrong: [Record<string, string>, string][] = [
    [{ 'x-amz-acl': 'public' }, 'InvalidArgument The canned ACL is not known.'],
    [{ 'x-amz-acl': '' }, 'InvalidArgument The canned ACL is not known.'],
    [
      { 'x-amz-acl': 'private', 'x-amz-grant-read': 'id=a' },
      'InvalidRequest Specifying both Canned ACLs and Header Grants is not allowed',
    ],
    [{ 'x-amz-grant-read': 'uri=http://example.com' }, 'InvalidArgument Invalid group uri'],
    [{ 'x-amz-grant-read': '' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': 'id=' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': 'id=a,' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': 'id=a id=b' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': 'id="a' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': 'name=a' }, 'InvalidArgument Argument format not recognized'],
    [{ 'x-amz-grant-read': Array(101).fill('id=a').join() }, 'InvalidRequest An ACL may have up to 100 grants.'],
  ]
  test.each(wrong)('%j are refused', (headers, sentence) => {
    expect(fails(() => read(headers))).toBe(sentence)
  })
})

describe('a document', () => {
  const grant = (type: string, member: string, permission = 'READ') =>
    `<Grant><Grantee ${XSI} xsi:type="${type}">${member}</Grantee><Permission>${permission}</Permission></Grant>`
  const acl = (grants: string, owner = '<Owner><ID>a</ID><DisplayName>A</DisplayName></Owner>') =>
    `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${owner}<AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`

  test('asks for grants of each kind, in its order', () => {
    const text = acl(
      grant('CanonicalUser', '<ID> b </ID><DisplayName>B</DisplayName>', 'FULL_CONTROL') +
        grant('Group', `<URI>${ALL_USERS}</URI>`) +
        grant('AmazonCustomerByEmail', '<EmailAddress>x@y.z</EmailAddress>', 'WRITE_ACP'),
    )
    expect(readAclDocument(text)).toEqual({
      owner: 'a',
      grants: [
        { grantee: { id: 'b' }, permission: 'FULL_CONTROL' },
        { grantee: { group: 'AllUsers' }, permission: 'READ' },
        { grantee: { email: 'x@y.z' }, permission: 'WRITE_ACP' },
      ],
    })
    expect(readAclDocument(text.replaceAll('><', '>\n <'))).toEqual(readAclDocument(text))
    // Any prefix may stand for the namespace, and for the attribute's.
    expect(readAclDocument(text.replaceAll('xsi:', 'x:').replaceAll(':xsi', ':x'))).toEqual(readAclDocument(text))
  })
  test('may take all grants away', () => {
    expect(readAclDocument(acl(''))).toEqual({ owner: 'a', grants: [] })
    expect(readAclDocument(acl('\n '))).toEqual({ owner: 'a', grants: [] })
    expect(readAclDocument(acl('').replace('<AccessControlList></AccessControlList>', '<AccessControlList/>'))).toEqual(
      { owner: 'a', grants: [] },
    )
  })
  const wrong: [text: string, error: string][] = [
    ['', 'MalformedXml'],
    [acl('<Grant>'), 'MalformedXml'],
    [`<!DOCTYPE x [<!ENTITY e "a">]>${acl('')}`, 'MalformedXml'],
    ['<Other/>', 'MalformedXml'],
    ['<AccessControlPolicy/>', 'MalformedAcl'],
    [acl('', ''), 'MalformedAcl'],
    [acl('', '<Owner/>'), 'MalformedAcl'],
    [acl('text'), 'MalformedAcl'],
    [acl('<Grant/>'), 'MalformedAcl'],
    [acl('<Grant><Permission>READ</Permission></Grant>'), 'MalformedAcl'],
    [acl(grant('CanonicalUser', '<ID>b</ID>', 'EVERYTHING')), 'MalformedAcl'],
    [acl(grant('CanonicalUser', '<ID>b</ID>', 'toString')), 'MalformedAcl'],
    [acl(grant('CanonicalUser', '<ID></ID>')), 'MalformedAcl'],
    [acl(grant('CanonicalUser', '<ID>b</ID><ID>c</ID>')), 'MalformedAcl'],
    [acl(grant('CanonicalUser', `<URI>${ALL_USERS}</URI>`)), 'MalformedAcl'],
    [acl(grant('Group', '<ID>b</ID>')), 'MalformedAcl'],
    [acl(grant('__proto__', '<ID>b</ID>')), 'MalformedAcl'],
    [acl('<Grant><Grantee><ID>b</ID></Grantee><Permission>READ</Permission></Grant>'), 'MalformedAcl'],
    [acl(grant('Group', '<URI>http://example.com</URI>')), 'InvalidArgument Invalid group uri'],
    [acl(grant('CanonicalUser', '<ID>b</ID>').repeat(101)), 'MalformedAcl'],
  ]
  test.each(wrong)('%.80s is refused', (text, error) => {
    expect(fails(() => readAclDocument(text))).toBe(error)
  })
  test('is written as it is read', async () => {
    const text = acl(
      grant('CanonicalUser', '<ID>&lt;b&gt;</ID>', 'FULL_CONTROL') + grant('Group', `<URI>${ALL_USERS}</URI>`),
    )
    const granted = await settleAcl(readAclDocument(text), owners, async named =>
      'id' in named ? named.id : undefined,
    )
    const written = writeXml(
      'AccessControlPolicy',
      aclElement(granted, id => `name of ${id}`),
    )
    expect(written).toContain('<DisplayName>name of &lt;b&gt;</DisplayName>')
    expect(readAclDocument(written)).toEqual(readAclDocument(text))
  })
  test('keeps no attribute where none was asked for', () => {
    expect(readXml('<a x="1"><b y:type="2">c</b></a>', 'a', [])).toEqual({ b: 'c' })
    expect(readXml('<a x="1"><b y:type="&#x41;" __proto__="1">c</b></a>', 'a', [], ['type'])).toEqual({
      b: { '#text': 'c', '@type': 'A' },
    })
  })
})

describe('what is asked for is settled', () => {
  const people: Record<string, string> = { b: 'b', 'b@x.y': 'b' }
  const settle = (asked: AskedAcl, asking: string[] = []) =>
    settleAcl(asked, owners, async named => {
      const name = 'id' in named ? named.id : named.email
      asking.push(name)
      return people[name]
    })

  test('by who there is, each looked up once', async () => {
    const asking: string[] = []
    const grants = ['a', 'b', 'b'].map(id => ({ grantee: { id }, permission: 'READ' as const }))
    const acl = await settle(
      { owner: 'a', grants: [...grants, { grantee: { email: 'b@x.y' }, permission: 'WRITE' }] },
      asking,
    )
    expect(acl.grants.map(({ grantee }) => grantee)).toEqual([
      { account: 'a' },
      { account: 'b' },
      { account: 'b' },
      { account: 'b' },
    ])
    expect(asking).toEqual(['b', 'b@x.y'])
  })
  test('as a canned ACL', async () => {
    expect((await settle({ canned: 'public-read' })).grants).toHaveLength(2)
  })
  test('or refused: who is not there, and an owner that is another', async () => {
    await expect(settle({ grants: [{ grantee: { id: 'z' }, permission: 'READ' }] })).rejects.toThrow('Invalid id')
    await expect(settle({ grants: [{ grantee: { email: 'z@z' }, permission: 'READ' }] })).rejects.toThrow(
      UnresolvableEmail,
    )
    await expect(settle({ owner: 'b', grants: [] })).rejects.toThrow('AccessDenied')
  })
})

describe('public access block and ownership', () => {
  test('are written as they are read', () => {
    for (let bits = 0; bits < 16; bits++) {
      const block = {
        blockPublicAcls: (bits & 1) > 0,
        ignorePublicAcls: (bits & 2) > 0,
        blockPublicPolicy: (bits & 4) > 0,
        restrictPublicBuckets: (bits & 8) > 0,
      }
      expect(
        readPublicAccessBlock(writeXml('PublicAccessBlockConfiguration', publicAccessBlockElement(block))),
      ).toEqual(block)
    }
    for (const ownership of OWNERSHIPS) {
      expect(readOwnershipControls(writeXml('OwnershipControls', ownershipElement(ownership)))).toBe(ownership)
      expect(readOwnershipHeader(new Headers({ 'x-amz-object-ownership': ownership }))).toBe(ownership)
    }
    expect(readOwnershipHeader(new Headers())).toBeUndefined()
  })
  test('may leave switches out, and write them large', () => {
    const text =
      '<PublicAccessBlockConfiguration><BlockPublicAcls> TRUE </BlockPublicAcls></PublicAccessBlockConfiguration>'
    expect(Object.values(readPublicAccessBlock(text))).toEqual([true, false, false, false])
  })
  test('are refused where they make no sense', () => {
    const block = (text: string) =>
      fails(() => readPublicAccessBlock(`<PublicAccessBlockConfiguration>${text}</PublicAccessBlockConfiguration>`))
    expect(block('<BlockPublicAcls>yes</BlockPublicAcls>')).toBe('MalformedXml')
    expect(block('<BlockPublicAcls/>')).toBe('MalformedXml')
    expect(block('<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls>')).toBe('MalformedXml')
    const controls = (text: string) =>
      fails(() => readOwnershipControls(`<OwnershipControls>${text}</OwnershipControls>`))
    const rule = '<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>'
    for (const text of ['', '<Rule/>', rule + rule, rule.replace('Writer', 'Reader')])
      expect(controls(text)).toBe('MalformedXml')
    expect(fails(() => readOwnershipHeader(new Headers({ 'x-amz-object-ownership': 'x' })))).toContain(
      'InvalidArgument',
    )
  })
})
