import { percentEncode } from '../../wire/percent'

/** One request, as a bucket's access log tells of it. What is undefined is unknown, or does not apply. */
export interface LoggedRequest {
  /** Id of the account that owns the bucket. */
  owner?: string
  bucket: string
  /** When the request came. */
  atMillis: number
  remoteIp?: string
  /** Id of the account that asked, or name of its user; undefined for an anonymous request. */
  requester?: string
  requestId: string
  /** Like `REST.GET.OBJECT`; one key of DeleteObjects is a `BATCH.DELETE.OBJECT`, an expiry an `S3.EXPIRE.OBJECT`. */
  operation: string
  key?: string
  /** Method, path with query, and protocol. */
  requestLine: string
  status: number
  errorCode?: string
  bytesSent?: number
  objectSize?: number
  totalMillis?: number
  /** From the request's last byte to the answer's first one. */
  turnAroundMillis?: number
  referer?: string
  userAgent?: string
  versionId?: string
  hostId?: string
  signatureVersion?: 'SigV2' | 'SigV4'
  cipherSuite?: string
  authType?: 'AuthHeader' | 'QueryString'
  host?: string
  tlsVersion?: string
  aclRequired?: boolean
  region?: string
}

/**
 * One line of a log, without its end.
 * @see S3 user guide, "Amazon S3 server access log format"
 */
export function accessLogLine(request: LoggedRequest): string {
  return [
    field(request.owner),
    field(request.bucket),
    `[${logTime(request.atMillis)}]`,
    field(request.remoteIp),
    field(request.requester),
    field(request.requestId),
    field(request.operation),
    field(encodedKey(request)),
    quoted(request.requestLine),
    field(request.status),
    field(request.errorCode),
    field(request.bytesSent || undefined),
    field(request.objectSize),
    field(request.totalMillis),
    field(request.turnAroundMillis),
    quoted(request.referer),
    quoted(request.userAgent),
    field(request.versionId),
    field(request.hostId),
    field(request.signatureVersion),
    field(request.cipherSuite),
    field(request.authType),
    field(request.host),
    field(request.tlsVersion),
    // The access point's ARN: there are none.
    field(undefined),
    field(request.aclRequired ? 'Yes' : undefined),
    field(request.region),
  ].join(' ')
}

/** Encoded twice, as S3 does it for all that was asked for by a request of its own. */
function encodedKey({ key, operation }: LoggedRequest): string | undefined {
  if (key === undefined) return undefined
  const once = percentEncode(key, { keepSlash: true })
  const isOneOfMany = operation.startsWith('BATCH.') || operation.startsWith('S3.')
  return isOneOfMany ? once : percentEncode(once, { keepSlash: true })
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As strftime's `%d/%b/%Y:%H:%M:%S %z` in UTC. */
function logTime(millis: number): string {
  const date = new Date(millis)
  const day = String(date.getUTCDate()).padStart(2, '0')
  return `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${date.toISOString().slice(11, 19)} +0000`
}

function field(value: string | number | undefined): string {
  return value === undefined || value === '' ? '-' : escaped(String(value), UNQUOTED_SPECIAL)
}

function quoted(text: string | undefined): string {
  return `"${text ? escaped(text, QUOTED_SPECIAL) : '-'}"`
}

/** What would end a field, or the line: whoever asks could write lines of his own. */
const UNQUOTED_SPECIAL = /[\x00-\x20"\x7f]/g
const QUOTED_SPECIAL = /[\x00-\x1f"\x7f]/g

function escaped(text: string, special: RegExp): string {
  return text.replace(special, character => percentEncode(character))
}
