import { spawn } from 'node:child_process'

const TIMEOUT_MILLIS = 15 * 60_000
const SHOWN_LINES = 15
/** What waits for the end of input, since a scenario never types. */
const NO_INPUT = ''

/** Process groups that still run; what a client starts itself belongs to its group. */
const running = new Set()

/**
 * Runs a command to its end, with whatever it started.
 *
 * @param options.env        the whole environment
 * @param options.input      text or bytes for stdin
 * @param options.exitCodes  those that are no failure
 * @returns                  { code, stdout, stderr, bytes }; bytes is stdout as it came
 * @throws Error that shows command line, exit code and last lines of output
 */
export function runCommand(command, args, options = {}) {
  const { env, cwd, input = NO_INPUT, exitCodes = [0], timeoutMillis = TIMEOUT_MILLIS } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: 'pipe', detached: true })
    running.add(child.pid)
    const out = []
    const err = []
    child.stdout.on('data', chunk => out.push(chunk))
    child.stderr.on('data', chunk => err.push(chunk))
    child.stdin.on('error', () => {}) // it need not read all of it
    child.stdin.end(input)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      killGroup(child.pid)
    }, timeoutMillis)
    child.on('error', error => {
      clearTimeout(timer)
      running.delete(child.pid)
      reject(new Error(`${commandLine(command, args)}\n  cannot be run: ${error.message}`))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      killGroup(child.pid)
      running.delete(child.pid)
      const bytes = Buffer.concat(out)
      const result = { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() }
      if (!isLate && exitCodes.includes(code)) return resolve(result)
      const how = isLate ? `no end after ${timeoutMillis / 1000} s` : signal ? `signal ${signal}` : `exit code ${code}`
      reject(new Error(`${commandLine(command, args)}\n  ${how}\n${lastLines(result)}`))
    })
  })
}

/** Ends whatever runs, when the whole test is stopped. */
export function killAll() {
  for (const pid of running) killGroup(pid)
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // all of it has ended
  }
}

function commandLine(command, args) {
  return [command, ...args].map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
}

function lastLines({ stdout, stderr }) {
  const lines = `${stdout}\n${stderr}`.split(/[\r\n]+/).filter(line => line.trim() !== '')
  return lines
    .slice(-SHOWN_LINES)
    .map(line => `  | ${line.slice(0, 500)}`)
    .join('\n')
}
