import type { ChecksumAlgorithm } from '../model/checksum'

/** What the client promised about its body, to be checked before anything becomes visible. */
export interface PromisedDigests {
  /** Hex. */
  md5?: string
  /** Hex, as it was signed. */
  sha256?: string
  checksum?: PromisedChecksum
}

export interface PromisedChecksum {
  algorithm: ChecksumAlgorithm
  /** Base64. Undefined until the body has ended where it comes in a trailer, or where the client only named the algorithm. */
  value?: string
}

/** A request's body on its way into the store. It can be read once, through `native` or through `chunks`. */
export interface IncomingBody {
  /** Length after decoding, in bytes; undefined when only the end of the body tells. */
  size: number | undefined
  /** The stream itself, where its bytes need no decoding and may go on untouched. */
  native: ReadableStream<Uint8Array> | undefined
  /** All of it at once, where the runtime can do that natively. Only for bodies known to be short. */
  whole?(): Promise<Uint8Array>
  /**
   * The decoded bytes. Each view is valid until the next one is asked for.
   * @throws Fault BodyIncomplete, ChunkMalformed, ChunkTooSmall, SignatureMismatch, TrailerMalformed
   */
  chunks(): AsyncIterable<Uint8Array>
  promised: PromisedDigests
}
