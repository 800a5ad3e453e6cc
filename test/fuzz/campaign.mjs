import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from './connection.mjs'
import { faultOfAnswer, faultOfAnswers, firstStatus } from './judge.mjs'
import { encodePath, signInHeader, write } from './message.mjs'
import { plan } from './plans.mjs'
import { ROOT, residentMiB, startServer } from './server.mjs'
import { ANCHOR, BUCKETS, CANARIES, CANARY_BUCKET, World } from './world.mjs'

const MOST_FAULTS = 20
const CANARY_EVERY = 500
/** By so much the runtime may grow in a long run, once it is warm. */
const MOST_GROWTH_MIB = 64
const LONG_RUN = 50_000
const WARM_UP = 2500
/** The server begins anew after its answer, and for so long. */
const RESTART_MILLIS = 2000

/**
 * Sends so many malformed requests to a server of its own, and watches what becomes of it.
 *
 * @param options  { seed, requests, connections, from, say }: `from` is the number of the first request, to send one of them alone
 * @returns        { faults, requests, answers, kinds, seconds, memory }; no faults means that all is well
 */
export async function campaign({ seed, requests, connections, from = 0, say = () => {} }) {
  const server = await startServer()
  const run = new Run(server, { seed, requests, from, say })
  try {
    await run.prepare()
    await Promise.all(Array.from({ length: connections }, () => run.work()))
    await run.finish()
    return run.report()
  } finally {
    await server.stop()
  }
}

class Run {
  #server
  #options
  #world
  #account
  #runtime
  #canary
  #next = 0
  #done = 0
  #faults = []
  #answers = new Map()
  #kinds = new Map()
  #memory = []
  /** Until when requests may be interrupted by one that makes the server begin anew. */
  #interrupted = 0
  #started = 0
  #seconds = 0

  constructor(server, options) {
    this.#server = server
    this.#options = options
    this.#world = new World(options.seed)
    this.#account = { ...ROOT, host: `127.0.0.1:${server.port}` }
    this.#canary = new Connection(server.port)
    this.#next = options.from
  }

  async prepare() {
    for (const bucket of [...BUCKETS, CANARY_BUCKET]) await this.#must('PUT', `/${bucket}`)
    for (const bucket of BUCKETS) await this.#must('PUT', `/${bucket}/${encodePath(ANCHOR)}`)
    for (const [key, bytes] of CANARIES) await this.#must('PUT', `/${CANARY_BUCKET}/${key}`, bytes)
    if (this.#options.requests >= LONG_RUN) await this.#warmUp()
    this.#runtime = this.#server.runtimePid()
    this.#started = Date.now()
  }

  /** Ordinary work until the runtime has taken the memory that it needs for that, so that what it takes later is seen. */
  async #warmUp() {
    this.#options.say('warming up')
    const body = Buffer.alloc(100_000)
    let left = WARM_UP
    const work = async () => {
      const connection = new Connection(this.#server.port)
      while (left-- > 0) {
        const bucket = `/warm-${left}`
        await this.#ask(connection, 'PUT', bucket)
        await this.#ask(connection, 'DELETE', bucket)
        await this.#ask(connection, 'PUT', `/${BUCKETS[left % 2]}/warm-${left % 50}`, body)
      }
      connection.close()
    }
    await Promise.all(Array.from({ length: 8 }, work))
  }

  /** Takes one request after the other until there are none left. */
  async work() {
    const { seed, requests, from } = this.#options
    const connection = new Connection(this.#server.port)
    while (this.#next < from + requests && this.#faults.length < MOST_FAULTS) {
      const number = this.#next++
      const planned = plan(seed, number, this.#world, this.#account)
      try {
        await this.#send(connection, planned)
      } catch (error) {
        connection.close()
        this.#fault(number, planned, error.message)
      }
      await this.#count()
    }
    connection.close()
  }

  async finish() {
    this.#seconds = (Date.now() - this.#started) / 1000
    await this.#look()
    this.#canary.close()
    const { growth } = this.#growth()
    if (this.#options.requests >= LONG_RUN && growth > MOST_GROWTH_MIB) {
      this.#complain(`the runtime grew by ${growth.toFixed(0)} MiB`)
    }
    const said = this.#server.complaints()
    if (said !== '') this.#complain(`the server said: ${said.slice(0, 2000)}`)
  }

  report() {
    const sorted = map => Object.fromEntries([...map].sort(([one], [other]) => (one < other ? -1 : 1)))
    return {
      faults: this.#faults,
      requests: this.#done,
      answers: sorted(this.#answers),
      kinds: sorted(this.#kinds),
      seconds: this.#seconds,
      memory: this.#growth(),
    }
  }

  async #send(connection, planned) {
    const { kind, method, pieces, isWhole, interrupts } = planned
    const begun = Date.now()
    if (interrupts) this.#interrupted = Number.POSITIVE_INFINITY
    if (!isWhole) {
      const received = await connection.exchangeAll(pieces)
      this.#tally(kind, firstStatus(received))
      return this.#hold(faultOfAnswers(received, { method, interrupted: this.#interrupted > begun }))
    }
    const answer = await connection.exchange(pieces, method)
    if (interrupts) this.#interrupted = Date.now() + RESTART_MILLIS
    this.#tally(kind, answer.status)
    this.#hold(faultOfAnswer(answer, { kind, method, interrupted: this.#interrupted > begun }))
    this.#learn(planned.message, answer)
  }

  #hold(fault) {
    if (fault !== undefined) throw new Error(fault)
  }

  /** Uploads that were begun are there for later requests, and so are their parts. */
  #learn({ method, path, query }, { status, headers, body }) {
    if (status !== 200 || body.length > 2000) return
    const parameter = name => query.find(([other]) => other === name)?.[1]
    const [, etag] = /^"(\w+)"$/.exec(headers.get('etag') ?? '') ?? []
    if (method === 'PUT' && etag) this.#world.hasPart(parameter('uploadId'), Number(parameter('partNumber')), etag)
    const [, id] = /<UploadId>([^<]+)<\/UploadId><\/InitiateMultipartUploadResult>$/.exec(body.toString()) ?? []
    const [, bucket, key] = /^\/([^/]+)\/(.+)$/.exec(path) ?? []
    if (id && BUCKETS.includes(bucket)) this.#world.begun(bucket, decodeURIComponent(key), id)
  }

  #tally(kind, status) {
    const name = status === 0 ? 'closed' : String(status)
    this.#answers.set(name, (this.#answers.get(name) ?? 0) + 1)
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
  }

  async #count() {
    this.#done++
    const { requests, say } = this.#options
    if (this.#done % Math.max(1, Math.floor(requests / 100)) === 0) {
      const mib = residentMiB(this.#runtime)
      if (mib !== undefined) this.#memory.push(mib)
      const rate = Math.round(this.#done / ((Date.now() - this.#started) / 1000))
      say(
        `${this.#done} of ${requests} requests, ${rate} a second, runtime at ${mib?.toFixed(0)} MiB, ${this.#faults.length} faults`,
      )
    }
    if (this.#done % CANARY_EVERY === 0) await this.#look()
  }

  /** The server is the same, and so are the objects that nobody has written since. */
  async #look() {
    if (!this.#server.isAlive()) this.#complain('the server has ended')
    if (this.#server.runtimePid() !== this.#runtime) this.#complain('the runtime has crashed')
    for (const [key, bytes] of CANARIES) {
      const connection = new Connection(this.#server.port)
      try {
        const { status, body } = await this.#ask(connection, 'GET', `/${CANARY_BUCKET}/${key}`)
        if (status !== 200 || !body.equals(bytes))
          this.#complain(`the object ${key} came back as ${status} with ${body.length} bytes`)
      } catch (error) {
        this.#complain(`the object ${key}: ${error.message}`)
      }
      connection.close()
    }
  }

  #ask(connection, method, path, body = Buffer.alloc(0)) {
    const message = { method, path, query: [], headers: [['host', this.#account.host]], body, framing: 'length' }
    signInHeader(message, this.#account)
    const written = write(message)
    return connection.exchange([Buffer.concat([written.head, written.body])], method)
  }

  async #must(method, path, body) {
    const { status } = await this.#ask(this.#canary, method, path, body)
    if (status !== 200) throw new Error(`${method} ${path} answered ${status}`)
  }

  /** From the second tenth of the run to the last; the least of some samples, since V8 collects when it likes. */
  #growth() {
    const least = samples => Math.min(...samples)
    const warm = this.#memory.slice(10, 20)
    const last = this.#memory.slice(-10)
    if (warm.length < 10) return { warm: undefined, last: undefined, peak: undefined, growth: 0 }
    return { warm: least(warm), last: least(last), peak: Math.max(...this.#memory), growth: least(last) - least(warm) }
  }

  #complain(what) {
    if (!this.#faults.some(fault => fault.what === what)) this.#faults.push({ what })
  }

  #fault(number, { kind, pieces }, what) {
    const file = join(tmpdir(), `wharf-fuzz-${this.#options.seed}-${number}.bin`)
    writeFileSync(file, Buffer.concat(pieces))
    this.#faults.push({ number, kind, what, file })
    this.#options.say(`request ${number} (${kind}): ${what}; sent: ${file}`)
  }
}
