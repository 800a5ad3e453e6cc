import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLoad } from './load.mjs'
import { findRuntime } from './runtime-cpu.mjs'
import { startServers } from './servers.mjs'

/**
 * Everything that a run needs and has to put away again: a state folder (until the process ends), the load client, and
 * (between `start` and `stop`) the servers, who find what they stored when they are started again.
 *
 * @param sides  see bare-side.mjs
 * @param plan   see load.mjs
 * @param inspected  whether the runtime's inspector shall listen
 * @returns      { load, state, start, stop, close, inspector }
 */
export function openStage(sides, plan, { inspected = false } = {}) {
  const state = mkdtempSync(join(tmpdir(), 'wharf-bench-'))
  // Miniflare exits on signals without waiting for anybody, so this must not be asynchronous.
  process.on('exit', () => rmSync(state, { recursive: true, force: true, maxRetries: 3 }))
  const load = startLoad(plan)
  let servers

  const stage = {
    load,
    state,
    async start() {
      servers = await startServers({ state, workers: sides.map(side => side.worker), inspected })
      const runtime = findRuntime()
      for (const { name: side, account } of sides) {
        await load('open', { side, origin: servers.origins[side], account, runtime })
      }
    },
    get inspector() {
      return servers?.inspector
    },
    async stop() {
      const running = servers
      servers = undefined
      await running?.stop()
    },
    async close() {
      await load.stop()
      await stage.stop()
    },
  }
  return stage
}
