import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Bytes that tell all the way through which write they belong to. */
interface Piece {
  tag: string
  size: number
}

/** What one write stores: its bytes, and the etag that they must have. */
export interface Value {
  /** Of the write; also in its metadata. */
  id: string
  pieces: Piece[]
  size: number
  etag: string
  /** Hex. Not the etag, where it was uploaded in parts. */
  md5: string
}

/** Every value that was ever sent to a bucket. */
export class Values {
  readonly #byEtag = new Map<string, Value>()
  readonly #byMd5 = new Map<string, Value>()

  plain(id: string, size: number): Value {
    const pieces = [{ tag: id, size }]
    const md5 = md5Of(bytesOf({ pieces }))
    return this.#keep({ id, pieces, size, etag: md5, md5 })
  }

  /** What completing an upload of these parts makes. */
  ofParts(id: string, parts: Piece[][]): Value {
    const digests = parts.map(pieces => createHash('md5').update(bytesOf({ pieces })).digest())
    const etag = `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}`
    const pieces = parts.flat()
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0)
    const md5 = parts.length === 1 && digests[0] ? digests[0].toString('hex') : md5Of(bytesOf({ pieces }))
    return this.#keep({ id, pieces, size, etag, md5 })
  }

  find(etag: string): Value | undefined {
    return this.#byEtag.get(etag)
  }

  /** One that has these bytes. */
  findBytes(md5: string): Value | undefined {
    return this.#byMd5.get(md5)
  }

  /** The etags of all that have these bytes: sent whole, or in one part. */
  etagsOfBytes(md5: string): string[] {
    const alone = `${createHash('md5').update(Buffer.from(md5, 'hex')).digest('hex')}-1`
    const all = [md5, alone, this.#byMd5.get(md5)?.etag ?? md5]
    return [...new Set(all)].filter(etag => this.#byEtag.has(etag))
  }

  #keep(value: Value): Value {
    if (!this.#byEtag.has(value.etag)) this.#byEtag.set(value.etag, value)
    if (!this.#byMd5.has(value.md5)) this.#byMd5.set(value.md5, value)
    return value
  }
}

export function bytesOf({ pieces }: Pick<Value, 'pieces'>): Buffer<ArrayBuffer> {
  const buffers = pieces.map(({ tag, size }) => Buffer.alloc(size, `<${tag}>`))
  return buffers.length === 1 && buffers[0] ? buffers[0] : Buffer.concat(buffers)
}

/** In base64, as S3 has it in headers. */
export function crc32Of(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return digest.toString('base64')
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}
