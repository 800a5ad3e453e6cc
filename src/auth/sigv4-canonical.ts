import { Fault } from '../model/fault'
import { percentRecode } from '../wire/percent'
import type { SentRequest, SigV4Claim } from './sigv4-claim'
import { canonicalQuery } from './sigv4-query'

/**
 * The canonical requests that the client may have signed, the most likely first, each once. Mostly there is one; there
 * are more where clients disagree on the form (an escaped slash in the path, an unsorted query), or where the way here has changed what
 * was sent (Accept-Encoding, repeated headers). All of them mean the same request, so that any may be accepted.
 *
 * A signed header that is absent stands there as empty; the verifier refuses it.
 *
 * @throws Fault InvalidKey where an escape in path or query is malformed
 * @see   S3 API reference, "Create a canonical request"
 */
export function* canonicalRequests(claim: SigV4Claim, request: SentRequest): Generator<string, void> {
  const tail = `${claim.signedHeaders.join(';')}\n${claim.payloadHash}`
  const paths = canonicalPaths(request.rawPath)
  for (const headers of canonicalHeaders(claim.signedHeaders, request)) {
    for (const query of canonicalQueries(claim, request)) {
      for (const path of paths) yield `${request.method}\n${path}\n${query}\n${headers}\n${tail}`
    }
  }
}

/** Sorted and strictly encoded; then verbatim, since curl (7.88 at least) signs the query as it sends it. */
function canonicalQueries({ form }: SigV4Claim, { rawQuery }: SentRequest): Set<string> {
  if (form === 'presigned') return new Set([canonicalQuery(rawQuery, 'X-Amz-Signature')])
  return new Set([canonicalQuery(rawQuery), rawQuery])
}

/** Decoded once and strictly encoded; then verbatim, since some clients sign an escaped slash as they send it. */
function canonicalPaths(rawPath: string): Set<string> {
  const path = rawPath === '' ? '/' : rawPath
  const recoded = percentRecode(path, { keepSlash: true })
  if (recoded === undefined) throw new Fault('InvalidKey', { problem: 'the path has a malformed percent escape' })
  return new Set([recoded, path])
}

/** Blocks of `name:value\n`. */
function canonicalHeaders(names: string[], request: SentRequest): Set<string> {
  const blocks = new Set<string>()
  for (const acceptEncoding of acceptEncodings(names, request)) {
    const lines = names.map(name => {
      const value = name === 'accept-encoding' ? acceptEncoding : request.headers.get(name)
      return `${name}:${squeeze(value ?? '')}\n`
    })
    blocks.add(lines.join(''))
    // Repeats are signed with a bare comma between them, but the runtime joins them with a comma and a space: what was
    // one header and what were two looks alike here. (aws-sdk-go-v2 repeats x-amz-object-attributes.)
    blocks.add(lines.map(line => (line.startsWith('x-amz-') ? line.replaceAll(', ', ',') : line)).join(''))
  }
  return blocks
}

/** The edge replaces Accept-Encoding: as the client sent it, as it arrived here, and as aws-sdk-go-v2 signs it. */
function acceptEncodings(names: string[], request: SentRequest): string[] {
  if (!names.includes('accept-encoding')) return ['']
  const visible = request.headers.get('accept-encoding')
  return [request.clientAcceptEncoding, visible, 'identity'].filter(value => typeof value === 'string')
}

function squeeze(value: string): string {
  return value.replace(/ {2,}/g, ' ').trim()
}
