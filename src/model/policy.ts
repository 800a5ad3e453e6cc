/** Thrown where a policy is not what it should be. The message is a sentence for the client, as AWS words it where that is known. */
export class MalformedPolicy extends Error {}

/** A policy document, read and checked. */
export interface Policy {
  id?: string
  statements: Statement[]
}

export interface Statement {
  sid?: string
  effect: 'Allow' | 'Deny'
  /** Whom it is about; undefined in the policies of users, which are about their user. */
  principals?: Named<Principals>
  /** Patterns of action names, in lower case. */
  actions: Named<Template[]>
  /** Patterns of ARNs. */
  resources: Named<Template[]>
  /** All of them must hold. */
  conditions: Condition[]
}

/** An element of a statement, or with `isExcept` its Not form: everything but this. */
export interface Named<T> {
  isExcept: boolean
  of: T
}

export interface Principals {
  everyone: boolean
  /** Ids of accounts: their root's ARN, their canonical user id. */
  accounts: string[]
  /** ARNs of users and roles. Services and federations stand for nobody whom Wharf knows, so they are left out. */
  arns: string[]
}

/** A text that may hold wildcards, and variables that each request fills. */
export type Template = TemplatePart[]
export type TemplatePart = { text: string } | { wildcard: '*' | '?' } | Variable
export interface Variable {
  /** A condition key, as `ContextValues` takes it. */
  variable: string
  fallback?: string
}

export interface Condition {
  /** Without `ForAllValues:` or `ForAnyValue:` before it and `IfExists` behind it. */
  operator: string
  set?: 'all' | 'any'
  ifExists: boolean
  /** As `ContextValues` takes it. */
  key: string
  values: Template[]
}

/** Who asks, as policies and ACLs see it. */
export interface Principal {
  kind: 'anonymous' | 'user' | 'root'
  /** Id of the account, which is S3's canonical user id. */
  accountId: string
  /** Name inside the account. */
  user: string
  /** The ARNs by which a policy may name this principal alone. */
  arns: string[]
}

/**
 * Values of a condition key in one request; undefined where it has none. Asked only for keys that a policy names.
 *
 * @param key  in lower case, except what follows a `/`: `aws:sourceip`, `s3:existingobjecttag/Project`
 */
export type ContextValues = (key: string) => string[] | undefined

export interface PolicyRequest {
  /** S3's name of it, like `s3:GetObject`. */
  action: string
  /** ARN of the bucket or object; see `resourceArn`. */
  resource: string
  principal: Principal
  context: ContextValues
}

/** What a policy says of a request: it may be silent. */
export type Verdict = 'allow' | 'deny' | 'none'
