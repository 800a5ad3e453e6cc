import { connect } from 'node:net'

/** A request that is not answered by then hangs. */
export const HANGS_MILLIS = 10_000

/** One connection to the server, kept alive; opened again when the server has closed it. */
export class Connection {
  #port
  #socket
  #received = Buffer.alloc(0)
  #isClosed = true
  #wake = () => {}

  constructor(port) {
    this.#port = port
  }

  close() {
    this.#socket?.destroy()
    this.#isClosed = true
  }

  /**
   * Sends a request whose framing is whole, in one piece or in several, and reads its answer.
   *
   * @param pieces  buffers, written one after another with a pause between them
   * @returns { status, headers, body }; { status: 0 } where the connection was closed without an answer
   * @throws Error where nothing comes in time
   */
  async exchange(pieces, method) {
    const isFresh = await this.#open()
    await this.#write(pieces)
    const answer = await this.#answer(method)
    if (answer !== undefined) {
      if (/(^|,)\s*close\s*(,|$)/i.test(answer.headers.get('connection') ?? '')) this.close()
      return answer
    }
    this.close()
    // The server may have closed an idle connection just as we wrote to it.
    return isFresh ? { status: 0, headers: new Map(), body: Buffer.alloc(0) } : this.exchange(pieces, method)
  }

  /**
   * Sends bytes that may be no request at all, says that no more will come, and reads until the server closes.
   *
   * @returns all that was received
   * @throws Error where it does not close in time
   */
  async exchangeAll(pieces) {
    await this.#open()
    await this.#write(pieces)
    this.#socket.end()
    const deadline = Date.now() + HANGS_MILLIS
    while (!this.#isClosed) await this.#more(deadline)
    return this.#received
  }

  async #open() {
    if (!this.#isClosed) return false
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.#socket = socket
    this.#received = Buffer.alloc(0)
    this.#isClosed = false
    socket.on('data', data => {
      this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data])
      this.#wake()
    })
    const closed = () => {
      if (this.#socket === socket) this.#isClosed = true
      this.#wake()
    }
    socket.on('error', closed)
    socket.on('end', () => {
      socket.end()
      closed()
    })
    socket.on('close', closed)
    return true
  }

  async #write(pieces) {
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await new Promise(resolve => setTimeout(resolve, 2))
      if (this.#isClosed) return
      this.#socket.write(piece)
    }
  }

  /** Waits for bytes, or for the end. */
  async #more(deadline) {
    const left = deadline - Date.now()
    if (left <= 0) {
      this.close()
      throw new Error(`no answer within ${HANGS_MILLIS} ms`)
    }
    let timer
    await new Promise(resolve => {
      this.#wake = resolve
      timer = setTimeout(resolve, left)
    })
    clearTimeout(timer)
  }

  async #answer(method) {
    const deadline = Date.now() + HANGS_MILLIS
    for (;;) {
      const found = readAnswer(this.#received, method, this.#isClosed)
      if (found !== undefined) {
        this.#received = this.#received.subarray(found.end)
        if (found.answer.status >= 200) return found.answer
      } else if (this.#isClosed) {
        return undefined
      } else {
        await this.#more(deadline)
      }
    }
  }
}

/**
 * The first answer in what was received, and where it ends; undefined while it is not whole.
 * @throws Error for what is no answer
 */
export function readAnswer(received, method, isClosed) {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine, ...lines] = received.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(`${statusLine} `)?.[1])
  if (!(status >= 100)) throw new Error(`this is no status line: ${JSON.stringify(statusLine)}`)
  const headers = new Map(lines.map(line => headerOf(line)))
  const start = headEnd + 4
  const isBare = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const body = isBare ? { bytes: Buffer.alloc(0), end: start } : readBody(received, start, headers, isClosed)
  return body && { answer: { status, headers, body: body.bytes }, end: body.end }
}

function headerOf(line) {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? []
  if (name === undefined) throw new Error(`this is no header: ${JSON.stringify(line)}`)
  return [name.toLowerCase(), value]
}

function readBody(received, start, headers, isClosed) {
  const length = headers.get('content-length')
  if (length !== undefined) {
    const end = start + Number(length)
    return received.length < end ? undefined : { bytes: received.subarray(start, end), end }
  }
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(received, start)
  return isClosed ? { bytes: received.subarray(start), end: received.length } : undefined
}

function readChunks(received, start) {
  const pieces = []
  for (let at = start; ; ) {
    const lineEnd = received.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(received.toString('latin1', at, lineEnd), 16)
    const from = lineEnd + 2
    if (received.length < from + size + 2) return undefined
    if (size === 0) return { bytes: Buffer.concat(pieces), end: from + 2 }
    pieces.push(received.subarray(from, from + size))
    at = from + size + 2
  }
}
