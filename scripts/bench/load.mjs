import { Worker } from 'node:worker_threads'

/**
 * The load client's handle in the main thread: `await load('round', { side, operation, count })` and so on; the verbs
 * stand in load-thread.mjs.
 *
 * @param plan  { listKeys, overwrite }, from which both threads make the same list of operations
 */
export function startLoad(plan) {
  const thread = new Worker(new URL('./load-thread.mjs', import.meta.url), {
    workerData: { listKeys: plan.listKeys, overwrite: plan.overwrite },
  })
  const waiting = new Map()
  let lastId = 0

  thread.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(error))
  })
  thread.on('error', error => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })

  const load = (verb, message) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      thread.postMessage({ id, verb, ...message })
    })
  load.stop = () => thread.terminate()
  return load
}
