/** Who owns buckets. The id is S3's canonical user id, the name Swift's account. */
export interface Account {
  id: string
  name: string
  displayName: string
  email?: string
}

/** Who is asking. Made by a dialect's authenticate from exactly one credential source. */
export interface Caller {
  kind: 'root' | 'user' | 'anonymous'
  account: Account
  /** Name of the user inside its account; '' for the anonymous caller. */
  user: string
  /** The access key that signed the request, where one did. */
  accessKey?: string
  /** May do everything inside its account. */
  admin: boolean
  /** Names of the policies that apply to the user: its own, and those of its groups. */
  policies: string[]
  /** What these policies say, and what limits the credential; undefined where nothing but `admin` and names counts. */
  layers?: PolicyLayers
  /** When the credential ends; undefined where it does not. */
  expiresMillis?: number
}

/** Documents of policies, as JSON texts that `readPolicy` takes. */
export interface PolicyLayers {
  /** Of the user and its groups: one of them is enough to allow. They do not count for root and an account's admin. */
  identity: string[]
  /** Of an access key and of temporary credentials: each must allow as well. Empty where there are no such limits. */
  session: string[]
}

export const ANONYMOUS: Caller = {
  kind: 'anonymous',
  account: { id: 'anonymous', name: '', displayName: '' },
  user: '',
  admin: false,
  policies: [],
}

/** Everything root makes belongs to this account. */
export const ROOT_ACCOUNT: Account = { id: 'wharf', name: 'wharf', displayName: 'wharf' }

/** An access key with the secret that proves it, as the verifier needs it. */
export interface Identity {
  secretKey: string
  caller: Caller
}
