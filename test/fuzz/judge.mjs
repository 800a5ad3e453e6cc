import { XMLValidator } from 'fast-xml-parser'

/** Of the management API: MinIO's own answer to a configuration that names other credentials than the owner has set. */
const MISMATCH = '<Code>XMinioAdminCredentialsMismatch</Code>'
/** To what was under way when the server was told to begin anew. */
const INTERRUPTED = /<Code>(ServiceUnavailable|XMinioServerNotInitialized)<\/Code>/
/** Kinds of requests that nobody with a right to it has made. */
const FORGED = ['false signature', 'unsigned']
/** The runtime's, to a method that HTTP does not have. */
const UNKNOWN_METHOD = 'ERROR: Unrecognized request method.'

/**
 * What is wrong with an answer; undefined where nothing is.
 *
 * @param answer       { status, headers, body }
 * @param kind         what was asked, as `plan` names it
 * @param interrupted  whether the server was told to begin anew while this was asked
 */
export function faultOfAnswer({ status, headers, body }, { kind, method, interrupted }) {
  if (status === 0) return 'closed without an answer'
  if (status < 400 && FORGED.includes(kind)) return `it was answered with ${status}`
  if (headers.has('x-smuggled') || headers.has('set-cookie')) return 'a header was smuggled in'
  const text = body.toString('utf8')
  if (status >= 500 && !mayBe(status, { method, interrupted, text })) return `${status} ${text.slice(0, 300)}`
  if (headers.get('content-type') !== 'application/xml' || text === '') return undefined
  if (status >= 400 && !/^<\?xml [^>]*\?>\s*<Error>.*<Code>\w+<\/Code>/s.test(text))
    return `an error without a code: ${text}`
  return XMLValidator.validate(text) === true ? undefined : `malformed XML: ${text.slice(0, 300)}`
}

/** The same of all that came back for bytes that may have been anything: their answers are not told apart. */
export function faultOfAnswers(received, { method, interrupted }) {
  const text = received.toString('latin1')
  const statuses = Array.from(text.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm), match => Number(match[1]))
  const bad = statuses.find(status => status >= 500 && !mayBe(status, { method, interrupted, text }))
  if (bad !== undefined) return `${bad} ${text.slice(0, 500)}`
  const [head = ''] = text.split('\r\n\r\n')
  return /^x-smuggled:/im.test(head) ? 'a header was smuggled in' : undefined
}

/** The first status in what was received; 0 where there is none. */
export function firstStatus(received) {
  return Number(/^HTTP\/1\.[01] (\d{3}) /m.exec(received.toString('latin1'))?.[1] ?? 0)
}

function mayBe(status, { method, interrupted, text }) {
  if (status === 503) return text.includes(MISMATCH) || (interrupted && INTERRUPTED.test(text))
  if (status !== 501) return false
  return method === 'HEAD' || /Code(>|":")NotImplemented/.test(text) || text.includes(UNKNOWN_METHOD)
}
