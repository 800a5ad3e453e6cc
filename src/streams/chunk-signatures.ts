import { createHash, type Hash } from 'node:crypto'
import { verifySignature } from '../auth/signing-keys'
import type { VerifiedSignature } from '../auth/sigv4'
import { EMPTY_SHA256 } from '../auth/sigv4-claim'
import { Fault } from '../model/fault'

interface Check {
  signature: string
  stringToSign: string
  holds: Promise<boolean>
}

/**
 * The chain of signatures through a body: each is made over the one before it and the hash of its own chunk.
 *
 * The chain goes on from the signature that was sent, so that all checks of one read run at the same time; `settle`
 * waits for them at once.
 *
 * @see S3 API reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers"
 */
export class ChunkSignatures {
  readonly #verified: VerifiedSignature
  #previous: string
  #hash: Hash | undefined
  #checks: Check[] = []

  constructor(verified: VerifiedSignature) {
    this.#verified = verified
    this.#previous = verified.seedSignature
  }

  /** More bytes of the current chunk. */
  update(bytes: Uint8Array): void {
    this.#hash ??= createHash('sha256')
    this.#hash.update(bytes)
  }

  endChunk(signature: string): void {
    const chunkHash = this.#hash?.digest('hex') ?? EMPTY_SHA256
    this.#hash = undefined
    this.#check('PAYLOAD', `${EMPTY_SHA256}\n${chunkHash}`, signature)
  }

  /** @param fields  `name:value\n` for each field of the trailer, without its signature */
  endTrailer(fields: string, signature: string): void {
    this.#check('TRAILER', createHash('sha256').update(fields).digest('hex'), signature)
  }

  /** @throws Fault SignatureMismatch where one of the chunks that ended since the last call was not signed so */
  async settle(): Promise<void> {
    const checks = this.#checks
    this.#checks = []
    for (const { signature, stringToSign, holds } of checks) {
      if (!(await holds)) throw new Fault('SignatureMismatch', { stringToSign, signatureProvided: signature })
    }
  }

  #check(kind: 'PAYLOAD' | 'TRAILER', hashes: string, signature: string): void {
    const { timestamp, scope, signingKey } = this.#verified
    const stringToSign = `AWS4-HMAC-SHA256-${kind}\n${timestamp}\n${scope}\n${this.#previous}\n${hashes}`
    this.#checks.push({ signature, stringToSign, holds: verifySignature(signingKey, signature, stringToSign) })
    this.#previous = signature
  }
}
