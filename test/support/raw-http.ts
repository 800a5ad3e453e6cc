import { connect, type Socket } from 'node:net'

/** A request written byte by byte, for what no HTTP client lets one do. */
export class RawRequest {
  readonly #socket: Socket
  #received = ''
  #closed = false

  constructor(url: URL, lines: string[]) {
    this.#socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) })
    this.#socket.setNoDelay(true)
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', text => {
      this.#received += text
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#closed = true
    })
    this.#socket.write(`${[...lines, `Host: ${url.host}`].join('\r\n')}\r\n\r\n`)
  }

  send(bytes: Uint8Array | string) {
    this.#socket.write(bytes)
  }

  /** Says that no more will come, and goes on listening. */
  end() {
    this.#socket.end()
  }

  close() {
    this.#socket.destroy()
  }

  /** Everything received so far, once it fits; fails when it does not in time. */
  async received(pattern: RegExp, withinMillis = 10_000): Promise<string> {
    const deadline = Date.now() + withinMillis
    while (!pattern.test(this.#received)) {
      if (this.#closed || Date.now() > deadline) {
        throw new Error(
          `waited for ${pattern}, got ${JSON.stringify(this.#received)}${this.#closed ? ', then the end' : ''}`,
        )
      }
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    return this.#received
  }
}
