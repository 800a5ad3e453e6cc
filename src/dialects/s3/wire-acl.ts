import { CANNED_ACLS, type CannedAcl, cannedGrants, type Owners } from '../../auth/acl/canned'
import { Fault } from '../../model/fault'
import {
  GROUPS,
  type Grant,
  type Grantee,
  type Grants,
  type Group,
  PERMISSIONS,
  type Permission,
} from '../../model/grants'
import { isElement, readXml, type XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'

/** An ACL's document that is XML but no ACL: MalformedACLError, 400. */
export class MalformedAcl extends Error {}

/** An e-mail address of no account, or of several: UnresolvableGrantByEmailAddress, 400. */
export class UnresolvableEmail extends Error {
  readonly email: string

  constructor(email: string) {
    super('The e-mail address you provided does not match any account on record.')
    this.email = email
  }
}

/** A grantee as a client names it: nobody has looked yet whether there is such an account. */
export type AskedGrantee = { id: string } | { email: string } | { group: Group }

export interface AskedGrant {
  grantee: AskedGrantee
  permission: Permission
}

/** An ACL as a client asks for it. */
export type AskedAcl = { canned: CannedAcl } | { owner?: string; grants: AskedGrant[] }

const MAX_GRANTS = 100
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

const GROUP_URIS: Record<Group, string> = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
}

const GRANT_HEADERS: Record<string, Permission> = {
  'x-amz-grant-full-control': 'FULL_CONTROL',
  'x-amz-grant-read': 'READ',
  'x-amz-grant-write': 'WRITE',
  'x-amz-grant-read-acp': 'READ_ACP',
  'x-amz-grant-write-acp': 'WRITE_ACP',
}

/**
 * The ACL that a request's headers ask for; undefined where they do not speak of one.
 * @throws S3Error InvalidArgument, InvalidRequest for a canned ACL beside grants
 */
export function readAclHeaders(headers: Headers): AskedAcl | undefined {
  const canned = headers.get('x-amz-acl')
  const grants = Object.entries(GRANT_HEADERS).flatMap(([name, permission]) => {
    const value = headers.get(name)
    return value === null ? [] : readGrantees(name, value).map(grantee => ({ grantee, permission }))
  })
  if (grants.length > MAX_GRANTS) throw new S3Error('InvalidRequest', `An ACL may have up to ${MAX_GRANTS} grants.`)
  if (canned === null) return grants.length === 0 ? undefined : { grants }
  if (grants.length > 0) {
    throw new S3Error('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed')
  }
  return { canned: readCannedAcl(canned) }
}

/** @throws S3Error InvalidArgument */
export function readCannedAcl(value: string): CannedAcl {
  const canned = CANNED_ACLS.find(name => name === value)
  if (!canned) throw invalidArgument('x-amz-acl', value, 'The canned ACL is not known.')
  return canned
}

/**
 * The ACL that a document asks for.
 * @throws MalformedAcl, MalformedXml, S3Error InvalidArgument for a group that is not known
 */
export function readAclDocument(text: string): AskedAcl {
  const { Owner: owner, AccessControlList: list } = readXml(text, 'AccessControlPolicy', ['Grant'], ['type'])
  const grants = isElement(list) ? (list.Grant ?? []) : list
  // Without a grant the list is read as its text.
  const isEmpty = typeof grants === 'string' && grants.trim() === ''
  if (!isElement(owner) || !(isEmpty || Array.isArray(grants))) throw new MalformedAcl('owner or list is missing')
  if (grants.length > MAX_GRANTS) throw new MalformedAcl(`more than ${MAX_GRANTS} grants`)
  return { owner: memberText(owner, 'ID'), grants: isEmpty ? [] : Array.from(grants, readGrant) }
}

/**
 * The grants that an ACL asks for.
 *
 * @param whoIs  the id of the account that is meant; undefined where there is none, or more than one
 * @throws Fault  AccessDenied where the document names another owner
 * @throws S3Error InvalidArgument for an account that is not there; UnresolvableEmail
 */
export async function settleAcl(
  asked: AskedAcl,
  owners: Owners,
  whoIs: (named: { id: string } | { email: string }) => Promise<string | undefined>,
): Promise<Grants> {
  if ('canned' in asked) return cannedGrants(asked.canned, owners)
  if (asked.owner !== undefined && asked.owner !== owners.owner) throw new Fault('AccessDenied')
  const known = new Map([owners.owner, owners.bucketOwner].map(id => [keyOf({ id }), id]))
  const grants: Grant[] = []
  for (const { grantee, permission } of asked.grants) {
    if ('group' in grantee) {
      grants.push({ grantee, permission })
      continue
    }
    const account = known.get(keyOf(grantee)) ?? (await whoIs(grantee))
    if (account === undefined) throw nobody(grantee)
    known.set(keyOf(grantee), account)
    grants.push({ grantee: { account }, permission })
  }
  return { owner: owners.owner, grants }
}

/** The content of an `AccessControlPolicy`. */
export function aclElement({ owner, grants }: Grants, displayName: (account: string) => string): XmlElement {
  return {
    Owner: { ID: owner, DisplayName: displayName(owner) },
    AccessControlList: {
      Grant: grants.map(({ grantee, permission }) => ({
        Grantee: granteeElement(grantee, displayName),
        Permission: permission,
      })),
    },
  }
}

function granteeElement(grantee: Grantee, displayName: (account: string) => string): XmlElement {
  if ('group' in grantee) return { '@xmlns:xsi': XSI, '@xsi:type': 'Group', URI: GROUP_URIS[grantee.group] }
  const { account } = grantee
  return { '@xmlns:xsi': XSI, '@xsi:type': 'CanonicalUser', ID: account, DisplayName: displayName(account) }
}

const GRANTEE = /\s*(id|uri|emailaddress)\s*=\s*(?:"([^"]*)"|([^",\s]*))\s*(,|$)/iy

/** `id="...", uri=..., emailAddress="..."`; the quotes may be missing. */
function readGrantees(header: string, value: string): AskedGrantee[] {
  const grantees: AskedGrantee[] = []
  GRANTEE.lastIndex = 0
  for (let next = ','; next === ','; ) {
    const [, kind = '', quoted, bare = '', end] = GRANTEE.exec(value) ?? []
    const name = quoted ?? bare
    if (end === undefined || name === '') throw invalidArgument(header, value, 'Argument format not recognized')
    if (kind.toLowerCase() === 'id') grantees.push({ id: name })
    else grantees.push(kind.toLowerCase() === 'uri' ? readGroup(name) : { email: name })
    next = end
  }
  return grantees
}

function readGroup(uri: string): { group: Group } {
  const group = GROUPS.find(name => GROUP_URIS[name] === uri)
  if (!group) throw invalidArgument('uri', uri, 'Invalid group uri')
  return { group }
}

function readGrant(written: unknown): AskedGrant {
  if (!isElement(written) || !isElement(written.Grantee)) throw new MalformedAcl('a grant has no grantee')
  const asked = memberText(written, 'Permission')
  const permission = PERMISSIONS.find(name => name === asked)
  if (!permission) throw new MalformedAcl('the permission is not known')
  return { grantee: readGrantee(written.Grantee), permission }
}

function readGrantee(written: Record<string, unknown>): AskedGrantee {
  const type = written['@type']
  if (type === 'CanonicalUser') return { id: memberText(written, 'ID') }
  if (type === 'Group') return readGroup(memberText(written, 'URI'))
  if (type === 'AmazonCustomerByEmail') return { email: memberText(written, 'EmailAddress') }
  throw new MalformedAcl('the type of the grantee is not known')
}

function memberText(element: Record<string, unknown>, name: string): string {
  const text = element[name]
  if (typeof text !== 'string' || text.trim() === '') throw new MalformedAcl(`${name} is missing`)
  return text.trim()
}

function keyOf(named: { id: string } | { email: string }): string {
  return 'id' in named ? `id ${named.id}` : `email ${named.email}`
}

function nobody(named: { id: string } | { email: string }): Error {
  return 'id' in named
    ? invalidArgument('CanonicalUser/ID', named.id, 'Invalid id')
    : new UnresolvableEmail(named.email)
}
