import { isElement } from '../../wire/xml'
import { AdminError } from './admin-error'
import { hasDuplicateKeys } from './duplicate-keys'

/** A JSON object as it came: members of any kind. */
export type ConfigDocument = Record<string, unknown>

export interface ConfigCredential {
  accessKey?: string
  secretKey?: string
}

/** Stands for a secret that is not shown, and that is to stay as it is. */
export const SECRET_MASK = '*****'
const VERSION = '18'
const NOTIFY_TARGETS = ['amqp', 'nats', 'elasticsearch', 'redis', 'postgresql', 'kafka', 'webhook', 'mysql']

/** The document of a server that nobody has configured. */
export function defaultDocument(): ConfigDocument {
  return {
    version: VERSION,
    credential: {},
    region: '',
    browser: 'off',
    logger: { console: { enable: true }, file: { enable: false, filename: '' } },
    notify: Object.fromEntries(NOTIFY_TARGETS.map(target => [target, { 1: { enable: false } }])),
  }
}

/** What is shown: the kept document with every member that it lacks, and what is true now of root and region. */
export function shownDocument(
  kept: ConfigDocument,
  { accessKey, region }: { accessKey: string; region: string },
): ConfigDocument {
  return {
    ...merge(defaultDocument(), kept),
    version: VERSION,
    credential: { accessKey, secretKey: SECRET_MASK },
    region,
  }
}

/**
 * Reads a document that is to be kept.
 * @param text  undefined where the bytes are no UTF-8
 * @throws AdminError ConfigBadJSON where it is no JSON object, or has a name twice
 */
export function readDocument(text: string | undefined): ConfigDocument {
  if (text === undefined) throw new AdminError('ConfigBadJSON')
  const document = parse(text)
  if (!isElement(document) || hasDuplicateKeys(text)) throw new AdminError('ConfigBadJSON')
  return document
}

/** @returns what is wrong, as a sentence; undefined where the document can be kept */
export function complaintAbout(document: ConfigDocument, region: string): string | undefined {
  const { version = VERSION, browser = 'off', logger = {}, notify = {} } = document
  if (version !== VERSION) return `version must be "${VERSION}".`
  if ((document.region ?? region) !== region) return `region is "${region}" here: the variable WHARF_REGION sets it.`
  if (browser !== 'on' && browser !== 'off') return 'browser must be "on" or "off".'
  if (!isElement(logger)) return 'logger must be an object.'
  if (isEnabled(logger.file))
    return 'logger.file cannot be enabled: a Worker has no files, its log goes to the console.'
  if (!isElement(notify)) return 'notify must be an object.'
  for (const [target, instances] of Object.entries(notify)) {
    if (!isElement(instances)) return `notify.${target} must be an object.`
    const enabled = Object.keys(instances).find(name => isEnabled(instances[name]))
    if (enabled !== undefined) return `notify.${target}.${enabled} cannot be enabled: Wharf sends no notifications.`
  }
  return undefined
}

/** @returns undefined where the document says nothing of it, or something else than texts */
export function credentialOf({ credential }: ConfigDocument): ConfigCredential {
  if (!isElement(credential)) return {}
  const { accessKey, secretKey } = credential
  return {
    accessKey: typeof accessKey === 'string' ? accessKey : undefined,
    secretKey: typeof secretKey === 'string' && secretKey !== SECRET_MASK ? secretKey : undefined,
  }
}

/** How a set went, on the one node that there is. */
export function setResult(host: string, complaint: string | undefined): object {
  const node = { name: host, errSet: complaint !== undefined, errMsg: complaint ?? '<nil>' }
  return { nodeResults: [node], status: complaint === undefined }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isEnabled(value: unknown): boolean {
  return isElement(value) && value.enable !== undefined && value.enable !== false
}

/** The members of both; where both have one, the second's counts, or what these two merge to. */
function merge(base: ConfigDocument, over: ConfigDocument): ConfigDocument {
  const merged = Object.entries(over).map(([name, value]) => {
    const below = Object.hasOwn(base, name) ? base[name] : undefined
    return [name, isElement(below) && isElement(value) ? merge(below, value) : value]
  })
  return { ...base, ...Object.fromEntries(merged) }
}
