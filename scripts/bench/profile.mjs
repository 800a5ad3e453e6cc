import { requestsPerRound } from './compare.mjs'

const SAMPLE_EVERY_MICROS = 250
const SHOWN_FUNCTIONS = 25
const ELSEWHERE = "(not in this isolate: the runtime's own code, other isolates, waiting)"

/**
 * Records where the runtime spends its time while one side carries one operation: one CPU profile of the side's own isolate
 * and one of the R2 simulator's, which every R2 call ends in.
 *
 * @param inspector  'http://127.0.0.1:port' of the runtime's inspector
 * @returns          text: per isolate the functions with the most time of their own, in microseconds per request
 */
export async function profile({ load, inspector, side, operation, number, secondsPerRound }) {
  await load('prepare', { side, operation: number })
  const perSecond = await load('warmUp', { side, operation: number, seconds: operation.warmUpSeconds })
  const count = requestsPerRound(operation, perSecond * secondsPerRound)

  const isolates = [`core:user:${side}`, 'r2:bucket']
  const sessions = await Promise.all(
    isolates.map(isolate => openSession(`${inspector.replace('http', 'ws')}/${isolate}`)),
  )
  for (const session of sessions) {
    await session.call('Profiler.enable')
    await session.call('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_MICROS })
    await session.call('Profiler.start')
  }
  const { elapsedMillis, cpuMicros } = await load('round', { side, operation: number, count })
  const profiles = []
  for (const session of sessions) {
    profiles.push((await session.call('Profiler.stop')).profile)
    session.close()
  }

  const micros = value => (value === undefined ? 'unknown' : (value / count).toFixed(0))
  return [
    `${operation.op} ${operation.size} on ${side}: ${count} requests, per request ${micros(elapsedMillis * 1000)} µs of time, ` +
      `${micros(cpuMicros)} µs of the runtime's CPU (both with the profiler's own share)`,
    ...profiles.flatMap((recorded, i) => [
      `  isolate ${isolates[i]}, µs per request:`,
      ...renderFunctions(recorded, count),
    ]),
  ].join('\n')
}

function renderFunctions({ nodes, samples, timeDeltas }, requests) {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const micros = new Map()
  const add = (name, time) => micros.set(name, (micros.get(name) ?? 0) + time)
  for (const [i, id] of samples.entries()) {
    const { functionName, url, lineNumber } = byId.get(id).callFrame
    const place = url ? ` ${url.split('/').at(-1)}:${lineNumber + 1}` : ''
    const name = `${functionName || '(anonymous)'}${place}`
    // All isolates share one thread. The first sample after another one's turn carries the time of that turn: cut it off.
    const own = name === '(idle)' ? 0 : Math.min(timeDeltas[i], 2 * SAMPLE_EVERY_MICROS)
    add(name, own)
    add(ELSEWHERE, timeDeltas[i] - own)
  }
  micros.delete('(idle)')
  return [...micros]
    .sort(([, one], [, other]) => other - one)
    .slice(0, SHOWN_FUNCTIONS)
    .map(([name, total]) => `  ${(total / requests).toFixed(1).padStart(10)}  ${name}`)
}

/** One session of the inspector's protocol. `call` gives the result of a method, or throws what the runtime answered. */
async function openSession(url) {
  const socket = new WebSocket(url)
  const waiting = new Map()
  let lastId = 0
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(data)
    const call = waiting.get(id)
    if (!call) return // an event
    waiting.delete(id)
    if (error) call.reject(new Error(`the inspector answered: ${error.message}`))
    else call.resolve(result)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`cannot reach the inspector at ${url}`)))
  })
  return {
    call: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, { resolve, reject })
        socket.send(JSON.stringify({ id, method, params }))
      }),
    close: () => socket.close(),
  }
}
