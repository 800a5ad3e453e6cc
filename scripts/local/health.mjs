import { get } from 'node:http'
import { Complaint } from './complaint.mjs'

const TIMEOUT_MILLIS = 30_000

/**
 * Asks the Worker whether it can serve; it checks its settings and carries out the bootstrap file on the way.
 *
 * @throws Complaint with the Worker's own sentence
 */
export async function requireHealth(endpoint) {
  const { status, text } = await ask(`${endpoint}/_wharf/health`)
  if (status === 200) return
  throw new Complaint(
    readSentence(text) ?? `The Worker is not healthy: /_wharf/health answers ${status} ${text.trim()}`,
  )
}

function readSentence(text) {
  try {
    const { error } = JSON.parse(text)
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
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
