import { CORS_METHODS, type CorsMethod, type CorsRule } from '../../model/cors'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import {
  type Content,
  malformed,
  readChildren,
  readInteger,
  readRoot,
  readString,
  readStrings,
  requireLength,
} from './wire-members'

const RULE = ['ID', 'AllowedOrigin', 'AllowedMethod', 'AllowedHeader', 'ExposeHeader', 'MaxAgeSeconds']
const MAX_RULES = 100
const MAX_ID_CHARACTERS = 255
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/

/**
 * The rules of a `CORSConfiguration`.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidRequest, InvalidArgument
 * @see    S3 API reference, PutBucketCors
 */
export function readCors(text: string): CorsRule[] {
  const content = readRoot(text, 'CORSConfiguration', ['CORSRule'])
  return requireLength(readChildren(content, 'CORSRule', RULE), 'CORSRule', MAX_RULES).map(readRule)
}

/** The content of a `CORSConfiguration`. */
export function corsElements(rules: CorsRule[]): XmlElement {
  return {
    CORSRule: rules.map(({ id, origins, methods, headers, exposed, maxAgeSeconds }) => ({
      ID: id,
      AllowedMethod: methods,
      AllowedOrigin: origins,
      AllowedHeader: headers,
      ExposeHeader: exposed,
      MaxAgeSeconds: maxAgeSeconds,
    })),
  }
}

function readRule(rule: Content): CorsRule {
  const origins = readTrimmed(rule, 'AllowedOrigin')
  const methods = readTrimmed(rule, 'AllowedMethod')
  if (origins.length === 0 || methods.length === 0) throw malformed('a rule has no AllowedOrigin or no AllowedMethod')
  const read: CorsRule = { origins: origins.map(requireOrigin), methods: methods.map(requireMethod) }
  const id = readString(rule, 'ID')
  if (id) read.id = requireId(id)
  const headers = readTrimmed(rule, 'AllowedHeader').map(name => requireHeader('AllowedHeader', name))
  if (headers.length > 0) read.headers = headers
  const exposed = readTrimmed(rule, 'ExposeHeader').map(requireExposed)
  if (exposed.length > 0) read.exposed = exposed
  const maxAgeSeconds = readInteger(rule, 'MaxAgeSeconds')
  if (maxAgeSeconds !== undefined && maxAgeSeconds < 0) throw malformed('MaxAgeSeconds is negative')
  if (maxAgeSeconds !== undefined) read.maxAgeSeconds = maxAgeSeconds
  return read
}

function readTrimmed(rule: Content, name: string): string[] {
  return readStrings(rule, name).map(text => text.trim())
}

function requireId(id: string): string {
  if (id.length <= MAX_ID_CHARACTERS) return id
  throw invalidArgument('ID', id, `The ID of a rule has at most ${MAX_ID_CHARACTERS} characters.`)
}

function requireMethod(text: string): CorsMethod {
  const method = CORS_METHODS.find(one => one === text)
  if (method) return method
  throw new S3Error('InvalidRequest', `Found unsupported HTTP method in CORS config. Unsupported method is ${text}`)
}

function requireOrigin(origin: string): string {
  // It comes back in a header.
  if (!/^[\x21-\x7e]+$/.test(origin)) throw malformed('an AllowedOrigin is empty, or holds what no origin has')
  return requireOneWildcard('AllowedOrigin', origin)
}

function requireHeader(element: string, name: string): string {
  if (!HEADER_NAME.test(name)) throw malformed(`a ${element} is not the name of a header`)
  return requireOneWildcard(element, name)
}

function requireExposed(name: string): string {
  if (name.includes('*')) {
    const problem = `ExposeHeader "${name}" contains wildcard. We currently do not support wildcard for ExposeHeader.`
    throw new S3Error('InvalidRequest', problem)
  }
  return requireHeader('ExposeHeader', name)
}

function requireOneWildcard(element: string, pattern: string): string {
  if (pattern.indexOf('*') === pattern.lastIndexOf('*')) return pattern
  throw new S3Error('InvalidRequest', `${element} "${pattern}" can not have more than one wildcard.`)
}
