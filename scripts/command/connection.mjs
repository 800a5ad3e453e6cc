import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Complaint } from '../local/complaint.mjs'

const HOW = 'pass --access-key and --secret-key, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'

/**
 * Which Wharf is meant, and who asks: what is passed wins over the environment, and that over the local state folder.
 *
 * @returns { endpoint, region, accessKey, secretKey, source }, where source says in words whence the access key comes
 * @throws Complaint
 */
export function findConnection(options, environment) {
  const stateDir = resolve(options.state || environment.WHARF_STATE_DIR || '.wharf')
  return {
    endpoint: readEndpoint(
      options.endpoint ||
        environment.WHARF_ENDPOINT ||
        environment.AWS_ENDPOINT_URL_S3 ||
        environment.AWS_ENDPOINT_URL ||
        readState(stateDir, 'server.json')?.url ||
        'http://127.0.0.1:8787',
    ),
    region: options.region || environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1',
    ...findCredentials(options, environment, stateDir),
  }
}

function findCredentials(options, environment, stateDir) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment
  const { WHARF_ROOT_USER, WHARF_ROOT_PASSWORD } = environment
  const passed = pair(options['access-key'], options['secret-key'], '--access-key')
  if (passed) return passed
  const aws = pair(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, 'AWS_ACCESS_KEY_ID')
  if (aws && AWS_SESSION_TOKEN) {
    throw new Complaint('Temporary credentials cannot manage people: unset AWS_SESSION_TOKEN and set a key that lasts.')
  }
  const root = aws ?? pair(WHARF_ROOT_USER, WHARF_ROOT_PASSWORD, 'WHARF_ROOT_USER')
  if (root) return root
  const kept = readState(stateDir, 'credentials.json')
  const found = pair(kept?.rootUser, kept?.rootPassword, join(stateDir, 'credentials.json'))
  if (found) return found
  throw new Complaint(`No credentials, and no state folder at ${stateDir}: ${HOW}.`)
}

function pair(accessKey, secretKey, source) {
  if (!accessKey && !secretKey) return undefined
  if (!accessKey || !secretKey) throw new Complaint(`Half of the credentials is missing beside ${source}: ${HOW}.`)
  return { accessKey, secretKey, source }
}

function readEndpoint(text) {
  const url = URL.parse?.(text) ?? parse(text)
  if (url && /^https?:$/.test(url.protocol)) return url.origin
  throw new Complaint(`"${text}" is no endpoint: it must be like http://127.0.0.1:8787 or https://s3.example.com.`)
}

function parse(text) {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** A file of the local server, where there is one. */
function readState(stateDir, name) {
  try {
    return JSON.parse(readFileSync(join(stateDir, name), 'utf8'))
  } catch {
    return undefined
  }
}
