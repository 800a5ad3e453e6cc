import { Fault } from '../../model/fault'
import { percentDecode } from '../../wire/percent'
import { S3Error } from './s3-error'

/** Where a request points. Bucket and key are decoded, here and only here; the raw parts are what was signed. */
export interface Address {
  bucket: string | undefined
  key: string | undefined
  /** The bucket that the host names, in virtual-host style. */
  hostBucket?: string
  rawPath: string
  rawQuery: string
  /** Names and values, decoded once; of a name that comes twice the first counts. */
  query: ReadonlyMap<string, string>
}

/**
 * Reads the address out of the raw URL: `new URL()` would resolve `.` and `..`, which are legal in keys.
 *
 * @param domain  base of virtual-host style: for requests to `{bucket}.{domain}`
 * @throws S3Error InvalidURI where an escape is malformed or is not UTF-8, BadRequest where the host is none
 */
export function readAddress(url: string, host: string | null, domain: string | undefined): Address {
  if (host !== null && NOT_IN_HOSTS.test(host)) throw new S3Error('BadRequest', 'The Host header is not valid.')
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const target = start < 0 ? '/' : url.slice(start)
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1)
  const query = readQuery(rawQuery)

  const virtual = bucketOfHost(host, domain)
  if (virtual !== undefined) {
    return { bucket: virtual, hostBucket: virtual, key: decodeKey(rawPath.slice(1)), rawPath, rawQuery, query }
  }
  const slash = rawPath.indexOf('/', 1)
  const rawBucket = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash)
  const rawKey = slash < 0 ? '' : rawPath.slice(slash + 1)
  const bucket = decode(rawBucket)
  if (bucket === '' && rawKey !== '') throw new Fault('InvalidBucketName', { bucket: '' })
  return { bucket: bucket || undefined, key: decodeKey(rawKey), rawPath, rawQuery, query }
}

/** The runtime puts the Host header before the path as it is: a slash in it would be where the path begins. */
const NOT_IN_HOSTS = /[^\w.:[\]%~-]/

/** The bucket that the host names, as `{bucket}.{domain}`. */
export function bucketOfHost(host: string | null, domain: string | undefined): string | undefined {
  if (!host || !domain) return undefined
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const base = domain.replace(/:\d+$/, '')
  return name.endsWith(`.${base}`) ? name.slice(0, -base.length - 1) : undefined
}

/** C1 controls are what bytes of another encoding turn into; S3 refuses them. */
const C1_CONTROL = /[\x80-\x9f]/

function decodeKey(raw: string): string | undefined {
  if (raw === '') return undefined
  const key = decode(raw)
  refuseC1Controls(key)
  return key
}

/** @throws S3Error InvalidURI */
export function refuseC1Controls(key: string): void {
  if (C1_CONTROL.test(key)) throw new S3Error('InvalidURI')
}

function readQuery(rawQuery: string): Map<string, string> {
  const query = new Map<string, string>()
  if (rawQuery === '') return query
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeQuery(equals < 0 ? pair : pair.slice(0, equals))
    if (!query.has(name)) query.set(name, equals < 0 ? '' : decodeQuery(pair.slice(equals + 1)))
  }
  return query
}

function decode(text: string): string {
  const decoded = percentDecode(text)
  if (decoded === undefined) throw new S3Error('InvalidURI')
  return decoded
}

function decodeQuery(text: string): string {
  const decoded = percentDecode(text, { plusIsSpace: true })
  if (decoded === undefined) throw new S3Error('InvalidURI')
  return decoded
}
