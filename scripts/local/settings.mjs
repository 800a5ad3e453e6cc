import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Complaint } from './complaint.mjs'

export const HELP = `Wharf's local server: npm start -- [flags]

  flag             environment            meaning                                            default
  --port           PORT                   port to listen on; 0 takes any free one            8787
  --host           HOST                   address to listen on                               127.0.0.1
  --state          WHARF_STATE_DIR        folder where everything is kept                    .wharf
  --log            WHARF_LOG              quiet, info or debug                               info
  --bootstrap      WHARF_BOOTSTRAP        JSON file: accounts, users and buckets to make     none
                   WHARF_ROOT_USER,       root's access key (3 characters or more) and       made on the
                   WHARF_ROOT_PASSWORD    secret key (8 or more); set both or neither        first start
                   WHARF_MASTER_KEY       32 bytes in base64; encrypts users' secrets        made likewise
                   AISTORE_OPEN           1: AIStore asks for no credentials (loopback only)  off
  --help                                  this text

Any other WHARF_ variable that the Worker reads (WHARF_DOMAIN, WHARF_REGION, WHARF_INLINE_MAX_BYTES ...) is passed on to it.
`

const LOG_LEVELS = ['quiet', 'info', 'debug']
const FLAGS = { port: 'PORT', host: 'HOST', state: 'WHARF_STATE_DIR', log: 'WHARF_LOG', bootstrap: 'WHARF_BOOTSTRAP' }

/** Variables whose meaning is the server's own, or that it hands to the Worker in a form of its own. */
const OWN_VARIABLES = [
  'WHARF_STATE_DIR',
  'WHARF_BOOTSTRAP',
  'WHARF_ROOT_USER',
  'WHARF_ROOT_PASSWORD',
  'WHARF_INITIAL_ROOT_USER',
  'WHARF_INITIAL_ROOT_PASSWORD',
  'WHARF_MASTER_KEY',
  'AISTORE_OPEN',
]

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * Reads flags and environment; a flag wins, and an empty variable counts as unset.
 *
 * @throws Complaint
 */
export async function readSettings(environment, args) {
  const flags = readFlags(args)
  if (flags.help) return { help: true }
  const variables = { ...environment }
  for (const [flag, name] of Object.entries(FLAGS)) if (flags[flag] !== undefined) variables[name] = flags[flag]
  const host = (variables.HOST || '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  const address = await findAddress(host)
  return {
    port: readPort(variables.PORT || '8787'),
    host,
    address,
    log: readLog(variables.WHARF_LOG || 'info'),
    stateDir: resolve(variables.WHARF_STATE_DIR || '.wharf'),
    bootstrapFile: variables.WHARF_BOOTSTRAP || undefined,
    root: readRoot(variables.WHARF_ROOT_USER || '', variables.WHARF_ROOT_PASSWORD || ''),
    masterKey: variables.WHARF_MASTER_KEY || undefined,
    isOpenForAistore: variables.AISTORE_OPEN === '1',
    isLoopback: LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
    variables,
  }
}

/**
 * What else is set for the Worker, as text bindings.
 *
 * @param known  the names that the Worker reads
 * @returns      the bindings, and the names of WHARF_ variables that nobody reads
 */
export function selectWorkerVariables(variables, known) {
  const set = Object.keys(variables).filter(name => name.startsWith('WHARF_') && variables[name] !== '')
  const others = set.filter(name => !OWN_VARIABLES.includes(name))
  const passed = others.filter(name => known.includes(name) || name === 'WHARF_LOG')
  return {
    bindings: Object.fromEntries(passed.map(name => [name, variables[name]])),
    unknown: others.filter(name => !passed.includes(name)).sort(),
  }
}

function readFlags(args) {
  const options = Object.fromEntries(Object.keys(FLAGS).map(flag => [flag, { type: 'string' }]))
  try {
    return parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new Complaint(`${error.message.split('. ')[0].replace(/\.$/, '')}: npm start -- --help lists the flags.`)
  }
}

function readPort(text) {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new Complaint(`PORT must be a number from 0 (any free port) to 65535, not "${text}".`)
}

function readLog(text) {
  if (LOG_LEVELS.includes(text)) return text
  throw new Complaint(`WHARF_LOG must be one of ${LOG_LEVELS.join(', ')}, not "${text}".`)
}

/** Root's credentials where the owner sets them; the Worker then refuses to change them. */
function readRoot(user, password) {
  if (!user && !password) return undefined
  if (!user || !password) {
    const [set, unset] = user ? ['USER', 'PASSWORD'] : ['PASSWORD', 'USER']
    throw new Complaint(`WHARF_ROOT_${set} is set without WHARF_ROOT_${unset}: set both, or neither to have them made.`)
  }
  if (user.length < 3) throw new Complaint('WHARF_ROOT_USER must have at least 3 characters: choose a longer one.')
  if (password.length < 8)
    throw new Complaint('WHARF_ROOT_PASSWORD must have at least 8 characters: choose a longer one.')
  return { user, password }
}

async function findAddress(host) {
  try {
    return (await lookup(host)).address
  } catch {
    throw new Complaint(`HOST "${host}" is no address of this machine: set it to 127.0.0.1, ::1, 0.0.0.0 or ::.`)
  }
}
