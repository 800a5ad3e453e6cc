import { writeXml, type XmlElement } from '../../wire/xml'
import type { AdminFailure } from './faults'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } })
}

/** The one document that ends with a newline. */
export function jsonLine(value: unknown): Response {
  return new Response(`${JSON.stringify(value)}\n`, { headers: { 'content-type': 'application/json' } })
}

/** A list; clients insist on the namespace. */
export function xml(root: string, content: XmlElement): Response {
  return new Response(writeXml(root, { '@xmlns': NAMESPACE, ...content }), {
    headers: { 'content-type': 'application/xml' },
  })
}

/** There is nothing to say but that it is done. */
export function nothing(): Response {
  return new Response(null)
}

/** An error's answer, whatever `Accept` says. */
export function failureAnswer(
  { method, path, requestId }: { method: string; path: string; requestId: string },
  { status, code, message, headers }: AdminFailure,
): Response {
  if (method === 'HEAD') return new Response(null, { status, headers })
  const content = {
    Code: code,
    Message: message,
    Key: '',
    BucketName: '',
    Resource: path,
    RequestId: requestId,
    HostId: requestId,
  }
  return new Response(writeXml('Error', content), {
    status,
    headers: { ...headers, 'content-type': 'application/xml' },
  })
}
