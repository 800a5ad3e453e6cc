import {
  type Condition,
  MalformedPolicy,
  type Named,
  type Policy,
  type Principals,
  type Statement,
  type Template,
} from '../../model/policy'
import { type Target, targetsOf } from './actions'
import { isConditionKey } from './condition-keys'
import { hasDuplicateNames } from './duplicate-names'
import { findOperator, type Operator } from './operators'
import { fits, keyName, plainTemplate, readTemplate } from './template'

/** Of the document without white space between its tokens. */
const MAX_BYTES = 20_480
/** AWS knows no such limit. With it the dearest policy costs a request about 0.1 s, for a header of 32 KB. */
const MAX_WILDCARDS = 500

/** Whose policy it is: a bucket's, or that of a user, a key or a session. */
export type PolicyPlace = { kind: 'bucket'; bucket: string } | { kind: 'identity' }

type Members = Record<string, unknown>

/**
 * Reads and checks a policy document. Its size bounds everything in it but wildcards, which are counted: no member is accepted
 * in which others could be nested without end.
 *
 * @throws MalformedPolicy in AWS's words where those are known
 * @see    IAM user guide, "Grammar of the IAM JSON policy language"
 */
export function readPolicy(text: string, place: PolicyPlace): Policy {
  const document = readDocument(text)
  expectOnly(document, ['Version', 'Id', 'Statement'])
  const { Version: version = '2008-10-17', Id: id, Statement: written } = document
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw new MalformedPolicy('The policy must contain a valid version string')
  }
  if (written === undefined) throw new MalformedPolicy('Missing required field Statement')
  const statements = Array.isArray(written) ? written : [written]
  if (statements.length === 0) throw new MalformedPolicy('Could not parse the policy: Statement is empty!')
  const reading = { place, variables: version === '2012-10-17' }
  return { id: optionalText(id), statements: statements.map(statement => readStatement(statement, reading)) }
}

/** The ARN of a bucket or object as policies name it. Without a bucket that of no bucket: for ListAllMyBuckets and the like. */
export function resourceArn(bucket = '', key?: string): string {
  return `${ARN}${bucket}${key === undefined ? '' : `/${key}`}`
}

const ARN = 'arn:aws:s3:::'

interface Reading {
  place: PolicyPlace
  variables: boolean
}

function readDocument(text: string): Members {
  if (!text.startsWith('{')) throw new MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
  if (text.length > 2 * MAX_BYTES) throw tooLarge()
  let document: unknown
  let normalized: string
  try {
    document = JSON.parse(text)
    normalized = JSON.stringify(document)
  } catch {
    throw new MalformedPolicy('This policy contains invalid Json')
  }
  if (new TextEncoder().encode(normalized).length > MAX_BYTES) throw tooLarge()
  // `${*}` is no wildcard.
  if ((normalized.replace(/\$\{[*?]\}/g, '').match(/[*?]/g)?.length ?? 0) > MAX_WILDCARDS) {
    throw new MalformedPolicy(`The policy contains more than ${MAX_WILDCARDS} wildcards.`)
  }
  if (!isMembers(document) || hasDuplicateNames(text)) throw new MalformedPolicy('This policy contains invalid Json')
  return document
}

function readStatement(written: unknown, reading: Reading): Statement {
  if (!isMembers(written)) throw invalidSyntax()
  expectOnly(written, [
    ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction'],
    ...['Resource', 'NotResource', 'Condition'],
  ])
  const effect = readEffect(written.Effect)
  const actions = readActions(written, reading)
  const statement: Statement = {
    sid: optionalText(written.Sid),
    effect,
    principals: readPrincipals(written, effect, reading),
    actions,
    resources: readResources(written, actions, reading),
    conditions: readConditions(written.Condition, reading),
  }
  if (reading.place.kind === 'bucket') expectApplies(statement, reading.place.bucket)
  return statement
}

function readEffect(effect: unknown): 'Allow' | 'Deny' {
  if (effect === 'Allow' || effect === 'Deny') return effect
  if (effect === undefined) throw new MalformedPolicy('Missing required field Effect')
  throw typeof effect === 'string' ? new MalformedPolicy(`Invalid effect: ${effect.slice(0, 80)}`) : invalidSyntax()
}

function readPrincipals(written: Members, effect: string, { place }: Reading): Named<Principals> | undefined {
  const present = written.Principal !== undefined || written.NotPrincipal !== undefined
  if (place.kind === 'identity') {
    if (present) throw new MalformedPolicy('Policy document should not specify a principal.')
    return undefined
  }
  if (!present) throw new MalformedPolicy('Missing required field Principal')
  const { isExcept, of } = pick(written, 'Principal')
  // Everybody but somebody includes the anonymous caller: AWS takes that with Deny alone.
  if (isExcept && effect === 'Allow') throw invalidPrincipal()
  return { isExcept, of: principalsOf(of) }
}

function principalsOf(written: unknown): Principals {
  const principals: Principals = { everyone: written === '*', accounts: [], arns: [] }
  if (principals.everyone) return principals
  if (!isMembers(written) || Object.keys(written).length === 0) throw invalidPrincipal()
  for (const [kind, named] of Object.entries(written)) {
    const names = texts(named)
    if (!names?.length || names.includes('')) throw invalidPrincipal()
    if (kind === 'AWS') for (const name of names) addPrincipal(principals, name)
    else if (kind === 'CanonicalUser') principals.accounts.push(...names)
    else if ((kind !== 'Service' && kind !== 'Federated') || names.includes('*')) throw invalidPrincipal()
  }
  return principals
}

/** Ceph's users stand in no account, and are their own canonical users: `arn:aws:iam:::user/{id}`. */
const PRINCIPAL_ARN = /^arn:aws:(?:iam|sts)::([^:*?]*):(root|[a-z-]+\/[^*?]+)$/

/** A name with a wildcard in it is no name, except the star that stands for everyone. */
function addPrincipal(principals: Principals, name: string): void {
  const [, account, rest] = PRINCIPAL_ARN.exec(name) ?? []
  if (name === '*') principals.everyone = true
  else if (rest === 'root' && account) principals.accounts.push(account)
  else if (rest?.startsWith('user/') && account === '') principals.accounts.push(rest.slice('user/'.length))
  else if (rest !== undefined && account) principals.arns.push(name)
  else if (/^[^\s:*?]+$/.test(name)) principals.accounts.push(name)
  else throw invalidPrincipal()
}

function readActions(written: Members, { place }: Reading): Named<Template[]> {
  const { isExcept, of } = pick(written, 'Action')
  const names = texts(of)
  if (!names?.length) throw invalidAction()
  return { isExcept, of: names.map(name => readAction(name.toLowerCase(), place)) }
}

function readAction(name: string, place: PolicyPlace): Template {
  const pattern = readTemplate(name, { variables: false, wildcards: true })
  if (name === '*') return pattern
  const isS3 = name.startsWith('s3:')
  const isOther = place.kind === 'identity' && /^[a-z][a-z0-9-]*:[a-z0-9*?]+$/.test(name)
  if (!isS3 && !isOther) throw invalidAction()
  if (!isS3) return pattern
  const targets = targetsOf(pattern)
  if (place.kind === 'bucket') targets.delete('service')
  if (targets.size === 0) throw invalidAction()
  return pattern
}

function readResources(written: Members, actions: Named<Template[]>, reading: Reading): Named<Template[]> {
  const isMissing = written.Resource === undefined && written.NotResource === undefined
  // MinIO's administrative actions act upon nothing that has a name.
  if (isMissing && reading.place.kind === 'identity' && !actions.isExcept && actions.of.every(isOtherThanS3)) {
    return { isExcept: false, of: [[{ wildcard: '*' }]] }
  }
  const { isExcept, of } = pick(written, 'Resource')
  const patterns = texts(of)
  if (!patterns?.length) throw invalidResource()
  return { isExcept, of: patterns.map(pattern => readResource(pattern, reading)) }
}

function isOtherThanS3([first]: Template): boolean {
  return first !== undefined && 'text' in first && !first.text.startsWith('s3:')
}

function readResource(pattern: string, { place, variables }: Reading): Template {
  const template = readTemplate(pattern, { variables, wildcards: true })
  if (place.kind === 'identity' && (pattern === '*' || pattern.startsWith('arn:'))) return template
  // Nothing of S3's ARNs but their last section says anything; s3-tests writes `arn:aws:s3::*:bucket`.
  const [, rest] = /^arn:aws:s3:\*?:\*?:(.+)$/s.exec(pattern) ?? []
  if (rest === undefined) throw invalidResource()
  if (place.kind === 'bucket' && !mayName(rest, place.bucket, variables)) throw invalidResource()
  return template
}

/** Whether a pattern may stand for this bucket, or for objects in it; what variables bring is not known yet. */
function mayName(pattern: string, bucket: string, variables: boolean): boolean {
  const [name = ''] = pattern.split('/', 1)
  if (variables && name.includes('${')) return true
  return fits(readTemplate(name, { variables: false, wildcards: true }), bucket, () => undefined)
}

/** Each action must act upon something that the resources may stand for; an action that cannot is most often a mistake. */
function expectApplies({ actions, resources }: Statement, bucket: string): void {
  if (actions.isExcept || resources.isExcept) return
  const reached = new Set<Target>()
  for (const resource of resources.of) {
    const widest: Template = resource.map(part => ('variable' in part ? { wildcard: '*' } : part))
    if (fits(widest, resourceArn(bucket), () => undefined)) reached.add('bucket')
    if (widest.some(part => ('text' in part ? part.text.includes('/') : 'wildcard' in part && part.wildcard === '*')))
      reached.add('object')
  }
  const acts = (action: Template) => [...targetsOf(action)].some(target => reached.has(target))
  if (!actions.of.every(acts)) throw new MalformedPolicy('Action does not apply to any resource(s) in statement')
}

function readConditions(written: unknown, reading: Reading): Condition[] {
  if (written === undefined) return []
  if (!isMembers(written)) throw invalidSyntax()
  return Object.entries(written).flatMap(([name, keys]) => {
    if (!isMembers(keys)) throw invalidSyntax()
    return Object.entries(keys).map(([key, values]) => readCondition(name, key, values, reading))
  })
}

const OPERATOR_NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/

function readCondition(name: string, writtenKey: string, written: unknown, { place, variables }: Reading): Condition {
  const [, set, base = '', ifExists] = OPERATOR_NAME.exec(name) ?? []
  const operator = findOperator(base)
  if (!operator || (base === 'Null' && (set || ifExists))) {
    throw new MalformedPolicy(`Invalid Condition type : ${name.slice(0, 80)}`)
  }
  const key = keyName(writtenKey)
  const isKnown = place.kind === 'bucket' ? isConditionKey(key) : /^[a-z0-9-]+:./.test(key)
  if (!isKnown) throw new MalformedPolicy('Policy has an invalid condition key')
  const values = conditionTexts(written)
  return {
    operator: base,
    ...(set === undefined ? {} : { set: set === 'ForAllValues' ? 'all' : 'any' }),
    ifExists: ifExists !== undefined,
    key,
    values: values.map(value => readValue(value, { name: base, operator, variables })),
  }
}

function readValue(value: string, by: { name: string; operator: Operator; variables: boolean }): Template {
  const { name, operator, variables } = by
  if (!operator.accepts(value)) {
    throw new MalformedPolicy(operator.complaint ?? `Invalid value in Conditions for operator ${name}`)
  }
  if (!operator.variables) return plainTemplate(value)
  return readTemplate(value, { variables, wildcards: operator.wildcards })
}

/** Numbers and booleans may stand without quotes. */
function conditionTexts(written: unknown): string[] {
  return (Array.isArray(written) ? written : [written]).map(value => {
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw invalidSyntax()
  })
}

/** An element that stands in its plain or its Not form: one of them, and not both. */
function pick(written: Members, name: string): Named<unknown> {
  const plain = written[name]
  const except = written[`Not${name}`]
  if (plain !== undefined && except !== undefined) throw invalidSyntax()
  if (plain === undefined && except === undefined) throw new MalformedPolicy(`Missing required field ${name}`)
  return plain === undefined ? { isExcept: true, of: except } : { isExcept: false, of: plain }
}

/** One text, or several; undefined for anything else. */
function texts(written: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(written) ? written : [written]
  const found = list.filter(item => typeof item === 'string')
  return found.length === list.length ? found : undefined
}

function optionalText(written: unknown): string | undefined {
  if (written === undefined || typeof written === 'string') return written
  throw invalidSyntax()
}

function expectOnly(members: Members, names: string[]): void {
  const unknown = Object.keys(members).find(name => !names.includes(name))
  if (unknown !== undefined) throw new MalformedPolicy(`Unknown field ${unknown.slice(0, 80)}`)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalidSyntax(): MalformedPolicy {
  return new MalformedPolicy('Invalid policy syntax.')
}

function invalidPrincipal(): MalformedPolicy {
  return new MalformedPolicy('Invalid principal in policy')
}

function invalidAction(): MalformedPolicy {
  return new MalformedPolicy('Policy has invalid action')
}

function invalidResource(): MalformedPolicy {
  return new MalformedPolicy('Policy has invalid resource')
}

function tooLarge(): MalformedPolicy {
  return new MalformedPolicy(`Normalized policy document exceeds the maximum allowed size of ${MAX_BYTES} bytes`)
}
