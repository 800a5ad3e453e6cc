import { Miniflare } from 'miniflare'

const HOST = '127.0.0.1'

/**
 * Starts both sides in one runtime, each on a socket of its own, without Miniflare's entry worker in between.
 *
 * @param state          folder for what the servers store
 * @param workers        Miniflare's worker options of both sides, see bare-side.mjs and wharf-side.mjs
 * @param inspected  whether the runtime's inspector shall listen, for --profile
 * @returns          { origins: { [worker name]: 'http://127.0.0.1:port' }, inspector, stop }
 */
export async function startServers({ state, workers, inspected }) {
  const miniflare = new Miniflare({
    host: HOST,
    port: 0,
    cf: false,
    logRequests: false,
    resourcePersistencePath: state,
    inspectorPort: inspected ? 0 : undefined,
    workers: workers.map(worker => ({
      ...worker,
      dev: { ...worker.dev, unsafeDirectSockets: [{ host: HOST, port: 0 }] },
    })),
  })
  try {
    await miniflare.ready
    const origins = {}
    for (const { config } of workers) origins[config.name] = (await miniflare.unsafeGetDirectURL(config.name)).origin
    const inspector = inspected ? `http://${(await miniflare.getInspectorURL()).host}` : undefined
    return { origins, inspector, stop: () => miniflare.dispose() }
  } catch (error) {
    await miniflare.dispose()
    throw error
  }
}
