import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type ChecksumAlgorithm, CRC_POLYNOMIALS, checksumLength } from '../model/checksum'
import crcModule from './crc.wasm'

export type DigestName = 'md5' | ChecksumAlgorithm

/** A digest taken in passing. Any number of them may be under way at once. */
export interface Digest {
  /** Nothing of `bytes` is kept: the caller may overwrite them afterwards. */
  update(bytes: Uint8Array): void
  /** The digest of everything so far, big endian. Ends the digest: it is asked for once. */
  digest(): Uint8Array<ArrayBuffer>
}

/** Starts a digest. All of them are synchronous; the native ones do without an event-loop hop per chunk. */
export function createDigest(name: DigestName): Digest {
  switch (name) {
    case 'md5':
    case 'sha1':
    case 'sha256':
      return new HashDigest(name)
    case 'crc32':
      return new Crc32Digest()
    case 'crc32c':
    case 'crc64nvme':
      return new WasmCrcDigest(name)
  }
}

/** The digest of bytes that are all there already. */
export function digestOf(name: DigestName, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const digest = createDigest(name)
  digest.update(bytes)
  return digest.digest()
}

class HashDigest implements Digest {
  readonly #hash

  constructor(name: 'md5' | 'sha1' | 'sha256') {
    this.#hash = createHash(name)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  digest(): Uint8Array<ArrayBuffer> {
    // A copy, since a Buffer may be a window into a pool that it shares with others.
    return new Uint8Array(this.#hash.digest())
  }
}

class Crc32Digest implements Digest {
  #crc = 0

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc)
  }

  digest(): Uint8Array<ArrayBuffer> {
    return bigEndian(BigInt(this.#crc), checksumLength('crc32'))
  }
}

type WasmCrc = 'crc32c' | 'crc64nvme'

class WasmCrcDigest implements Digest {
  readonly #calculator: CrcCalculator
  readonly #length: number
  readonly #allOnes: bigint
  #register: bigint

  constructor(name: WasmCrc) {
    this.#calculator = calculatorFor(name)
    this.#length = checksumLength(name)
    this.#allOnes = BigInt.asUintN(this.#length * 8, -1n)
    this.#register = this.#allOnes
  }

  update(bytes: Uint8Array): void {
    this.#register = this.#calculator.run(this.#register, bytes)
  }

  digest(): Uint8Array<ArrayBuffer> {
    return bigEndian(this.#register ^ this.#allOnes, this.#length)
  }
}

/** One polynomial's tables and its block in wasm memory. The register of each digest lives outside, so all may share it. */
class CrcCalculator {
  readonly #block: Uint8Array
  readonly #update: (register: bigint, length: number) => bigint

  constructor(polynomial: bigint) {
    const imports = { crc: { polynomial: new WebAssembly.Global({ value: 'i64' }, polynomial) } }
    const { memory, update } = new WebAssembly.Instance(crcModule, imports).exports as unknown as CrcExports
    this.#block = new Uint8Array(memory.buffer, BLOCK_OFFSET)
    this.#update = update
  }

  run(register: bigint, bytes: Uint8Array): bigint {
    for (let at = 0; at < bytes.byteLength; at += this.#block.byteLength) {
      const piece = bytes.subarray(at, at + this.#block.byteLength)
      this.#block.set(piece)
      // An i64 comes out signed.
      register = BigInt.asUintN(64, this.#update(register, piece.byteLength))
    }
    return register
  }
}

/** What crc.wat exports. */
interface CrcExports {
  memory: WebAssembly.Memory
  update(register: bigint, length: number): bigint
}

/** Where the block begins, as in crc.wat; it reaches to the end of the memory. */
const BLOCK_OFFSET = 32_768

const calculators = new Map<WasmCrc, CrcCalculator>()

function calculatorFor(name: WasmCrc): CrcCalculator {
  let calculator = calculators.get(name)
  if (!calculator) {
    calculator = new CrcCalculator(CRC_POLYNOMIALS[name])
    calculators.set(name, calculator)
  }
  return calculator
}

function bigEndian(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes.slice(-length)
}
