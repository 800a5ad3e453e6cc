import { json } from 'itty-router'
import type { Account } from '../../model/caller'
import type { Group, GroupChange, User, UserChange } from '../../model/people'
import type { OwnCall } from './jobs'
import { asName, optionalFlag, optionalNames, optionalText, readMembers } from './json-body'

/** GET /_wharf/api/accounts : those that the caller may see. */
export async function listAccounts({ wharf, caller }: OwnCall): Promise<Response> {
  return json({ accounts: await wharf.people.accounts(caller) })
}

/** POST /_wharf/api/accounts `{ "name": "test", "id": "test", "displayName": "Test", "email": "test@example.com" }` */
export async function addAccount({ wharf, caller, body }: OwnCall): Promise<Response> {
  return json(await wharf.people.addAccount(caller, readAccount(body)), { status: 201 })
}

export async function showAccount({ wharf, caller }: OwnCall, id: string): Promise<Response> {
  return json(await wharf.people.account(caller, id))
}

/** PATCH /_wharf/api/accounts/{id} `{ "displayName": "Test", "email": null }` : what is not named stays. */
export async function changeAccount({ wharf, caller, body }: OwnCall, id: string): Promise<Response> {
  return json(await wharf.people.changeAccount(caller, id, readAccountChange(body)))
}

export async function removeAccount({ wharf, caller }: OwnCall, id: string): Promise<Response> {
  await wharf.people.removeAccount(caller, id)
  return gone()
}

/** GET /_wharf/api/users?account= : of the caller's own account where none is named, as everywhere here. */
export async function listUsers(call: OwnCall): Promise<Response> {
  return json({ users: await call.wharf.people.users(call.caller, accountOf(call)) })
}

/** POST /_wharf/api/users `{ "name": "u", "account": "test", "admin": false, "policies": ["readonly"], "groups": [] }` */
export async function addUser({ wharf, caller, body }: OwnCall): Promise<Response> {
  return json(await wharf.people.addUser(caller, readUser(body, caller.account.id)), { status: 201 })
}

export async function showUser(call: OwnCall, name: string): Promise<Response> {
  return json(await call.wharf.people.user(call.caller, accountOf(call), name))
}

/** PATCH /_wharf/api/users/{name}?account= `{ "disabled": true, "policies": [] }` : what is not named stays. */
export async function changeUser(call: OwnCall, name: string): Promise<Response> {
  const change = readUserChange(call.body)
  return json(await call.wharf.people.changeUser(call.caller, accountOf(call), name, change))
}

export async function removeUser(call: OwnCall, name: string): Promise<Response> {
  await call.wharf.people.removeUser(call.caller, accountOf(call), name)
  return gone()
}

export async function listGroups(call: OwnCall): Promise<Response> {
  return json({ groups: await call.wharf.people.groups(call.caller, accountOf(call)) })
}

/** POST /_wharf/api/groups `{ "name": "g", "account": "test", "policies": ["readonly"], "members": ["u"] }` */
export async function addGroup({ wharf, caller, body }: OwnCall): Promise<Response> {
  return json(await wharf.people.addGroup(caller, readGroup(body, caller.account.id)), { status: 201 })
}

export async function showGroup(call: OwnCall, name: string): Promise<Response> {
  return json(await call.wharf.people.group(call.caller, accountOf(call), name))
}

/** PATCH /_wharf/api/groups/{name}?account= `{ "policies": [], "members": ["u"] }` : what is not named stays. */
export async function changeGroup(call: OwnCall, name: string): Promise<Response> {
  const change = readGroupChange(call.body)
  return json(await call.wharf.people.changeGroup(call.caller, accountOf(call), name, change))
}

export async function removeGroup(call: OwnCall, name: string): Promise<Response> {
  await call.wharf.people.removeGroup(call.caller, accountOf(call), name)
  return gone()
}

/** The account that a request is about. */
export function accountOf({ query, caller }: OwnCall): string {
  return query.get('account') ?? caller.account.id
}

export function gone(): Response {
  return new Response(null, { status: 204 })
}

function readAccount(body: string): Account {
  const { name: named, id, displayName, email } = readMembers(body, ['name', 'id', 'displayName', 'email'])
  const name = asName('name', named)
  return {
    id: id === undefined ? name : asName('id', id),
    name,
    displayName: optionalText('displayName', displayName) ?? name,
    email: optionalText('email', email),
  }
}

function readAccountChange(body: string): { displayName?: string; email?: string | null } {
  const { displayName, email } = readMembers(body, ['displayName', 'email'])
  return {
    displayName: optionalText('displayName', displayName),
    email: email === null ? null : optionalText('email', email),
  }
}

function readUser(body: string, ownAccount: string): Omit<User, 'disabled'> {
  const { name, account, admin, policies, groups } = readMembers(body, [
    ...['name', 'account', 'admin', 'policies', 'groups'],
  ])
  return {
    account: account === undefined ? ownAccount : asName('account', account),
    name: asName('name', name),
    admin: optionalFlag('admin', admin) ?? false,
    policies: optionalNames('policies', policies) ?? [],
    groups: optionalNames('groups', groups) ?? [],
  }
}

function readUserChange(body: string): UserChange {
  const { admin, disabled, policies, groups } = readMembers(body, ['admin', 'disabled', 'policies', 'groups'])
  return {
    admin: optionalFlag('admin', admin),
    disabled: optionalFlag('disabled', disabled),
    policies: optionalNames('policies', policies),
    groups: optionalNames('groups', groups),
  }
}

function readGroup(body: string, ownAccount: string): Group {
  const { name, account, policies, members } = readMembers(body, ['name', 'account', 'policies', 'members'])
  return {
    account: account === undefined ? ownAccount : asName('account', account),
    name: asName('name', name),
    policies: optionalNames('policies', policies) ?? [],
    members: optionalNames('members', members) ?? [],
  }
}

function readGroupChange(body: string): GroupChange {
  const { policies, members } = readMembers(body, ['policies', 'members'])
  return { policies: optionalNames('policies', policies), members: optionalNames('members', members) }
}
