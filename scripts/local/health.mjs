import { get } from 'node:http'
import { Complaint } from './complaint.mjs'

const TIMEOUT_MILLIS = 30_000

/**
 * Asks the Worker whether it can serve; it checks its settings and carries out the bootstrap file on the way.
 *
 * @returns { rootCredentials }: 'configured', 'initial', or 'changed' through the management API
 * @throws Complaint with the Worker's own sentence
 */
export async function requireHealth(endpoint) {
  const { status, text } = await ask(`${endpoint}/_wharf/health`)
  const answer = readJson(text)
  if (status === 200) return { rootCredentials: answer.rootCredentials }
  const { error } = answer
  throw new Complaint(
    (typeof error === 'string' ? error : undefined) ??
      `The Worker is not healthy: /_wharf/health answers ${status} ${text.trim()}`,
  )
}

function readJson(text) {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

function ask(url) {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: TIMEOUT_MILLIS }, response => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
      response.on('error', reject)
    })
    request.on('timeout', () =>
      request.destroy(new Complaint(`The Worker did not answer within ${TIMEOUT_MILLIS / 1000} s: ${url}`)),
    )
    request.on('error', reject)
  })
}
