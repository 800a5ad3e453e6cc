import { writeXml, type XmlElement, type XmlValue } from '../../wire/xml'
import type { S3Call } from './call'
import type { S3Failure } from './faults'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A document of an answer: XML, or JSON of the same members where the old MinIO API was asked for. */
export function document(call: Pick<S3Call, 'format'>, root: string, content: XmlElement): Response {
  if (call.format === 'json') return json(content)
  return xml(root, content)
}

/** A document that has no JSON form. */
export function xml(root: string, content: XmlElement): Response {
  return new Response(writeXml(root, { '@xmlns': NAMESPACE, ...content }), {
    headers: { 'content-type': 'application/xml' },
  })
}

/** An error's answer. HEAD and 304 have no body. */
export function failure(
  { format, method, path, requestId }: { format: 'xml' | 'json'; method: string; path: string; requestId: string },
  { status, code, message, members, headers }: S3Failure,
): Response {
  if (method === 'HEAD' || status === 304) return new Response(null, { status, headers })
  const content = { Code: code, Message: message, Resource: path, ...members, RequestId: requestId, HostId: requestId }
  const type = format === 'json' ? 'application/json' : 'application/xml'
  const body = format === 'json' ? `${JSON.stringify(content)}\n` : writeXml('Error', content)
  return new Response(body, { status, headers: { ...headers, 'content-type': type } })
}

/**
 * JSON exactly where one media range is asked for, and that is JSON: common libraries send it among others by default,
 * and must keep getting XML. The old documentation prints the value in quotes.
 */
export function wantedFormat(accept: string | null): 'xml' | 'json' {
  const [range = '', ...others] = (accept ?? '').split(',')
  if (others.length > 0) return 'xml'
  const type = (range.split(';')[0] ?? '').replaceAll('"', '').trim().toLowerCase()
  return type === 'application/json' ? 'json' : 'xml'
}

function json(content: XmlElement): Response {
  return new Response(`${JSON.stringify(content, withoutAttributes)}\n`, {
    headers: { 'content-type': 'application/json', vary: 'Accept' },
  })
}

function withoutAttributes(name: string, value: XmlValue | undefined): XmlValue | undefined {
  return name.startsWith('@') ? undefined : value
}
