import { Fault } from '../model/fault'
import { percentRecode } from '../wire/percent'

/**
 * The query's names and values in the order in which they were sent, each decoded once (`+` is a space) and strictly
 * encoded again. A name without `=` has the value ''.
 *
 * @throws Fault InvalidKey where an escape is malformed
 */
export function readQuery(rawQuery: string): [name: string, value: string][] {
  const pairs: [string, string][] = []
  for (const piece of rawQuery.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    pairs.push(equals < 0 ? [recode(piece), ''] : [recode(piece.slice(0, equals)), recode(piece.slice(equals + 1))])
  }
  return pairs
}

/**
 * The query as it is signed: sorted by encoded name, then by encoded value.
 *
 * @param leaveOut  the one name that cannot have been signed: X-Amz-Signature in the presigned form
 * @throws Fault InvalidKey where an escape is malformed
 */
export function canonicalQuery(rawQuery: string, leaveOut?: string): string {
  const pairs = readQuery(rawQuery).filter(([name]) => name !== leaveOut)
  // Encoded text is ASCII, so the order of JavaScript is the order of the bytes.
  pairs.sort(([leftName, left], [rightName, right]) => compare(leftName, rightName) || compare(left, right))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}

function recode(text: string): string {
  const recoded = percentRecode(text, { plusIsSpace: true })
  if (recoded === undefined) throw new Fault('InvalidKey', { problem: 'the query has a malformed percent escape' })
  return recoded
}
