import { Complaint } from '../local/complaint.mjs'
import { sha256Hex, signerFor } from '../local/sigv4.mjs'

/**
 * Asks the JSON API of a Wharf.
 *
 * @param connection  as `findConnection` makes it
 * @returns           (method, segments, { query, body }) => the answer's JSON; segments are the path below /_wharf/api/
 */
export function openApi(connection) {
  const sign = signerFor(connection)
  const { host } = new URL(connection.endpoint)

  return async function ask(method, segments, { query = {}, body } = {}) {
    const path = `/_wharf/api/${segments.map(encode).join('/')}`
    const given = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = given.map(([name, value]) => `${name}=${encode(value)}`).join('&')
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = sign({ method, host, path, query: search, payload: sha256Hex(text ?? '') })
    const url = `${connection.endpoint}${path}${search && `?${search}`}`
    const answer = await send(url, { method, headers, body: text, redirect: 'error' }, connection)
    return readAnswer(answer, connection)
  }
}

async function send(url, request, { endpoint }) {
  try {
    return await fetch(url, request)
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message
    throw new Complaint(
      `No Wharf answers at ${endpoint} (${reason}): start it with npm start, or pass --endpoint or set WHARF_ENDPOINT.`,
    )
  }
}

async function readAnswer(answer, { endpoint, accessKey, source }) {
  const text = await answer.text()
  if (answer.status === 204) return undefined
  const said = parse(text)
  if (said === undefined)
    throw new Complaint(`What answers at ${endpoint} is no Wharf (${answer.status}): check --endpoint.`)
  if (answer.ok) return said
  if (said.code === 'UnknownAccessKey') {
    throw new Complaint(`${endpoint} does not know the access key ${accessKey} of ${source}: ${OTHER_KEY}.`)
  }
  if (said.code === 'SignatureMismatch') {
    throw new Complaint(`The secret key that belongs to ${accessKey} of ${source} is not the right one: ${OTHER_KEY}.`)
  }
  if (said.code === 'WrongRegion') throw new Complaint(`${said.error}: pass the region of that Wharf as --region.`)
  throw new Complaint(sentence(said))
}

const OTHER_KEY = 'pass others as --access-key and --secret-key, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'

function sentence({ error, code }) {
  if (code === 'AccessDenied') {
    const why = error.includes(': ') ? error.slice(error.indexOf(': ') + 2) : 'this key may not do that'
    return `Access denied: ${why}. Use the key of an admin of the account, or root's.`
  }
  // `Conflict: there is a user "u" already`
  const said = error.startsWith(`${code}: `) ? error.slice(code.length + 2) : error
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? '' : '.'}`
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** As signatures want it: encodeURIComponent leaves five characters bare. */
function encode(text) {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
