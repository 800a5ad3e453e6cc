import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identifyProcess } from '../../scripts/local/process-identity.mjs'

const START = join(import.meta.dirname, '../../scripts/start.mjs')
const READY = /^wharf ready on (http:\/\/(?:\[.*\]|[^:]+):(\d+))$/m

export interface LocalServerOptions {
  /** Besides what the test's own environment holds; PORT is 0 (any free one) and WHARF_LOG quiet unless set here. */
  env?: Record<string, string>
  /** Kept for the next server when given; else a temporary one, which goes with the server. */
  stateDir?: string
  /** Flags of `npm start`. */
  args?: string[]
  /** Another Node.js than the present one, to see start.mjs go over to the pinned one. */
  node?: string
}

export interface LocalServer {
  url: string
  port: number
  stateDir: string
  rootUser: string
  rootPassword: string
  pid: number
  /** Ends it as a service manager would; the exit code, or null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Kills server and runtime at one blow, as a power cut would. */
  kill(): Promise<void>
  /** All it has said, on stdout and stderr. */
  output(): string
}

/** Starts `npm start`'s server as a process of its own, and waits until it serves. */
export async function startLocalServer(options: LocalServerOptions = {}): Promise<LocalServer> {
  const isTemporary = options.stateDir === undefined
  const stateDir = options.stateDir ?? temporaryFolder()
  const server = launch({ ...options, stateDir })
  const [, url = '', port] = await server.ready
  const kept = JSON.parse(readFileSync(join(stateDir, 'credentials.json'), 'utf8'))

  async function whenGone() {
    const code = await server.exit
    if (isTemporary) rmSync(stateDir, { recursive: true, force: true })
    return code
  }

  return {
    url,
    port: Number(port),
    stateDir,
    rootUser: options.env?.WHARF_ROOT_USER ?? kept.rootUser,
    rootPassword: options.env?.WHARF_ROOT_PASSWORD ?? kept.rootPassword,
    pid: server.pid,
    output: server.output,
    stop(signal = 'SIGTERM') {
      server.child.kill(signal)
      return whenGone()
    },
    async kill() {
      const runtime = runtimePid(stateDir)
      for (const pid of [server.pid, runtime]) endProcess(pid)
      await processGone(runtime)
      await whenGone()
    },
  }
}

/** For a server that is expected to end by itself. */
export async function runLocalServer(
  options: LocalServerOptions = {},
): Promise<{ code: number | null; output: string }> {
  const stateDir = options.stateDir ?? temporaryFolder()
  const server = launch({ ...options, stateDir })
  server.ready.catch(() => {})
  const code = await server.exit
  if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true })
  return { code, output: server.output() }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'wharf test '))
}

/** The workerd that serves from this folder. */
export function runtimePid(stateDir: string): number {
  return JSON.parse(readFileSync(join(stateDir, 'server.json'), 'utf8')).runtime.pid
}

export async function processGone(pid: number, withinMillis = 10_000): Promise<void> {
  const deadline = Date.now() + withinMillis
  while (identifyProcess(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there after ${withinMillis} ms`)
    await pause(20)
  }
}

function launch({ env, stateDir, args = [], node = process.execPath }: LocalServerOptions & { stateDir: string }) {
  const child = spawn(node, [START, ...args], {
    env: { ...cleanEnvironment(), PORT: '0', WHARF_LOG: 'quiet', WHARF_STATE_DIR: stateDir, ...env },
    // The channel ends the server when the test's process dies.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (child.pid === undefined) throw new Error(`cannot run ${node}`)
  let said = ''
  const exit = new Promise<number | null>(resolve => child.once('close', resolve))
  const ready = new Promise<RegExpMatchArray>((resolve, reject) => {
    listen(child, text => {
      said += text
      const match = said.match(READY)
      if (match) resolve(match)
    })
    exit.then(code => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
  return { child, pid: child.pid, ready, exit, output: () => said }
}

function listen(child: ChildProcess, hear: (text: string) => void) {
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', hear)
}

/** Without the settings of whoever runs the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isSetting = (name: string) => name.startsWith('WHARF_') || ['PORT', 'HOST', 'AISTORE_OPEN'].includes(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSetting(name)))
}

function endProcess(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
