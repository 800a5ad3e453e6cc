import { Fault } from '../../model/fault'
import type { RoutingRedirect, RoutingRule, Website, WebsitePages } from '../../model/website'
import { percentEncode } from '../../wire/percent'
import { writeXml } from '../../wire/xml'
import { failureOf, type S3Failure } from './faults'

/** What a browser asks a website for. */
export interface WebsiteAsk {
  /** Decoded; '' for the root. */
  key: string
  /** As it was asked for, with its port. */
  host: string
  protocol: 'http' | 'https'
}

/**
 * What a key is looked up for: to be shown as what was asked for, to be shown instead of that, or only to learn whether it is
 * there. Ranges and conditions of the request are meant for the first alone.
 */
export type Purpose = 'page' | 'error document' | 'existence'

export interface LookedUp<T> {
  found: T
  /** The object's `x-amz-website-redirect-location`. */
  redirect?: string
}

/** @throws Fault where the key cannot be shown */
export type LookUp<T> = (key: string, purpose: Purpose) => Promise<LookedUp<T>>

export type WebsiteAnswer<T> =
  /** Without a status it is shown as it was found. */
  | { kind: 'object'; key: string; found: T; status?: number }
  | { kind: 'redirect'; status: number; location: string }
  /** `errorDocument` says why not even that can be shown. */
  | { kind: 'error'; failure: S3Failure; errorDocument?: S3Failure }

/**
 * Decides what a website answers to a GET or HEAD.
 *
 * @throws whatever a look-up throws, unless it is a fault that the browser is shown as a page
 * @see    S3 user guide, "Hosting a static website using Amazon S3"
 */
export async function answerWebsite<T>(site: Website, ask: WebsiteAsk, lookUp: LookUp<T>): Promise<WebsiteAnswer<T>> {
  if ('redirectAll' in site) return redirect(ask, site.redirectAll, percentEncode(ask.key, { keepSlash: true }))
  const rule = site.rules?.find(one => one.errorStatus === undefined && hasPrefix(one, ask.key))
  if (rule) return redirect(ask, rule.redirect, newKey(rule, ask.key))
  const key = isFolder(ask.key) ? ask.key + site.index : ask.key
  try {
    const { found, redirect: location } = await lookUp(key, 'page')
    if (location !== undefined) return { kind: 'redirect', status: 301, location }
    return { kind: 'object', key, found }
  } catch (error) {
    return afterError(site, ask, lookUp, shownFailure(error))
  }
}

/** An error as a page. */
export function errorPage(
  { failure, errorDocument }: { failure: S3Failure; errorDocument?: S3Failure },
  { method, requestId }: { method: string; requestId: string },
): Response {
  const { status, code, message } = failure
  const headers = {
    ...failure.headers,
    'content-type': 'text/html; charset=utf-8',
    'x-amz-error-code': code,
    'x-amz-error-message': message.replace(/[^\x20-\x7e]/g, '?'),
  }
  if (method === 'HEAD' || status === 304) return new Response(null, { status, headers })
  const title = `${status} ${TITLES[status] ?? 'Error'}`
  const ids = [`RequestId: ${requestId}`, `HostId: ${requestId}`]
  const page = writeXml('html', {
    head: { title },
    body: {
      h1: title,
      ul: { li: [...linesOf(failure), ...ids] },
      ...(errorDocument && {
        h3: 'An Error Occurred While Attempting to Retrieve a Custom Error Document',
        div: { ul: { li: linesOf(errorDocument) } },
      }),
    },
  })
  return new Response(page.replace(/^<\?xml.*\n/, '<!DOCTYPE html>\n'), { status, headers })
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  416: 'Requested Range Not Satisfiable',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}

async function afterError<T>(
  site: WebsitePages,
  ask: WebsiteAsk,
  lookUp: LookUp<T>,
  failure: S3Failure,
): Promise<WebsiteAnswer<T>> {
  if (!isFolder(ask.key) && (await isThere(lookUp, `${ask.key}/${site.index}`))) {
    // Two slashes at the beginning would lead to another host.
    const path = percentEncode(ask.key, { keepSlash: true }).replace(/^\//, '%2F')
    return { kind: 'redirect', status: 302, location: `/${path}/` }
  }
  const rule = site.rules?.find(one => one.errorStatus === failure.status && hasPrefix(one, ask.key))
  if (rule) return redirect(ask, rule.redirect, newKey(rule, ask.key))
  if (site.error === undefined) return { kind: 'error', failure }
  try {
    const { found } = await lookUp(site.error, 'error document')
    return { kind: 'object', key: site.error, found, status: failure.status }
  } catch (error) {
    return { kind: 'error', failure, errorDocument: shownFailure(error) }
  }
}

/** Faults that a browser is shown as a page: what it may not see, or what is not there, or not so. */
function shownFailure(error: unknown): S3Failure {
  const failure = error instanceof Fault ? failureOf(error) : undefined
  if (failure && failure.status >= 400 && failure.status < 500) return failure
  throw error
}

async function isThere<T>(lookUp: LookUp<T>, key: string): Promise<boolean> {
  try {
    await lookUp(key, 'existence')
    return true
  } catch (error) {
    shownFailure(error)
    return false
  }
}

function isFolder(key: string): boolean {
  return key === '' || key.endsWith('/')
}

function hasPrefix({ keyPrefix }: RoutingRule, key: string): boolean {
  return keyPrefix === undefined || key.startsWith(keyPrefix)
}

/** Percent-encoded. What a rule puts in may be more than a key, a query or a fragment, so it stays as it is. */
function newKey({ keyPrefix = '', redirect: { replaceKey, replacePrefix } }: RoutingRule, key: string): string {
  if (replaceKey !== undefined) return inAddress(replaceKey)
  if (replacePrefix === undefined) return percentEncode(key, { keepSlash: true })
  return inAddress(replacePrefix) + percentEncode(key.slice(keyPrefix.length), { keepSlash: true })
}

function inAddress(text: string): string {
  return text.toWellFormed().replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent)
}

function redirect(
  ask: WebsiteAsk,
  { host = ask.host, protocol = ask.protocol, status = 301 }: RoutingRedirect,
  encodedKey: string,
): { kind: 'redirect'; status: number; location: string } {
  return { kind: 'redirect', status, location: `${protocol}://${host}/${encodedKey}` }
}

function linesOf({ code, message, members }: S3Failure): string[] {
  return [
    `Code: ${code}`,
    `Message: ${message}`,
    ...Object.entries(members).map(([name, value]) => `${name}: ${value}`),
  ]
}
