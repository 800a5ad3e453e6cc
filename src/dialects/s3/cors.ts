import { CORS_METHODS, type CorsRule } from '../../model/cors'
import { S3Error } from './s3-error'

const REQUEST_METHOD = 'access-control-request-method'
const REQUEST_HEADERS = 'access-control-request-headers'
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/**
 * Answers the question that a browser asks before a script's request. It is never authenticated.
 *
 * @param rules  of the bucket; undefined where it has none, or where there is no such bucket
 * @throws S3Error BadRequest where it is no such question; AccessForbidden where no rule fits
 * @see    Fetch standard, "CORS-preflight request"; S3 user guide, "How does Amazon S3 evaluate the CORS configuration"
 */
export function preflight(rules: CorsRule[] | undefined, asked: Headers): Response {
  const origin = asked.get('origin')
  const method = asked.get(REQUEST_METHOD)
  if (!origin) throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.')
  if (!method || !CORS_METHODS.some(one => one === method)) {
    throw new S3Error('BadRequest', `Invalid Access-Control-Request-Method: ${method ?? 'null'}`)
  }
  if (!rules) throw refused(method)
  const names = readNames(asked.get(REQUEST_HEADERS))
  const rule = rules.find(one => fitsOrigin(one, origin) && fitsMethod(one, method) && allowsHeaders(one, names))
  if (!rule) {
    throw refused(
      method,
      'CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method / ' +
        "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
    )
  }
  const headers = headersOf(rule, origin)
  if (names.length > 0) headers.set('access-control-allow-headers', names.join(', '))
  return new Response(null, { headers })
}

/**
 * What an answer tells the browser of a script that asked; on errors too.
 *
 * @param asked  the request's own method and headers
 * @returns      undefined where it did not come from a script of another site, or where no rule fits
 */
export function corsHeaders(
  rules: CorsRule[] | undefined,
  { method, headers }: { method: string; headers: Headers },
): Headers | undefined {
  const origin = headers.get('origin')
  if (!rules || !origin) return undefined
  const meant = headers.get(REQUEST_METHOD) ?? method
  const rule = rules.find(one => fitsOrigin(one, origin) && fitsMethod(one, meant))
  return rule && headersOf(rule, origin)
}

/** Puts them on an answer, beside what that varies by already. */
export function putCorsHeaders(answer: Headers, cors: Headers | undefined): void {
  for (const [name, value] of cors ?? []) {
    if (name === 'vary') answer.append(name, value)
    else answer.set(name, value)
  }
}

function headersOf(rule: CorsRule, origin: string): Headers {
  const isForAll = patternOf(rule.origins, origin) === '*'
  const headers = new Headers({
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
    vary: VARY,
  })
  if (rule.exposed) headers.set('access-control-expose-headers', rule.exposed.join(', '))
  if (rule.maxAgeSeconds !== undefined) headers.set('access-control-max-age', String(rule.maxAgeSeconds))
  if (!isForAll) headers.set('access-control-allow-credentials', 'true')
  return headers
}

function fitsOrigin({ origins }: CorsRule, origin: string): boolean {
  return patternOf(origins, origin) !== undefined
}

function fitsMethod({ methods }: CorsRule, method: string): boolean {
  return methods.some(one => one === method)
}

function allowsHeaders({ headers = [] }: CorsRule, names: string[]): boolean {
  const patterns = headers.map(pattern => pattern.toLowerCase())
  return names.every(name => patternOf(patterns, name) !== undefined)
}

/** The first pattern that fits. */
function patternOf(patterns: string[], text: string): string | undefined {
  return patterns.find(pattern => fits(pattern, text))
}

function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
}

/** Lower case. */
function readNames(text: string | null): string[] {
  const names = (text ?? '').split(',').map(name => name.trim().toLowerCase())
  return names.filter(name => name !== '')
}

function refused(method: string, message?: string): S3Error {
  return new S3Error('AccessForbidden', message, { Method: method, ResourceType: 'BUCKET' })
}
