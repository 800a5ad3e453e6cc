import { json } from 'itty-router'
import type { KnownPolicy } from '../../system/policies'
import { BadRequest } from './faults'
import type { OwnCall } from './jobs'
import { asName, readMembers } from './json-body'
import { accountOf, gone } from './people'

/** GET /_wharf/api/policies?account= : the managed ones, then those of the account. */
export async function listPolicies(call: OwnCall): Promise<Response> {
  const policies = await call.wharf.policies.list(call.caller, accountOf(call))
  return json({ policies: policies.map(shown) })
}

/** POST /_wharf/api/policies `{ "name": "p", "account": "test", "document": { "Version": ..., "Statement": ... } }` */
export async function addPolicy({ wharf, caller, body }: OwnCall): Promise<Response> {
  const { name, account, document } = readMembers(body, ['name', 'account', 'document'])
  const policy = {
    account: account === undefined ? caller.account.id : asName('account', account),
    name: asName('name', name),
    document: readDocument(document),
  }
  return json(shown(await wharf.policies.add(caller, policy)), { status: 201 })
}

export async function showPolicy(call: OwnCall, name: string): Promise<Response> {
  return json(shown(await call.wharf.policies.find(call.caller, accountOf(call), name)))
}

/** PUT /_wharf/api/policies/{name}?account= `{ "document": ... }` : another document for whoever has the policy. */
export async function changePolicy(call: OwnCall, name: string): Promise<Response> {
  const { document } = readMembers(call.body, ['document'])
  const policy = { account: accountOf(call), name, document: readDocument(document) }
  return json(shown(await call.wharf.policies.change(call.caller, policy)))
}

export async function removePolicy(call: OwnCall, name: string): Promise<Response> {
  await call.wharf.policies.remove(call.caller, accountOf(call), name)
  return gone()
}

/** A document as JSON, or as the text of it, in which a name that stands there twice is seen. */
export function readDocument(document: unknown): string {
  if (typeof document === 'string') return document
  if (typeof document === 'object' && document !== null) return JSON.stringify(document)
  throw new BadRequest('document must be a policy')
}

function shown({ document, ...policy }: KnownPolicy): object {
  return { ...policy, document: JSON.parse(document) }
}
