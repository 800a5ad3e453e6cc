/** Ways of encrypting that a bucket may refuse to its clients; 'NONE' refuses none of them. */
export const BLOCKABLE_ENCRYPTIONS = ['NONE', 'SSE-C'] as const
export type BlockableEncryption = (typeof BLOCKABLE_ENCRYPTIONS)[number]

/** How a bucket encrypts what comes without a word about it. R2 encrypts everything at rest. */
export interface BucketEncryption {
  algorithm?: 'AES256'
  /** Says something of KMS keys only; kept and given back. */
  bucketKey?: boolean
  blocked?: BlockableEncryption[]
}
