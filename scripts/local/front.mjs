import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { EmptyBodyWatch } from './empty-body-watch.mjs'
import { portComplaint } from './port.mjs'

/** While the runtime comes back from a crash, new connections wait for it so long. */
const RECONNECTS = 30
const RECONNECT_MILLIS = 100

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
/** For somebody who asks for a tunnel; the runtime would answer 500. */
const NO_TUNNEL = 'HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/**
 * The port that clients know. It passes bytes on to the runtime and back, and adds the one thing that the runtime leaves
 * out: a `100 Continue` for a client that waits for one before sending an empty body. botocore, under aws-cli and boto3,
 * then misreads the next answers on that connection and stalls for 15 s.
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
      if (first.toString('latin1', 0, 8) === 'CONNECT ') client.end(NO_TUNNEL)
      else this.#serve(client)
    })
  }

  async #serve(client) {
    const upstream = await this.#reach(client)
    if (!upstream) return client.destroy()
    upstream.on('error', () => {})
    upstream.once('close', () => (upstream.readableEnded ? client.end() : client.destroy()))
    client.once('close', () => upstream.destroy())

    const watch = new EmptyBodyWatch()
    client.on('data', chunk => {
      if (watch.sees(chunk)) client.write(CONTINUE)
    })
    client.pipe(upstream)
    upstream.pipe(client)
  }

  /** A connection to the runtime; undefined when it does not come back, or the client goes. */
  async #reach(client) {
    for (let tries = 0; tries < RECONNECTS && !client.destroyed; tries++) {
      const socket = connect({ ...this.#upstream, allowHalfOpen: true, noDelay: true })
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
