import { setTimeout as pause } from 'node:timers/promises'
import { identityOf } from './finding.mjs'

const BETWEEN_MILLIS = 500

/**
 * What two readings agree on. The index, the table of R2 and its files cannot be read at the same moment, and a server moves
 * on in between; what looks wrong for that reason alone does not look wrong twice.
 *
 * @param checks  each gives Findings; the second time it gets the identities of what it found before, and may leave out
 *                costly looks at everything else
 * @returns       what is left of each one's Findings
 */
export async function readTwice(checks) {
  const first = checks.map(check => check(undefined))
  if (first.every(isEmpty)) return first
  await pause(BETWEEN_MILLIS)
  return first.map((found, i) => (isEmpty(found) ? found : readAgain(checks[i], found)))
}

function readAgain(check, found) {
  const suspected = new Set([...found.breaches, ...found.notices].map(identityOf))
  const { breaches, notices } = check(suspected)
  const isAgreed = finding => suspected.has(identityOf(finding))
  return { ...found, breaches: breaches.filter(isAgreed), notices: notices.filter(isAgreed) }
}

function isEmpty({ breaches, notices }) {
  return breaches.length + notices.length === 0
}
