import { percentDecode } from '../wire/percent'

/** Thrown where a body is no form, or one beyond the limits; each dialect has its own word for it. */
export class MalformedForm extends Error {
  readonly isTooLarge: boolean

  constructor(problem: string, isTooLarge = false) {
    super(problem)
    this.isTooLarge = isTooLarge
  }
}

/** What a part says of itself. */
export interface PartHead {
  name: string
  /** As sent: browsers of old send a whole path. */
  filename?: string
}

export interface FormField {
  name: string
  value: string
}

/** The part that is not held. */
export interface FormFile extends PartHead {
  /** How many bytes of the body came before it. */
  offset: number
  /**
   * Its bytes, up to the boundary. Each view is valid until the next one is asked for. Can be read once.
   * @throws MalformedForm where the body ends before the boundary; what the body itself throws
   */
  chunks(): AsyncGenerator<Uint8Array, void>
}

/** The fields up to the file, in their order. Whatever comes behind the file is not read. */
export interface Form {
  fields: FormField[]
  file: FormFile | undefined
}

export interface FormOptions {
  boundary: string
  /** Which part is the file. */
  isFile(part: PartHead): boolean
  /** Of all that comes before the file. */
  maxBytes: number
  maxFields: number
  /** Of one part's headers. */
  maxHeaderBytes: number
}

/**
 * The boundary that a Content-Type tells.
 * @returns undefined where it is no form; '' where it tells none
 */
export function readBoundary(contentType: string | null): string | undefined {
  const text = contentType ?? ''
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(text)) return undefined
  const boundary = readParameters(text).get('boundary') ?? ''
  return BOUNDARY.test(boundary) ? boundary : ''
}

/**
 * Reads a form up to its file. The fields are held, the file is not.
 *
 * What begins a line with the boundary ends a part, whatever follows; but then the line must be one that a boundary may
 * stand in. So no bytes can be taken for another part than the client meant.
 *
 * @throws MalformedForm; what the body itself throws
 * @see    RFC 7578; RFC 2046, section 5.1.1
 */
export async function readForm(body: AsyncIterable<Uint8Array>, options: FormOptions): Promise<Form> {
  const reader = new FormReader(body, options)
  try {
    return await reader.read()
  } catch (error) {
    await reader.stop()
    throw error
  }
}

const BOUNDARY = /^[\x20-\x7e]{1,200}$/
const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const DASHES = Buffer.from('--')
/** White space that a boundary's line may end with. */
const MOST_PADDING_BYTES = 256
/** Read behind the file and dropped, so that the connection stays in use: the other fields of a form, mostly. */
const MOST_BEHIND_BYTES = 65_536

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class FormReader {
  readonly #body: AsyncIterator<Uint8Array>
  readonly #options: FormOptions
  readonly #delimiter: Buffer
  /** What is read and not taken yet. The first delimiter needs no line end before it, so there is one to begin with. */
  #held: Buffer = CRLF
  /** Bytes that were taken, with the line end that is none of the body's. */
  #taken = 0

  constructor(body: AsyncIterable<Uint8Array>, options: FormOptions) {
    this.#body = body[Symbol.asyncIterator]()
    this.#options = options
    this.#delimiter = Buffer.from(`\r\n--${options.boundary}`, 'latin1')
  }

  async read(): Promise<Form> {
    const { isFile, maxFields } = this.#options
    const fields: FormField[] = []
    this.#take((await this.#find(this.#delimiter, this.#room())) + this.#delimiter.length)
    while (!(await this.#endDelimiter())) {
      const head = readHead(await this.#readHead())
      if (isFile(head)) return { fields, file: this.#openFile(head) }
      if (fields.length === maxFields) throw new MalformedForm('there are too many fields', true)
      fields.push({ name: head.name, value: decode(await this.#readContent()) })
    }
    await this.stop()
    return { fields, file: undefined }
  }

  /** Lets go of the body. */
  async stop(): Promise<void> {
    await this.#body.return?.()
  }

  /**
   * The rest of a delimiter's line.
   * @returns whether it was the last one; else the line's end is what comes next
   */
  async #endDelimiter(): Promise<boolean> {
    while (this.#held.length < DASHES.length) await this.#more()
    if (this.#held.subarray(0, DASHES.length).equals(DASHES)) return true
    const end = await this.#find(CRLF, MOST_PADDING_BYTES)
    if (/[^ \t]/.test(this.#take(end).toString('latin1'))) throw new MalformedForm('a boundary is followed by text')
    return false
  }

  /** The headers of a part, between two line ends. The one behind them may be that of a delimiter, so it stays. */
  async #readHead(): Promise<Buffer> {
    const end = await this.#find(HEAD_END, Math.min(this.#options.maxHeaderBytes, this.#room()))
    const head = this.#take(end + CRLF.length)
    if (head.includes(this.#delimiter)) throw new MalformedForm('a boundary stands among headers')
    return head
  }

  async #readContent(): Promise<Buffer> {
    const end = await this.#find(this.#delimiter, this.#room())
    return this.#take(end + this.#delimiter.length).subarray(CRLF.length, Math.max(end, CRLF.length))
  }

  #openFile(head: PartHead): FormFile {
    // The line end before the file is not taken yet, and the one before the first delimiter was not sent.
    return { ...head, offset: this.#taken, chunks: () => this.#fileChunks() }
  }

  async *#fileChunks(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* this.#untilDelimiter()
      await this.#endDelimiter()
      await this.#skip(MOST_BEHIND_BYTES)
    } finally {
      await this.stop()
    }
  }

  async *#untilDelimiter(): AsyncGenerator<Uint8Array, void> {
    const { length } = this.#delimiter
    while (this.#held.length < length) await this.#more()
    const isEmpty = this.#held.subarray(0, length).equals(this.#delimiter)
    if (!isEmpty) this.#take(CRLF.length)
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter)
      // The last bytes may be the beginning of a delimiter.
      const end = at >= 0 ? at : Math.max(0, this.#held.length - length + 1)
      if (end > 0) yield plain(this.#take(end))
      if (at >= 0) break
      await this.#more()
    }
    this.#take(length)
  }

  async #skip(mostBytes: number): Promise<void> {
    for (let left = mostBytes; left > 0; ) {
      const { done, value } = await this.#body.next()
      if (done) return
      left -= value.byteLength
    }
  }

  /** Where the next `wanted` begins: at most `mostBytes` from here. */
  async #find(wanted: Buffer, mostBytes: number): Promise<number> {
    for (let from = 0; ; ) {
      const at = this.#held.indexOf(wanted, from)
      if (at > mostBytes || (at < 0 && this.#held.length > mostBytes + wanted.length)) {
        throw new MalformedForm('what comes before the file is too long', true)
      }
      if (at >= 0) return at
      from = Math.max(0, this.#held.length - wanted.length + 1)
      await this.#more()
    }
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    this.#taken += length
    return taken
  }

  #room(): number {
    return Math.max(0, this.#options.maxBytes - this.#taken)
  }

  /** Reads on. What is held is a copy, since the body may overwrite what it gave. */
  async #more(): Promise<void> {
    const { done, value } = await this.#body.next()
    if (done) throw new MalformedForm('it ends without a boundary')
    this.#held = Buffer.concat([this.#held, value])
  }
}

/** Not a Buffer, whose `slice` is a view and no copy. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}

function readHead(block: Buffer): PartHead {
  const lines = decode(block)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .filter(line => line !== '')
  const disposition = lines
    .map(line => /^content-disposition\s*:(.*)$/is.exec(line)?.[1])
    .find(text => text !== undefined)
  if (disposition === undefined || !/^\s*form-data\s*(;|$)/i.test(disposition)) {
    throw new MalformedForm('a part is not form-data')
  }
  const parameters = readParameters(disposition)
  const name = readExtended(parameters.get('name*')) ?? parameters.get('name')
  if (name === undefined) throw new MalformedForm('a part has no name')
  return { name, filename: readExtended(parameters.get('filename*')) ?? parameters.get('filename') }
}

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gs

/** Names in lower case. Of a name that comes twice the first counts. */
function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of text.matchAll(PARAMETER)) {
    // Other backslashes are those of a path: who writes them does not escape them.
    const value = quoted === undefined ? bare : quoted.replace(/\\(["\\])/g, '$1')
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value)
  }
  return parameters
}

/** `UTF-8''percent-encoded`: RFC 7578 forbids it, and older clients send it. */
function readExtended(text: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(text ?? '') ?? []
  return encoded === undefined ? undefined : percentDecode(encoded)
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new MalformedForm('a text is not UTF-8')
  }
}
