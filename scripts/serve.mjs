import { readBootstrap } from './local/bootstrap-file.mjs'
import { explain } from './local/complaint.mjs'
import { keepCredentials } from './local/credentials.mjs'
import { linesToPaste, readyLine } from './local/greeting.mjs'
import { requireHealth } from './local/health.mjs'
import { deletePartialBlobs } from './local/partial-blobs.mjs'
import { requireFreePort } from './local/port.mjs'
import { startRuntime } from './local/runtime.mjs'
import { HELP, readSettings, selectWorkerVariables } from './local/settings.mjs'
import { openStateFolder } from './local/state-folder.mjs'
import { Stopping } from './local/stopping.mjs'
import { loadWorker } from './local/worker-build.mjs'

/*
 * The local server (docs/design.md): the Worker that is deployed, in Miniflare, with its state on disk. `npm start` gets
 * here by start.mjs, which sees to the packages and to the right Node.js.
 */
const stopping = new Stopping()
try {
  await serve()
} catch (error) {
  stopping.exit(1, explain(error))
}

async function serve() {
  const settings = await readSettings(process.env, process.argv.slice(2))
  if (settings.help) {
    process.stdout.write(HELP)
    stopping.exit(0)
  }
  const bootstrap = readBootstrap(settings.bootstrapFile)
  const state = await openStateFolder(settings.stateDir)
  stopping.onExit(() => state.close())
  if (state.wasKilled) deletePartialBlobs(state.persistence)
  const kept = keepCredentials(state.path)
  await requireFreePort(settings)

  const { worker, variables } = await loadWorker()
  const { bindings, unknown } = selectWorkerVariables(settings.variables, variables)
  for (const name of unknown) say(`${name} is set, but Wharf knows no such setting; npm start -- --help lists them.`)
  bind(worker, {
    ...bindings,
    ...secrets(settings, kept),
    ...openings(settings),
    WHARF_BOOTSTRAP: bootstrap,
    WHARF_STARTED_MILLIS: String(Date.now()),
  })

  const { url, endpoint, finish } = await startRuntime({ worker, settings, state, stopping, say })
  const { rootCredentials } = await requireHealth(endpoint)
  // Not before: a workerd that is told to end while it starts may not hear it.
  stopping.whenAsked(finish)
  state.note({ url })
  process.stdout.write(readyLine(url))
  const isChanged = rootCredentials === 'changed'
  if (settings.log !== 'quiet') process.stdout.write(linesToPaste({ endpoint, settings, kept, isChanged }))
}

/** All that is not meant for programs goes to stderr. */
function say(text) {
  process.stderr.write(`${text}\n`)
}

function bind(worker, bindings) {
  for (const [name, value] of Object.entries(bindings)) {
    if (value !== undefined) worker.config.env[name] = { type: 'text', value }
  }
}

/** The pair of the state folder is only the first one, which the management API may change; one from outside is final. */
function secrets({ root, masterKey }, kept) {
  const pair = root
    ? { WHARF_ROOT_USER: root.user, WHARF_ROOT_PASSWORD: root.password }
    : { WHARF_INITIAL_ROOT_USER: kept.rootUser, WHARF_INITIAL_ROOT_PASSWORD: kept.rootPassword }
  return { ...pair, WHARF_MASTER_KEY: masterKey ?? kept.masterKey }
}

function openings({ isOpenForAistore, isLoopback, host }) {
  if (!isOpenForAistore) return {}
  if (isLoopback) return { AISTORE_OPEN: '1' }
  say(`AISTORE_OPEN is ignored, since HOST ${host} can be reached from other machines.`)
  return {}
}
