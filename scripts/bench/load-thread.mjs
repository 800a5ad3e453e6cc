import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { sha256Hex, signerFor } from '../local/sigv4.mjs'
import { HttpConnection } from './http-connection.mjs'
import { operationsFor } from './operations.mjs'
import { readCpuMicros } from './runtime-cpu.mjs'

// The load client, in a thread of its own: Miniflare's event loop in the main thread must not stand in its way.
// Messages come one at a time: { id, side, verb, ... }; each is answered with { id, result } or { id, error }.

const MAX_SIGNED_BODY_BYTES = 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
const SHOWN_BYTES = 600

const operations = operationsFor(workerData)
const content = randomBytes(CHUNK_BYTES)
const bodies = new Map()
const sides = {}

const verbs = {
  /** Where a side listens, in which process, and, for one that checks signatures, as whom to sign. */
  open({ side, origin, account, runtime }) {
    for (const connection of sides[side]?.connections ?? []) connection.close()
    const { hostname, port, host } = new URL(origin)
    sides[side] = {
      host,
      runtime,
      sign: account && signerFor(account),
      connections: Array.from({ length: 16 }, () => new HttpConnection(hostname, Number(port))),
      put: sides[side]?.put ?? new Set(), // what has been put already: need not be prepared again
      next: sides[side]?.next ?? operations.map(() => 0),
    }
  },

  /** Requests that are not measured, each a success. */
  async send({ side, requests }) {
    await run(sides[side], requests, 4, {})
  },

  async prepare({ side, operation }) {
    const missing = operations[operation].prepare.filter(({ path }) => !sides[side].put.has(path))
    await run(sides[side], missing, missing[0]?.bytes > CHUNK_BYTES ? 1 : 16, {})
  },

  /** @returns requests a second, to size the rounds by */
  async warmUp({ side, operation, seconds }) {
    const started = performance.now()
    let requests = 0
    let measuredMillis = 0
    let count = operations[operation].connections
    while (performance.now() - started < seconds * 1000) {
      const round = await measure(sides[side], operation, count)
      requests += count
      measuredMillis += round.elapsedMillis
      count = Math.min(count * 2, operations[operation].most)
    }
    return requests === 0 ? 0 : (requests / measuredMillis) * 1000
  },

  round({ side, operation, count }) {
    return measure(sides[side], operation, count)
  },
}

parentPort.on('message', async ({ id, verb, ...message }) => {
  try {
    parentPort.postMessage({ id, result: await verbs[verb](message) })
  } catch (error) {
    parentPort.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})

async function measure(side, number, count) {
  const operation = operations[number]
  const first = side.next[number]
  side.next[number] += count
  if (operation.before) await run(side, operation.before(first, count), 16, {})
  const requests = Array.from({ length: count }, (_, i) => operation.request(first + i))
  return run(side, requests, operation.connections, operation.expect)
}

/**
 * Signs all requests, opens the connections, and only then starts the clock.
 *
 * @returns  { elapsedMillis, latencies, cpuMicros } - milliseconds from the first byte sent to the last byte received, per
 *           request, and the runtime's CPU time for all of them
 * @throws Error  on the first answer that is not what was expected
 */
async function run(side, requests, concurrency, expect) {
  const keep = expect.count ? Number.POSITIVE_INFINITY : SHOWN_BYTES
  const ready = requests.map(request => ({ ...wireForm(side, request), keep }))
  const latencies = new Float64Array(requests.length)
  const connections = side.connections.slice(0, Math.min(concurrency, requests.length))
  await Promise.all(connections.map(connection => connection.open()))

  let next = 0
  const cpuBefore = readCpuMicros(side.runtime)
  const started = performance.now()
  const work = async connection => {
    while (next < ready.length) {
      const i = next++
      const sent = performance.now()
      try {
        const answer = await connection.send(ready[i])
        latencies[i] = performance.now() - sent
        check(answer, expect)
      } catch (error) {
        next = ready.length
        throw new Error(`${requests[i].method} ${requests[i].path}: ${error.message}`)
      }
      if (requests[i].method === 'PUT') side.put.add(requests[i].path)
    }
  }
  const ends = await Promise.allSettled(connections.map(work))
  const elapsedMillis = performance.now() - started
  const cpuMicros = cpuBefore === undefined ? undefined : readCpuMicros(side.runtime) - cpuBefore
  const failed = ends.find(end => end.status === 'rejected')
  if (failed) throw failed.reason
  return { elapsedMillis, latencies, cpuMicros }
}

function wireForm({ host, sign }, { method, path, query, bytes }) {
  const body = bytes === undefined ? undefined : bodyOf(bytes)
  let head = `${method} ${path}${query ? `?${query}` : ''} HTTP/1.1\r\nhost: ${host}\r\n`
  if (method === 'PUT') head += `content-length: ${bytes ?? 0}\r\n`
  if (sign) {
    const headers = sign({ method, host, path, query, payload: body?.sha256 ?? sha256Hex('') })
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
  }
  return { method, head: `${head}\r\n`, body }
}

/** A body as one chunk and how often it is sent, so that 256 MiB cost the memory of one. */
function bodyOf(bytes) {
  let body = bodies.get(bytes)
  if (!body) {
    const chunk = content.subarray(0, Math.min(bytes, CHUNK_BYTES))
    const repeat = Math.ceil(bytes / CHUNK_BYTES)
    if (repeat * chunk.length !== bytes) throw new Error(`${bytes} is not a whole number of MiB`)
    body = { chunk, repeat, sha256: bytes <= MAX_SIGNED_BODY_BYTES ? sha256Hex(chunk) : 'UNSIGNED-PAYLOAD' }
    bodies.set(bytes, body)
  }
  return body
}

function check({ status, length, kept }, { status: expected, length: bytes, startOf, count }) {
  const right = expected === undefined ? status >= 200 && status < 300 : status === expected
  if (!right) throw new Error(`answered ${status}: ${kept.toString('utf8', 0, SHOWN_BYTES) || '(no body)'}`)
  if (bytes !== undefined && length !== bytes) throw new Error(`answered ${length} bytes instead of ${bytes}`)
  if (startOf && !kept.equals(bodyOf(startOf).chunk.subarray(0, kept.length))) throw new Error('answered other bytes')
  if (count) {
    const times = occurrences(kept, count.tag)
    if (times !== count.times) throw new Error(`answered ${times} ${count.tag} instead of ${count.times}`)
  }
}

function occurrences(bytes, tag) {
  let times = 0
  for (let at = bytes.indexOf(tag); at >= 0; at = bytes.indexOf(tag, at + tag.length)) times++
  return times
}
