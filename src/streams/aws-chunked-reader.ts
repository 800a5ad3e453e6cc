import { isChecksumValue } from '../model/checksum'
import { Fault } from '../model/fault'
import type { ChunkSignatures } from './chunk-signatures'
import type { PromisedChecksum } from './incoming'

export interface AwsChunkedFraming {
  decodedSize: number
  /** Undefined where the chunks are not signed. */
  signatures: ChunkSignatures | undefined
  hasTrailer: boolean
  /** The checksum that the trailer must bring; its value is set when it is there. */
  awaited: PromisedChecksum | undefined
}

type Expected = 'chunk header' | 'data' | 'end of data' | 'trailer' | 'closing line' | 'nothing'

/** All with their line ends. */
const MOST_HEADER_BYTES = 1024
const MOST_TRAILER_BYTES = 8192
/** Signed chunks but the last have at least so many bytes. */
const LEAST_CHUNK_BYTES = 8192

const CR = 13
const LF = 10
const latin1 = new TextDecoder('latin1')

/**
 * Takes the framing of an `aws-chunked` body away, piece by piece as it arrives.
 *
 * ```
 * hex-size[;chunk-signature=hex64][;name=value]* CRLF data CRLF ... 0[;chunk-signature=hex64] CRLF
 * [name:value CRLF]* [x-amz-trailer-signature:hex64 CRLF] CRLF
 * ```
 */
export class AwsChunkedReader {
  readonly #framing: AwsChunkedFraming
  #expected: Expected = 'chunk header'
  /** What has arrived of a line that goes on in the next piece. */
  #line = ''
  #chunkSize = 0
  #chunkSignature = ''
  #chunkBytesLeft = 0
  #decodedBytes = 0
  #trailerBytes = 0
  #trailerFields = ''
  #isTrailerSigned = false

  // The current piece: what is read of it, and from where to where the decoded bytes lie.
  #piece: Uint8Array = new Uint8Array()
  #at = 0
  #from = 0
  #to = 0

  constructor(framing: AwsChunkedFraming) {
    this.#framing = framing
  }

  /**
   * @param piece  will be overwritten: its data is moved together, so that there is one run of bytes to hand on
   * @returns      the decoded bytes, inside `piece`
   * @throws Fault BodyIncomplete, ChunkMalformed, ChunkTooSmall, TrailerMalformed
   */
  take(piece: Uint8Array): Uint8Array {
    this.#piece = piece
    this.#at = 0
    this.#from = 0
    this.#to = 0
    while (this.#at < piece.byteLength) this.#step()
    return piece.subarray(this.#from, this.#to)
  }

  /** @throws Fault SignatureMismatch where a chunk or trailer that has ended was not signed so */
  async verify(): Promise<void> {
    await this.#framing.signatures?.settle()
  }

  /** @throws Fault BodyIncomplete where the body may not end here */
  end(): void {
    if (this.#expected !== 'nothing') throw this.#incomplete()
  }

  #step(): void {
    if (this.#expected === 'data') this.#takeData()
    else if (this.#expected === 'chunk header') this.#withLine(MOST_HEADER_BYTES, line => this.#readHeader(line))
    else if (this.#expected === 'end of data') this.#withLine(2, () => this.#endData())
    else if (this.#expected === 'trailer') {
      this.#withLine(MOST_TRAILER_BYTES - this.#trailerBytes, line => this.#readTrailer(line))
    } else if (this.#expected === 'closing line') this.#withLine(2, () => this.#expect('nothing'))
    else throw this.#malformed('something follows the end')
  }

  #expect(expected: Expected): void {
    this.#expected = expected
  }

  /** Gives the next line, without its CRLF, to `read` once all of it is there. A lone LF does not end a line. */
  #withLine(mostBytes: number, read: (line: string) => void): void {
    const piece = this.#piece
    let lf = piece.indexOf(LF, this.#at)
    while (lf >= 0 && !this.#isAfterCr(lf)) lf = piece.indexOf(LF, lf + 1)
    const stop = lf < 0 ? piece.byteLength : lf + 1
    if (this.#line.length + stop - this.#at > mostBytes) throw this.#malformed('a line is too long')
    this.#line += latin1.decode(piece.subarray(this.#at, stop))
    this.#at = stop
    if (lf < 0) return
    const line = this.#line.slice(0, -2)
    this.#line = ''
    read(line)
  }

  #isAfterCr(index: number): boolean {
    return index > this.#at ? this.#piece[index - 1] === CR : this.#line.endsWith('\r')
  }

  #readHeader(line: string): void {
    const { decodedSize, signatures } = this.#framing
    const [sizeText = '', ...extensions] = line.split(';')
    if (!/^[0-9a-fA-F]{1,16}$/.test(sizeText) || /[\r\n]/.test(line)) throw this.#malformed('a chunk has no size')
    const size = Number.parseInt(sizeText, 16)
    if (size > decodedSize - this.#decodedBytes) throw this.#incomplete()
    if (signatures !== undefined) {
      this.#chunkSignature = this.#readSignature(extensions)
      const isAfterSmall = this.#chunkSize > 0 && this.#chunkSize < LEAST_CHUNK_BYTES
      if (size > 0 && isAfterSmall) {
        throw new Fault('ChunkTooSmall', { size: this.#chunkSize, leastSize: LEAST_CHUNK_BYTES })
      }
    }
    this.#chunkSize = size
    this.#chunkBytesLeft = size
    if (size > 0) this.#expect('data')
    else this.#endChunks()
  }

  #readSignature(extensions: string[]): string {
    const [signature, ...others] = extensions.filter(extension => extension.startsWith('chunk-signature='))
    if (signature === undefined || others.length > 0) throw this.#malformed('a chunk has not one signature')
    return signature.slice('chunk-signature='.length)
  }

  #takeData(): void {
    const piece = this.#piece
    const start = this.#at
    const end = Math.min(piece.byteLength, start + this.#chunkBytesLeft)
    this.#framing.signatures?.update(piece.subarray(start, end))
    if (this.#from === this.#to) {
      this.#from = start
      this.#to = start
    }
    if (this.#to !== start) piece.copyWithin(this.#to, start, end)
    this.#to += end - start
    this.#at = end
    this.#decodedBytes += end - start
    this.#chunkBytesLeft -= end - start
    if (this.#chunkBytesLeft === 0) this.#expect('end of data')
  }

  #endData(): void {
    this.#framing.signatures?.endChunk(this.#chunkSignature)
    this.#expect('chunk header')
  }

  #endChunks(): void {
    if (this.#decodedBytes < this.#framing.decodedSize) throw this.#incomplete()
    this.#framing.signatures?.endChunk(this.#chunkSignature)
    this.#expect(this.#framing.hasTrailer ? 'trailer' : 'closing line')
  }

  #readTrailer(line: string): void {
    this.#trailerBytes += line.length + 2
    if (line === '') {
      this.#endTrailer()
    } else {
      // minio-go ends a field with LF CR LF.
      const [, name = '', value = ''] = /^([^:\r\n]+):([^\r\n]*)\n?$/.exec(line) ?? []
      this.#readField(name.trim().toLowerCase(), value.trim())
    }
  }

  #readField(name: string, value: string): void {
    const { awaited, signatures } = this.#framing
    if (this.#isTrailerSigned) throw this.#malformed('something follows the signature')
    if (name === 'x-amz-trailer-signature' && signatures !== undefined) {
      signatures.endTrailer(this.#trailerFields, value)
      this.#isTrailerSigned = true
      return
    }
    if (awaited === undefined || name !== `x-amz-checksum-${awaited.algorithm}`) {
      throw this.#malformed('a field was not announced')
    }
    if (awaited.value !== undefined) throw this.#malformed('the checksum stands there twice')
    if (!isChecksumValue(awaited.algorithm, value)) throw this.#malformed('the checksum is none')
    awaited.value = value
    this.#trailerFields = `${name}:${value}\n`
  }

  #endTrailer(): void {
    const { awaited, signatures } = this.#framing
    if (awaited !== undefined && awaited.value === undefined) throw this.#malformed('the checksum is missing')
    if (signatures !== undefined && !this.#isTrailerSigned) throw this.#malformed('it is not signed')
    this.#expect('nothing')
  }

  #malformed(problem: string): Fault {
    return new Fault(this.#expected === 'trailer' ? 'TrailerMalformed' : 'ChunkMalformed', { problem })
  }

  #incomplete(): Fault {
    const { decodedSize } = this.#framing
    return new Fault('BodyIncomplete', { announcedBytes: decodedSize, receivedBytes: this.#decodedBytes })
  }
}
