import { Complaint } from '../local/complaint.mjs'
import { either, readDocument } from './people.mjs'
import { table } from './table.mjs'

const FLAG = { type: 'boolean' }
const TEXT = { type: 'string' }
const ACCESSES = ['readonly', 'readwrite', 'writeonly']

const COLUMNS = {
  KEY: key => key.accessKey,
  USER: key => key.user,
  LIMITED: key => (key.policy ? 'yes' : 'no'),
  EXPIRES: key => (key.expiresMillis ? new Date(key.expiresMillis).toISOString() : 'never'),
  STATE: key => (key.disabled ? 'disabled' : 'enabled'),
  DESCRIPTION: key => key.description,
}

/** See people.mjs for what a command is. */
export const keyCommands = {
  'key add': {
    options: {
      user: TEXT,
      bucket: TEXT,
      prefix: TEXT,
      readonly: FLAG,
      readwrite: FLAG,
      writeonly: FLAG,
      policy: TEXT,
      expires: TEXT,
      description: TEXT,
      profile: TEXT,
    },
    async run({ ask, options, connection }) {
      const { account, user, expires, description } = options
      const body = { account, user, ...readLimit(options), expiresMillis: readExpiry(expires), description }
      const key = await ask('POST', ['keys'], { body })
      const profile = options.profile ?? `wharf-${options.bucket ?? key.user}`
      return [key, profileOf(key, profile, connection)]
    },
  },
  'key list': {
    options: { user: TEXT },
    async run({ ask, options: { account, user } }) {
      const { keys } = await ask('GET', ['keys'], { query: { account, user } })
      return [keys, table(keys, COLUMNS)]
    },
  },
  'key change': {
    names: ['KEY'],
    options: { enable: FLAG, disable: FLAG, expires: TEXT, description: TEXT },
    async run({ ask, names: [accessKey], options }) {
      const body = {
        disabled: either(options, 'disable', 'enable'),
        expiresMillis: options.expires === 'never' ? null : readExpiry(options.expires),
        description: options.description,
      }
      const key = await ask('PATCH', ['keys', accessKey], { body })
      return [key, table([key], COLUMNS)]
    },
  },
  'key remove': {
    names: ['KEY'],
    async run({ ask, names: [accessKey] }) {
      await ask('DELETE', ['keys', accessKey])
      return [{}, `Key ${accessKey} is removed.\n`]
    },
  },
}

function readLimit(options) {
  const chosen = ACCESSES.filter(access => options[access])
  const { bucket, prefix, policy } = options
  if (chosen.length > 1) throw new Complaint(`--${chosen.join(' and --')} do not go together: pass one of them.`)
  if (policy !== undefined) {
    if (bucket ?? prefix ?? chosen[0]) throw new Complaint('--policy says it all: leave out --bucket and its like.')
    return { policy: readDocument(policy) }
  }
  const [access] = chosen
  if (prefix !== undefined && bucket === undefined) throw new Complaint('--prefix needs a bucket: pass --bucket too.')
  if (bucket === undefined) return { policy: access }
  if (access === undefined)
    throw new Complaint('--bucket needs --readonly, --readwrite or --writeonly: pass one of them.')
  return { scope: { bucket, prefix, access } }
}

const UNIT_MILLIS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function readExpiry(text) {
  if (text === undefined) return undefined
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  const millis = unit === undefined ? Date.parse(text) : Date.now() + Number(count) * UNIT_MILLIS[unit]
  if (millis > Date.now()) return millis
  throw new Complaint(`--expires must be like 30d, 12h or 2030-01-31, and in the time to come, not "${text}".`)
}

/** Lines for the two files of aws. */
function profileOf(key, profile, { endpoint, region }) {
  const until = key.expiresMillis === undefined ? '' : `, until ${new Date(key.expiresMillis).toISOString()}`
  return `# Access key of user ${key.user} in account ${key.account}${until}. Its secret is not shown again.

# ~/.aws/config
[profile ${profile}]
region = ${region}
endpoint_url = ${endpoint}
s3 =
    addressing_style = path

# ~/.aws/credentials
[${profile}]
aws_access_key_id = ${key.accessKey}
aws_secret_access_key = ${key.secretKey}
`
}
