import type { ContextValues } from '../../model/policy'
import { percentDecode } from '../../wire/percent'

/**
 * What a request says for the condition keys that policies may ask for. Nothing is read before one is asked for.
 * @see Service Authorization Reference, "Condition keys for Amazon S3"
 */
export function conditionsOf(request: Request): ContextValues {
  const { headers, url } = request
  let query: Map<string, string> | undefined
  const parameter = (name: string) => {
    query ??= readParameters(url)
    const value = query.get(name)
    return value === undefined ? undefined : [value]
  }
  const header = (name: string) => {
    const value = headers.get(name) ?? undefined
    // A presigned URL carries headers in its query.
    return value === undefined ? parameter(name) : [value]
  }
  return key => {
    if (key.startsWith('s3:requestobjecttag/')) return valueOfTag(header('x-amz-tagging'), key)
    if (key.startsWith('s3:x-amz-')) return header(key.slice('s3:'.length))
    switch (key) {
      case 'aws:referer':
        return header('referer')
      case 'aws:useragent':
        return header('user-agent')
      case 'aws:securetransport':
        return [String(url.startsWith('https:'))]
      case 's3:prefix':
      case 's3:delimiter':
      case 's3:max-keys':
        return parameter(key.slice('s3:'.length))
      case 's3:versionid':
        return parameter('versionid')
      case 's3:if-match':
      case 's3:if-none-match':
        return header(key.slice('s3:'.length))
      case 's3:requestobjecttagkeys':
        return tagsOf(header('x-amz-tagging')).map(([name]) => name)
      case 's3:object-lock-mode':
      case 's3:object-lock-legal-hold':
      case 's3:object-lock-retain-until-date':
        return header(`x-amz-${key.slice('s3:'.length)}`)
      case 's3:authtype':
        return authTypeOf(headers, parameter)
      case 's3:signatureversion':
        return signatureVersionOf(headers, parameter)
      default:
        return undefined
    }
  }
}

/** Names in lower case, the first of each; decoded once. */
function readParameters(url: string): Map<string, string> {
  const parameters = new Map<string, string>()
  const mark = url.indexOf('?')
  if (mark < 0) return parameters
  for (const piece of url.slice(mark + 1).split('&')) {
    const equals = piece.indexOf('=')
    const name = (equals < 0 ? piece : piece.slice(0, equals)).toLowerCase()
    const value = equals < 0 ? '' : percentDecode(piece.slice(equals + 1), { plusIsSpace: true })
    if (value !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return parameters
}

function tagsOf(header: string[] | undefined): [string, string][] {
  return (header?.[0] ?? '')
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => {
      const [name = '', ...rest] = pair.split('=')
      const decode = (text: string) => percentDecode(text, { plusIsSpace: true }) ?? ''
      return [decode(name), decode(rest.join('='))]
    })
}

function valueOfTag(header: string[] | undefined, key: string): string[] | undefined {
  const wanted = key.slice('s3:requestobjecttag/'.length)
  const tag = tagsOf(header).find(([name]) => name === wanted)
  return tag && [tag[1]]
}

function authTypeOf(headers: Headers, parameter: (name: string) => string[] | undefined): string[] | undefined {
  if (headers.has('authorization')) return ['REST-HEADER']
  return parameter('x-amz-signature') || parameter('signature') ? ['REST-QUERY-STRING'] : undefined
}

function signatureVersionOf(headers: Headers, parameter: (name: string) => string[] | undefined): string[] | undefined {
  const authorization = headers.get('authorization') ?? ''
  if (authorization.startsWith('AWS4-') || parameter('x-amz-signature')) return ['AWS4-HMAC-SHA256']
  return authorization.startsWith('AWS ') || parameter('signature') ? ['AWS'] : undefined
}
