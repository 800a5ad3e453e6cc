import type { Account } from './caller'

/** A user as its administrators see it. */
export interface User {
  /** Id of its account. */
  account: string
  name: string
  /** May do everything inside its account. */
  admin: boolean
  disabled: boolean
  /** Names of the policies that it has itself. */
  policies: string[]
  /** Names of its groups, whose policies it has as well. */
  groups: string[]
}

export interface UserChange {
  admin?: boolean
  disabled?: boolean
  policies?: string[]
  groups?: string[]
}

export interface Group {
  account: string
  name: string
  policies: string[]
  /** Names of users. */
  members: string[]
}

export interface GroupChange {
  policies?: string[]
  members?: string[]
}

/** A policy that somebody has written, for the users and groups of an account. */
export interface OwnPolicy {
  account: string
  name: string
  /** JSON text. */
  document: string
}

/** An access key of a user, without its secret. */
export interface AccessKey {
  accessKey: string
  account: string
  user: string
  /** JSON text of the policy that holds the key to less than its user may; undefined where it may all of that. */
  policy?: string
  disabled: boolean
  expiresMillis?: number
  description?: string
  /** Undefined of keys that were made before this was noted. */
  createdMillis?: number
}

/** `null` takes away what was there. */
export interface AccessKeyChange {
  policy?: string | null
  disabled?: boolean
  expiresMillis?: number | null
  description?: string | null
}

export interface NewAccessKey extends AccessKey {
  sealedSecret: string
}

/** An access key with whose it is, as the system keeps it; its secret opens only with the master key. */
export interface SealedIdentity {
  account: Account
  user: string
  /** Whether it is a key of root itself. */
  isRoot: boolean
  admin: boolean
  disabled: boolean
  /** The policies of the user and its groups, each once; those without a document are managed ones. */
  policies: { name: string; document?: string }[]
  key: AccessKey
  sealedSecret: string
}

export interface NewUser {
  /** Id of its account. */
  account: string
  name: string
  admin: boolean
  policies: string[]
  groups?: string[]
  accessKey?: string
  sealedSecret?: string
  sealedSwiftKey?: string
}

/** Root's credentials where they were changed: the initial ones do not count any more. */
export interface SealedRoot {
  accessKey: string
  sealedSecret: string
}

/** Whose the keys of root are: a user of this name in root's account is nobody else. */
export const ROOT_USER = 'root'

/** What may be missing. */
export type EntityKind = 'account' | 'user' | 'group' | 'policy' | 'access key'

/** Policies that are there without anybody having written them; see auth/policy/managed.ts for what they allow. */
export const MANAGED_POLICIES = ['readonly', 'readwrite', 'writeonly', 'consoleAdmin'] as const
export type ManagedPolicy = (typeof MANAGED_POLICIES)[number]

export function isManagedPolicy(name: string): name is ManagedPolicy {
  return MANAGED_POLICIES.some(one => one === name)
}
