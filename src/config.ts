import { Fault } from './model/fault'
import type { Env } from './stubs'

export interface ConfiguredRoot {
  accessKey: string
  secretKey: string
  /** Set by the owner, and so not to be changed by anybody else; initial ones may be, through the management API. */
  isFinal: boolean
}

export interface Config {
  /** undefined while no root credentials are set: then nothing is served. */
  root: ConfiguredRoot | undefined
  /** 32 bytes; undefined while WHARF_MASTER_KEY is not set: then no user but root can exist. */
  masterKey: Uint8Array | undefined
  /** What clients sign for; '*' accepts any. */
  region: string
  /** Whether requests signed in Amazon's older scheme are taken. */
  sigV2: boolean
  /** Base domain of virtual-host style, without a leading dot; undefined turns it off. */
  domain: string | undefined
  /** Base domain of websites: `{bucket}.{this}`; undefined turns them off. */
  websiteDomain: string | undefined
  inlineMaxBytes: number
  /** Size of the extents that a body of unknown length is cut into. */
  extentBytes: number
  maxPutBytes: number
  maxObjectBytes: number
  /** Released blobs stay this long, for readers in mid-stream. */
  releasedBlobGraceMillis: number
  /** A blob that no record names is an orphan once it is this old; longer than any upload takes. */
  orphanGraceMillis: number
  /** An upload to which nothing was added for so long is taken for abandoned; a heal releases it. */
  abandonedUploadMillis: number
  sweepIntervalMillis: number
  lifecycleIntervalMillis: number
  /** How long one day of lifecycle rules lasts; shorter ones are for trying rules out. */
  lifecycleDayMillis: number
  /** How long an identity is believed before it is looked up again. */
  identityCacheMillis: number
  /** JSON text of what shall exist at the start. */
  bootstrap: string | undefined
  /** When the server that runs this Worker was started; undefined where that cannot be known. */
  startedMillis: number | undefined
  /** How much the management API says that there is room for. Nothing is refused by it. */
  capacityBytes: number
  /** Whether ServerInfo is one object, as clients until April 2017 read it, or a list of them, as later ones do. */
  minioInfoShape: 'object' | 'array'
  log: 'quiet' | 'info' | 'debug'
}

const MiB = 1024 * 1024
const PiB = 1024 ** 5
const INLINE_HARD_MAX_BYTES = 128 * 1024

/**
 * Reads and checks all variables, once for each isolate.
 * @throws Fault NotConfigured, with a sentence that says what to set
 */
export function readConfig(env: Env): Config {
  return {
    root: readRoot(env),
    masterKey: readMasterKey(env.WHARF_MASTER_KEY),
    region: env.WHARF_REGION || 'us-east-1',
    sigV2: readChoice(env, 'WHARF_SIGV2', ['on', 'off'] as const, 'on') === 'on',
    domain: env.WHARF_DOMAIN?.replace(/^\.+/, '').toLowerCase() || undefined,
    websiteDomain: env.WHARF_WEBSITE_DOMAIN?.replace(/^\.+/, '').toLowerCase() || undefined,
    inlineMaxBytes: readNumber(env, 'WHARF_INLINE_MAX_BYTES', 16 * 1024, { max: INLINE_HARD_MAX_BYTES }),
    extentBytes: 8 * MiB,
    maxPutBytes: 5 * 1024 * MiB,
    maxObjectBytes: 5 * 1024 * 1024 * MiB,
    releasedBlobGraceMillis: 1000 * readNumber(env, 'WHARF_RELEASED_BLOB_GRACE_SECONDS', 3600),
    orphanGraceMillis: 1000 * readNumber(env, 'WHARF_ORPHAN_GRACE_SECONDS', 24 * 3600),
    abandonedUploadMillis: 1000 * readNumber(env, 'WHARF_ABANDONED_UPLOAD_SECONDS', 7 * 24 * 3600),
    sweepIntervalMillis: 1000 * readNumber(env, 'WHARF_SWEEP_INTERVAL_SECONDS', 3600),
    lifecycleIntervalMillis: 1000 * readNumber(env, 'WHARF_LIFECYCLE_INTERVAL_SECONDS', 3600),
    lifecycleDayMillis: 1000 * readNumber(env, 'WHARF_LIFECYCLE_DAY_SECONDS', 24 * 3600, { min: 1 }),
    identityCacheMillis: 10_000,
    bootstrap: env.WHARF_BOOTSTRAP || undefined,
    startedMillis: readNumber(env, 'WHARF_STARTED_MILLIS', 0) || undefined,
    capacityBytes: readNumber(env, 'WHARF_CAPACITY_BYTES', PiB),
    minioInfoShape: readChoice(env, 'WHARF_MINIO_INFO_SHAPE', ['object', 'array'] as const, 'object'),
    log: readChoice(env, 'WHARF_LOG', ['quiet', 'info', 'debug'] as const, 'info'),
  }
}

/** Secrets set by the owner win and are final; the local server passes its own pair as initial credentials. */
function readRoot(env: Env): Config['root'] {
  const isFinal = Boolean(env.WHARF_ROOT_USER || env.WHARF_ROOT_PASSWORD)
  const accessKey = isFinal ? env.WHARF_ROOT_USER : env.WHARF_INITIAL_ROOT_USER
  const secretKey = isFinal ? env.WHARF_ROOT_PASSWORD : env.WHARF_INITIAL_ROOT_PASSWORD
  if (!accessKey && !secretKey) return undefined
  if (!accessKey || !secretKey) throw notConfigured('Set WHARF_ROOT_USER and WHARF_ROOT_PASSWORD together.')
  if (accessKey.length < 3 || secretKey.length < 8) {
    throw notConfigured('WHARF_ROOT_USER needs at least 3 characters and WHARF_ROOT_PASSWORD at least 8.')
  }
  return { accessKey, secretKey, isFinal }
}

function readMasterKey(text: string | undefined): Uint8Array | undefined {
  if (!text) return undefined
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  if (bytes.length !== 32) {
    throw notConfigured('WHARF_MASTER_KEY must be 32 bytes in base64; make one with: openssl rand -base64 32')
  }
  return bytes
}

function readNumber(
  env: Env,
  name: `WHARF_${string}`,
  fallback: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw notConfigured(`${name} must be a whole number from ${min} to ${max}, not "${text}".`)
  }
  return value
}

function readChoice<T extends string>(env: Env, name: `WHARF_${string}`, choices: readonly T[], fallback: T): T {
  const text = env[name]
  if (!text) return fallback
  const choice = choices.find(one => one === text)
  if (!choice) throw notConfigured(`${name} must be one of ${choices.join(', ')}, not "${text}".`)
  return choice
}

function notConfigured(sentence: string): Fault {
  return new Fault('NotConfigured', {}, sentence)
}
