import { connect } from 'node:net'

// workerd closes a connection after five idle seconds; one that is about to be closed must not get a request any more.
const MAX_IDLE_MILLIS = 3_000
const MAX_SILENCE_MILLIS = 60_000

/**
 * One keep-alive HTTP/1.1 connection that carries one request at a time.
 *
 * Client and server share the machine, so whatever the client burns is missing from what it measures: request heads come
 * ready-made, answers are read into one buffer that is used again, and nothing is parsed but status, length and framing.
 */
export class HttpConnection {
  #host
  #port
  #socket
  #reader
  #settle
  #idleSinceMillis = 0

  constructor(host, port) {
    this.#host = host
    this.#port = port
  }

  /**
   * Sends one request and reads the whole answer.
   *
   * @param request  { method, head, body?, keep } - `head` with its last empty line; `body` is { chunk, repeat }, sent as
   *                 `repeat` times `chunk`; `keep` says how many bytes of the answer's body the caller wants to see
   * @returns        { status, length, kept } - the body's length as it arrived (for HEAD: as it was announced), its start
   * @throws Error   when the connection breaks, or the answer is not HTTP
   */
  async send({ method, head, body, keep }) {
    await this.open()
    const answered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#reader = new AnswerReader(method, keep)
    const socket = this.#socket
    socket.cork()
    socket.write(head, 'latin1')
    if (body) socket.write(body.chunk)
    socket.uncork()
    for (let sent = 1; body && sent < body.repeat && this.#settle; sent++) {
      if (!socket.write(body.chunk)) await drained(socket)
    }
    const answer = await answered
    this.#idleSinceMillis = performance.now()
    if (answer.close) socket.destroy()
    return answer
  }

  close() {
    this.#socket?.destroy()
  }

  /** Makes sure that the next request finds an open connection. Called before the clock starts. */
  open() {
    if (performance.now() - this.#idleSinceMillis > MAX_IDLE_MILLIS) this.#socket?.destroy()
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: this.#host,
        port: this.#port,
        noDelay: true,
        onread: { buffer: Buffer.allocUnsafe(256 * 1024), callback: (count, buffer) => this.#read(count, buffer) },
      })
      this.#socket = socket
      this.#idleSinceMillis = performance.now()
      socket.setTimeout(MAX_SILENCE_MILLIS, () => socket.destroy(new Error('nothing moved for a minute')))
      socket.once('connect', resolve)
      socket.once('error', error => {
        reject(error)
        if (this.#socket === socket) this.#fail(error)
      })
      socket.once('close', () => {
        if (this.#socket === socket) this.#fail(new Error('the connection was closed before the answer was complete'))
      })
    })
  }

  #read(count, buffer) {
    try {
      const answer = this.#reader?.push(buffer.subarray(0, count))
      if (!answer) return true
      const settle = this.#settle
      this.#reader = this.#settle = undefined
      settle.resolve(answer)
    } catch (error) {
      this.#fail(error)
      this.#socket.destroy()
    }
    return true
  }

  #fail(error) {
    const settle = this.#settle
    this.#reader = this.#settle = undefined
    settle?.reject(error)
  }
}

/** Reads one answer out of the pieces of a socket: head, then a body framed by Content-Length or in chunks. */
class AnswerReader {
  #method
  #keep
  #pending = Buffer.alloc(0)
  #status
  #close
  #length = 0
  #kept = []
  #keptBytes = 0
  #left // bytes of the body, or of the current chunk, that are still to come
  #chunked = false
  #announced

  constructor(method, keep) {
    this.#method = method
    this.#keep = keep
  }

  /** @returns the answer once it is complete, undefined until then */
  push(piece) {
    let at = 0
    if (this.#status === undefined) {
      const bytes = this.#pending.length ? Buffer.concat([this.#pending, piece]) : piece
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#pending = Buffer.from(bytes)
        return
      }
      this.#readHead(bytes.latin1Slice(0, end + 2))
      this.#pending = Buffer.alloc(0)
      piece = bytes
      at = end + 4
    }
    const done = this.#chunked ? this.#readChunks(piece.subarray(at)) : this.#readCounted(piece, at)
    if (!done) return
    return {
      status: this.#status,
      length: this.#announced ?? this.#length,
      kept: this.#kept.length === 1 ? this.#kept[0] : Buffer.concat(this.#kept),
      close: this.#close,
    }
  }

  #readHead(head) {
    if (!head.startsWith('HTTP/1.1 ')) throw new Error(`not an HTTP answer: ${JSON.stringify(head.slice(0, 60))}`)
    this.#status = Number(head.slice(9, 12))
    this.#close = /\r\nconnection: *close/i.test(head)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (this.#method === 'HEAD' || this.#status === 204 || this.#status === 304) {
      this.#left = 0
      this.#announced = length === undefined ? undefined : Number(length)
    } else if (length !== undefined) {
      this.#left = Number(length)
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#chunked = true
      this.#left = -1
    } else {
      throw new Error('the answer says neither its length nor that it comes in chunks')
    }
  }

  #readCounted(piece, at) {
    const size = piece.length - at
    if (size > this.#left) throw new Error('the answer is longer than its Content-Length')
    if (size > 0) this.#take(piece, at, size)
    this.#left -= size
    return this.#left === 0
  }

  /** `#left`: -1 before a size line, -2 in the trailer, else what is missing of the chunk and of the line end behind it. */
  #readChunks(piece) {
    let bytes = this.#pending.length ? Buffer.concat([this.#pending, piece]) : piece
    for (;;) {
      if (this.#left > 2) {
        const size = Math.min(bytes.length, this.#left - 2)
        if (size > 0) this.#take(bytes, 0, size)
        bytes = bytes.subarray(size)
        this.#left -= size
      }
      if (this.#left > 0 && this.#left <= 2) {
        if (bytes.length < 2) break
        bytes = bytes.subarray(2)
        this.#left = -1
      }
      if (this.#left > 2) break
      const end = bytes.indexOf('\r\n')
      if (end < 0) break
      const line = bytes.latin1Slice(0, end)
      bytes = bytes.subarray(end + 2)
      if (this.#left === -2) {
        if (line === '') return true
        continue
      }
      const size = Number.parseInt(line, 16)
      if (Number.isNaN(size)) throw new Error(`not the size of a chunk: ${JSON.stringify(line.slice(0, 60))}`)
      this.#left = size === 0 ? -2 : size + 2
    }
    this.#pending = Buffer.from(bytes)
    return false
  }

  #take(bytes, at, size) {
    this.#length += size
    const wanted = Math.min(size, this.#keep - this.#keptBytes)
    if (wanted <= 0) return
    this.#kept.push(Buffer.from(bytes.subarray(at, at + wanted)))
    this.#keptBytes += wanted
  }
}

function drained(socket) {
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
