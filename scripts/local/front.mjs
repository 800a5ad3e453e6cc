import { createServer, Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { EmptyBodyWatch } from './empty-body-watch.mjs'
import { portComplaint } from './port.mjs'

/** While the runtime comes back from a crash, new connections wait for it so long. */
const RECONNECTS = 30
const RECONNECT_MILLIS = 100

/** A client that goes on sending when all of its answer is out is listened to so long. */
const LAST_WORDS_MILLIS = 5000

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
/** For somebody who asks for a tunnel; the runtime would answer 500, and complain on stderr. */
const NO_TUNNEL = 'HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
const TUNNEL = Buffer.from('CONNECT ')
const INTERIM = Buffer.from('HTTP/1.1 1')

/**
 * The port that clients know. It passes bytes on to the runtime and back, and makes up for what the runtime leaves out: a
 * `100 Continue` for a client that waits for one before sending an empty body (botocore, under aws-cli and boto3, then
 * misreads the next answers on that connection and stalls for 15 s), an answer that is given before a body is all there, and
 * one to CONNECT.
 */
export class Front {
  #server
  #upstream
  #clients = new Set()

  /** @param upstream  where the runtime listens: { host, port } */
  constructor(upstream) {
    this.#upstream = upstream
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#meet(client))
  }

  /**
   * @returns the port that it got
   * @throws Complaint
   */
  async listen({ address, host, port }) {
    await new Promise((resolve, reject) => {
      this.#server.once('error', error => reject(portComplaint(error.code, host, port)))
      this.#server.listen({ host: address, port, exclusive: true }, resolve)
    })
    return this.#server.address().port
  }

  /** Takes no new connections. Those that are open go on until the runtime ends them. */
  close() {
    this.#server.close()
  }

  /** Resolves when all that the runtime answered has gone out, or when that takes too long. */
  async flushed(withinMillis = 2000) {
    const open = [...this.#clients].map(client => new Promise(resolve => client.once('close', resolve)))
    await Promise.race([Promise.all(open), pause(withinMillis)])
  }

  /** A connection reaches the runtime once it says something. */
  #meet(client) {
    this.#clients.add(client)
    client.once('close', () => this.#clients.delete(client))
    // Errors show as 'close'; there is nobody to tell.
    client.on('error', () => {})
    const leave = () => client.end()
    client.once('end', leave)
    client.once('data', first => {
      client.pause()
      client.unshift(first)
      client.removeListener('end', leave)
      this.#serve(client)
    })
  }

  async #serve(client) {
    const upstream = await this.#reach(client)
    if (!upstream) return client.destroy()
    upstream.on('error', () => {})
    upstream.once('end', () => this.#part(client))
    upstream.once('close', () => (isAnswered ? this.#part(client) : client.destroy()))
    client.once('close', () => upstream.destroy())

    const watch = new EmptyBodyWatch()
    // Whether the last word was the runtime's: what the client says then begins a request, and is not part of a body.
    let isAnswered = true
    upstream.on('data', chunk => {
      isAnswered = !beginsWith(chunk, INTERIM)
    })
    client.on('data', chunk => {
      if (upstream.destroyed) return
      if (isAnswered && beginsWith(chunk, TUNNEL)) return this.#refuseTunnel(client, upstream)
      isAnswered = false
      if (watch.sees(chunk)) client.write(CONTINUE)
      if (!upstream.write(chunk)) client.pause()
    })
    upstream.on('drain', () => client.resume())
    client.once('end', () => upstream.end())
    client.resume()
    upstream.pipe(client, { end: false })
  }

  #refuseTunnel(client, upstream) {
    client.write(NO_TUNNEL)
    upstream.destroy()
  }

  /**
   * Where a body is not wanted the runtime answers and closes. What the client still sends is heard to its end: were it closed
   * as well, the answer would be lost in the reset of the connection.
   */
  #part(client) {
    if (client.writableEnded) return
    client.resume()
    client.end(() => {
      const patience = setTimeout(() => client.destroy(), LAST_WORDS_MILLIS)
      client.once('close', () => clearTimeout(patience))
    })
  }

  /** A connection to the runtime; undefined when it does not come back, or the client goes. */
  async #reach(client) {
    for (let tries = 0; tries < RECONNECTS && !client.destroyed; tries++) {
      const socket = new Upstream({ allowHalfOpen: true, noDelay: true }).connect(this.#upstream)
      const isOpen = await new Promise(resolve => {
        socket.once('connect', () => resolve(true))
        socket.once('error', () => resolve(false))
      })
      if (isOpen) return socket
      await pause(RECONNECT_MILLIS)
    }
    return undefined
  }
}

/** A write that fails does not end the reading: the answer may have come before the runtime closed. */
class Upstream extends Socket {
  _write(chunk, encoding, done) {
    super._write(chunk, encoding, () => done())
  }

  _writev(chunks, done) {
    super._writev(chunks, () => done())
  }
}

function beginsWith(chunk, words) {
  return chunk.length >= words.length && chunk.compare(words, 0, words.length, 0, words.length) === 0
}
