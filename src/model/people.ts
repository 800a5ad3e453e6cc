import type { Account } from './caller'

/** A user as the system keeps it; its secret opens only with the master key. */
export interface SealedIdentity {
  account: Account
  user: string
  admin: boolean
  policies: string[]
  sealedSecret: string
}

export interface NewUser {
  /** Id of its account. */
  account: string
  name: string
  admin: boolean
  policies: string[]
  accessKey?: string
  sealedSecret?: string
  sealedSwiftKey?: string
}

/** Root's credentials where they were changed: the initial ones do not count any more. */
export interface SealedRoot {
  accessKey: string
  sealedSecret: string
}
