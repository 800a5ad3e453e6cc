import type { RoutingRedirect, RoutingRule, Website, WebsiteProtocol } from '../../model/website'
import type { XmlElement } from '../../wire/xml'
import { invalidArgument, S3Error } from './s3-error'
import { type Content, readChild, readChildren, readRoot, readString } from './wire-members'

const MEMBERS = ['IndexDocument', 'ErrorDocument', 'RedirectAllRequestsTo', 'RoutingRules']
const REDIRECT = ['HostName', 'HttpRedirectCode', 'Protocol', 'ReplaceKeyPrefixWith', 'ReplaceKeyWith']
const MAX_RULES = 50
const MAX_KEY_BYTES = 1024
/** With a port, at most; it becomes part of an address. */
const HOST = /^[A-Za-z0-9.\-_[\]:]{1,255}$/

/**
 * A `WebsiteConfiguration`.
 * @throws S3Error MalformedXML, MissingRequestBodyError, InvalidRequest, InvalidArgument
 * @see    S3 API reference, PutBucketWebsite
 */
export function readWebsite(text: string): Website {
  const content = readRoot(text, 'WebsiteConfiguration', MEMBERS)
  const everything = readChild(content, 'RedirectAllRequestsTo', ['HostName', 'Protocol'])
  if (everything) return { redirectAll: readRedirectAll(content, everything) }
  const index = readSuffix(readChild(content, 'IndexDocument', ['Suffix']))
  const error = readErrorKey(readChild(content, 'ErrorDocument', ['Key']))
  const rules = readRules(readChild(content, 'RoutingRules', ['RoutingRule']))
  return { index, ...(error === undefined ? {} : { error }), ...(rules.length === 0 ? {} : { rules }) }
}

/** The content of a `WebsiteConfiguration`. */
export function websiteElements(website: Website): XmlElement {
  if ('redirectAll' in website) {
    const { host, protocol } = website.redirectAll
    return { RedirectAllRequestsTo: { HostName: host, Protocol: protocol } }
  }
  const { index, error, rules } = website
  return {
    IndexDocument: { Suffix: index },
    ErrorDocument: error === undefined ? undefined : { Key: error },
    RoutingRules: rules && { RoutingRule: rules.map(ruleElement) },
  }
}

function readRedirectAll(content: Content, everything: Content): { host: string; protocol?: WebsiteProtocol } {
  if (['IndexDocument', 'ErrorDocument', 'RoutingRules'].some(name => content[name] !== undefined)) {
    throw invalid('RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.')
  }
  const host = readHost(everything)
  if (host === undefined) throw invalid('RedirectAllRequestsTo needs a HostName.')
  return { host, ...given('protocol', readProtocol(everything)) }
}

function readSuffix(document: Content | undefined): string {
  const suffix = document && readString(document, 'Suffix')
  if (!suffix) {
    const problem = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty'
    throw invalidArgument('IndexDocument', suffix ?? 'null', problem)
  }
  if (suffix.includes('/') || isTooLong(suffix)) {
    throw invalidArgument('IndexDocument', suffix, 'The IndexDocument Suffix is not well formed')
  }
  return suffix
}

function readErrorKey(document: Content | undefined): string | undefined {
  if (!document) return undefined
  const key = readString(document, 'Key')
  if (key && !isTooLong(key)) return key
  throw invalidArgument('ErrorDocument', key ?? 'null', 'The ErrorDocument Key is not well formed')
}

function readRules(list: Content | undefined): RoutingRule[] {
  const rules = list ? readChildren(list, 'RoutingRule', ['Condition', 'Redirect']) : []
  if (rules.length <= MAX_RULES) return rules.map(readRule)
  throw invalid(
    `${rules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${MAX_RULES}.`,
  )
}

function readRule(rule: Content): RoutingRule {
  const condition = readChild(rule, 'Condition', ['KeyPrefixEquals', 'HttpErrorCodeReturnedEquals'])
  const keyPrefix = condition && readString(condition, 'KeyPrefixEquals')
  const errorStatus = condition && readStatus(condition, 'HttpErrorCodeReturnedEquals', /^[45]\d\d$/, '4XX or 5XX')
  if (condition && keyPrefix === undefined && errorStatus === undefined) {
    throw invalid(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    )
  }
  return {
    ...given('keyPrefix', keyPrefix),
    ...given('errorStatus', errorStatus),
    redirect: readRedirect(readChild(rule, 'Redirect', REDIRECT) ?? {}),
  }
}

function readRedirect(redirect: Content): RoutingRedirect {
  const read: RoutingRedirect = {
    ...given('host', readHost(redirect)),
    ...given('protocol', readProtocol(redirect)),
    ...given('status', readStatus(redirect, 'HttpRedirectCode', /^3(0[1-9]|[1-9]\d)$/, '3XX except 300')),
    ...given('replaceKey', readString(redirect, 'ReplaceKeyWith')),
    ...given('replacePrefix', readString(redirect, 'ReplaceKeyPrefixWith')),
  }
  if (Object.keys(read).length === 0) {
    throw invalid('A Redirect needs at least one of HostName, Protocol, a key and HttpRedirectCode.')
  }
  if (read.replaceKey !== undefined && read.replacePrefix !== undefined) {
    throw invalid('You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  }
  return read
}

function readHost(content: Content): string | undefined {
  const host = readString(content, 'HostName')?.trim()
  if (host === undefined || HOST.test(host)) return host
  throw invalid('The HostName is not the name of a host.')
}

function readProtocol(content: Content): WebsiteProtocol | undefined {
  const protocol = readString(content, 'Protocol')?.trim().toLowerCase()
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return protocol
  throw invalid(
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  )
}

function readStatus(content: Content, name: string, shape: RegExp, valid: string): number | undefined {
  const text = readString(content, name)?.trim()
  if (text === undefined || shape.test(text)) return text === undefined ? undefined : Number(text)
  const what = name === 'HttpRedirectCode' ? 'redirect' : 'error'
  throw invalid(`The provided HTTP ${what} code (${text}) is not valid. Valid codes are ${valid}.`)
}

function ruleElement({ keyPrefix, errorStatus, redirect }: RoutingRule): XmlElement {
  const isConditional = keyPrefix !== undefined || errorStatus !== undefined
  return {
    Condition: isConditional ? { KeyPrefixEquals: keyPrefix, HttpErrorCodeReturnedEquals: errorStatus } : undefined,
    Redirect: {
      Protocol: redirect.protocol,
      HostName: redirect.host,
      ReplaceKeyPrefixWith: redirect.replacePrefix,
      ReplaceKeyWith: redirect.replaceKey,
      HttpRedirectCode: redirect.status,
    },
  }
}

/** A member only where there is a value, so that what is stored holds nothing else. */
function given<Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [name in Name]: Value })
}

function isTooLong(key: string): boolean {
  return Buffer.byteLength(key) > MAX_KEY_BYTES
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', message)
}
