import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { awsCli, awsCliOfDebian } from '../test/clients/aws-cli.mjs'
import { boto3 } from '../test/clients/boto3.mjs'
import { curl } from '../test/clients/curl.mjs'
import { madmin, madminCurl } from '../test/clients/madmin.mjs'
import { mc } from '../test/clients/mc.mjs'
import { LeftOut } from '../test/clients/prepare.mjs'
import { rclone } from '../test/clients/rclone.mjs'
import { restic } from '../test/clients/restic.mjs'
import { killAll, runCommand } from '../test/clients/run-command.mjs'
import { s3cmd, s3cmdOfDebian } from '../test/clients/s3cmd.mjs'
import { startServer } from '../test/clients/server.mjs'

/*
 * `npm run test:clients`: the clients that people have, against the local server on a real port. Each scenario gets a
 * folder of its own, HOME included, and compares the bytes that come back.
 */
const CLIENTS = [curl, awsCli, awsCliOfDebian, boto3, rclone, s3cmd, s3cmdOfDebian, restic, mc, madminCurl, madmin]
const DISK_BYTES_PER_BIG_BYTE = 4
const HELP = `npm run test:clients -- [flags]

  --only a,b     only these clients: ${CLIENTS.map(({ name }) => name).join(', ')}
  --grep text    only scenarios whose name has this text
  --big-mib n    size of the big file of aws-cli, 1024 unless told
  --keep         keep the temporary folder, with the server's log
  --help         this text
`

const tally = { passed: 0, failed: 0 }
let server
let root
try {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      grep: { type: 'string' },
      'big-mib': { type: 'string', default: '1024' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) process.stdout.write(HELP)
  else await testClients(values)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  tally.failed += 1
  process.stdout.write(summary())
  process.exitCode = 1
}

async function testClients({ only, grep, 'big-mib': bigMib, keep }) {
  const clients = selectClients(only)
  const bigBytes = readMib(bigMib) * 1024 * 1024
  root = mkdtempSync(join(tmpdir(), 'wharf-clients-'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => abandon(keep))
  try {
    if (clients.includes(awsCli)) await requireDisk(bigBytes * DISK_BYTES_PER_BIG_BYTE)
    server = await startServer({ stateDir: join(root, 'state'), logFile: join(root, 'server.log') })
    for (const client of clients) await testClient(client, { bigBytes, grep })
    await server.stop()
    server = undefined
  } finally {
    server?.kill()
    if (keep) process.stdout.write(`kept: ${root}\n`)
    else rmSync(root, { recursive: true, force: true })
  }
  process.stdout.write(summary())
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1
}

async function testClient(client, { bigBytes, grep }) {
  const scenarios = client.scenarios.filter(({ name }) => !grep || name.includes(grep))
  if (scenarios.length === 0) return
  let program
  try {
    program = await client.prepare()
  } catch (error) {
    if (error instanceof LeftOut) process.stdout.write(`-       ${error.message}\n`)
    else report(false, `${client.name} can be had`, 0, error.message)
    return
  }
  for (const [i, { name, run }] of scenarios.entries()) {
    const folder = join(root, `${client.name}-${i}`)
    const begun = Date.now()
    const logged = server.logLength()
    try {
      const remark = await run(openScenario({ client, program, folder, bigBytes }))
      const errors = server.errorsSince(logged)
      if (errors.length > 0)
        throw new Error(`the server met an error that nobody foresaw:\n  ${errors.slice(0, 5).join('\n  ')}`)
      report(true, `${client.name}: ${name}${remark ? ` (${remark})` : ''}`, Date.now() - begun)
    } catch (error) {
      report(
        false,
        `${client.name}: ${name}`,
        Date.now() - begun,
        error.stack ?? error.message,
        server.errorsSince(logged),
      )
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a scenario works with. Whatever a client writes goes to its folder. */
function openScenario({ client, program, folder, bigBytes }) {
  const home = join(folder, 'home')
  for (const path of [home, join(folder, 'tmp'), join(folder, 'files')]) mkdirSync(path, { recursive: true })
  const env = {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    HOME: home,
    TMPDIR: join(folder, 'tmp'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local'),
    PYTHONDONTWRITEBYTECODE: '1',
    NO_PROXY: '*',
    no_proxy: '*',
    ...client.environment({ server, home }),
  }
  return {
    server,
    home,
    program,
    bigBytes,
    bucket: `${client.name.replaceAll('.', '-')}-${Date.now().toString(36)}`,
    file: (...names) => join(folder, 'files', ...names),
    /** The client itself. */
    call: (args, options = {}) => runCommand(program, args, { ...options, env: { ...env, ...options.env } }),
    /** Another program, in the same environment. */
    run: (command, args, options = {}) => runCommand(command, args, { ...options, env: { ...env, ...options.env } }),
  }
}

function report(isPassed, name, millis, why, serverErrors = []) {
  tally[isPassed ? 'passed' : 'failed'] += 1
  process.stdout.write(`${isPassed ? 'passed' : 'FAILED'}  ${name}  ${(millis / 1000).toFixed(1)} s\n`)
  if (why) process.stdout.write(`${indent(why)}\n`)
  if (serverErrors.length > 0)
    process.stdout.write(`${indent(`the server said:\n${serverErrors.slice(0, 5).join('\n')}`)}\n`)
}

function summary() {
  return `${tally.passed} passed, ${tally.failed} failed\n`
}

function selectClients(only) {
  if (only === undefined) return CLIENTS
  const names = only.split(',').map(name => name.trim())
  const unknown = names.filter(name => !CLIENTS.some(client => client.name === name))
  if (unknown.length > 0)
    throw new Error(`no client is called ${unknown.join(', ')}: npm run test:clients -- --help lists them.`)
  return CLIENTS.filter(({ name }) => names.includes(name))
}

function readMib(text) {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Error(`--big-mib must be a number of MiB, not "${text}".`)
}

async function requireDisk(bytes) {
  const { bavail, bsize } = await statfs(root)
  if (bavail * bsize >= bytes) return
  throw new Error(
    `${root} has ${bavail * bsize} bytes free, and ${bytes} are needed: set TMPDIR to a larger disk, or --big-mib lower.`,
  )
}

function abandon(keep) {
  killAll()
  server?.kill()
  if (!keep) rmSync(root, { recursive: true, force: true })
  process.exit(1)
}

function indent(text) {
  return text.replace(/^/gm, '        ')
}
