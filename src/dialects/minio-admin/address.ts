import { readQuery } from '../../auth/sigv4-query'
import { Fault } from '../../model/fault'
import { percentDecode } from '../../wire/percent'
import { AdminError } from './admin-error'

/** What a key of the query makes a request one of ours. */
export const SELECTORS = ['service', 'info', 'lock', 'heal', 'config'] as const
export type Selector = (typeof SELECTORS)[number]

/** Where a request points: all of them to `/`, the query says to what. */
export interface Address {
  rawQuery: string
  /** Names and values, decoded once; of a name that comes twice the first counts. */
  query: ReadonlyMap<string, string>
}

/** Stands for bytes that are no UTF-8: no name that is valid holds it. */
const NOT_UTF8 = '\ud800'

/**
 * Reads the address out of the raw URL.
 * @throws AdminError InvalidURI where an escape is malformed
 */
export function readAddress(url: string): Address {
  const rawQuery = rawQueryOf(url) ?? ''
  const query = new Map<string, string>()
  for (const [name, value] of pairsOf(rawQuery)) {
    const decoded = decode(name)
    if (!query.has(decoded)) query.set(decoded, decode(value))
  }
  return { rawQuery, query }
}

/**
 * Which selectors the query holds.
 * @param url  as received
 * @returns    none where the path is another one than `/`
 */
export function selectorsOf(url: string): Selector[] {
  const rawQuery = rawQueryOf(url)
  if (!rawQuery) return []
  const names = new Set(rawQuery.split('&').map(pair => decode(pair.split('=', 1)[0] ?? '')))
  return SELECTORS.filter(selector => names.has(selector))
}

/** What follows the `?`; undefined where there is none, or something stands between it and the first slash. */
function rawQueryOf(url: string): string | undefined {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash >= 0 && url[slash + 1] === '?' ? url.slice(slash + 2) : undefined
}

function pairsOf(rawQuery: string): [name: string, value: string][] {
  try {
    return readQuery(rawQuery)
  } catch (error) {
    if (error instanceof Fault) throw new AdminError('InvalidURI')
    throw error
  }
}

function decode(text: string): string {
  return percentDecode(text, { plusIsSpace: true }) ?? NOT_UTF8
}
