import { parseArgs } from 'node:util'
import { Complaint } from '../local/complaint.mjs'
import { openApi } from './api.mjs'
import { findConnection } from './connection.mjs'
import { keyCommands } from './keys.mjs'
import { peopleCommands } from './people.mjs'

const HELP = `People and their keys: npx wharf COMMAND [options]

  key add [--user U] [--bucket B [--prefix P/]] [--readonly | --readwrite | --writeonly | --policy FILE]
          [--expires 30d] [--description TEXT] [--profile NAME]     prints a profile for aws; the secret is shown once
  key list [--user U]
  key change KEY [--disable | --enable] [--expires 30d | --expires never] [--description TEXT]
  key remove KEY
  user add NAME [--admin] [--policy P,...] [--group G,...]
  user list
  user change NAME [--admin | --no-admin] [--disable | --enable] [--policy P,...] [--group G,...]
  user remove NAME
  group add NAME [--policy P,...] [--member U,...]
  group list
  group change NAME [--policy P,...] [--member U,...]
  group remove NAME
  policy add NAME FILE          FILE holds the JSON document; - reads the standard input
  policy list
  policy show NAME
  policy change NAME FILE
  policy remove NAME
  account add NAME [--id ID] [--display-name TEXT] [--email ADDRESS]
  account list
  account remove ID

  --account ID                  of which account; the caller's own unless said
  --json                        prints what the server answers
  --endpoint URL                or WHARF_ENDPOINT, AWS_ENDPOINT_URL; else the local server's
  --access-key, --secret-key    or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, WHARF_ROOT_USER and WHARF_ROOT_PASSWORD;
                                else root's of the state folder
  --state FOLDER                or WHARF_STATE_DIR; the local server's state folder, .wharf unless said
  --region NAME                 or AWS_REGION; us-east-1 unless said
  --help                        this text

Policies that are always there: readonly, readwrite, writeonly, consoleAdmin.
`

const TEXT = { type: 'string' }
const COMMON = {
  account: TEXT,
  endpoint: TEXT,
  'access-key': TEXT,
  'secret-key': TEXT,
  state: TEXT,
  region: TEXT,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

const COMMANDS = { ...keyCommands, ...peopleCommands }

/**
 * @param args         what stands behind `wharf`
 * @param environment  variables
 * @returns            what is to be printed
 * @throws Complaint
 */
export async function runCommand(args, environment) {
  const [subject, verb, ...rest] = args
  if (subject === undefined || args.includes('--help') || args.includes('-h')) return HELP
  const command = Object.hasOwn(COMMANDS, `${subject} ${verb}`) ? COMMANDS[`${subject} ${verb}`] : undefined
  if (!command) {
    throw new Complaint(`There is no command "${[subject, verb].filter(Boolean).join(' ')}": wharf --help lists them.`)
  }
  const { names, options } = readArguments(`${subject} ${verb}`, command, rest)
  const connection = findConnection(options, environment)
  const [value, text] = await command.run({ ask: openApi(connection), names, options, connection })
  return options.json ? `${JSON.stringify(value, null, 2)}\n` : text
}

function readArguments(title, { names = [], options = {} }, args) {
  let read
  try {
    read = parseArgs({ args, options: { ...COMMON, ...options }, allowPositionals: true })
  } catch (error) {
    throw new Complaint(`${error.message.split('. ')[0].replace(/\.$/, '')}: wharf --help lists the options.`)
  }
  if (read.positionals.length !== names.length || read.positionals.includes('')) {
    throw new Complaint(`It goes like this: wharf ${[title, ...names].join(' ')}`)
  }
  return { names: read.positionals, options: read.values }
}
