import type { ContextValues } from '../../model/policy'
import { percentDecode } from '../../wire/percent'

/** What of a request policies may judge: exactly what its operation goes by. */
export interface Judged {
  url: string
  /** With those that a presigned URL or a form carries. */
  headers: Headers
  /** As the operation reads it. */
  query: ReadonlyMap<string, string>
}

/**
 * What a request says for the condition keys that policies may ask for. Nothing is read before one is asked for.
 * @see Service Authorization Reference, "Condition keys for Amazon S3"
 */
export function conditionsOf({ url, headers, query }: Judged): ContextValues {
  const parameter = (name: string) => {
    const value = query.get(name)
    return value === undefined ? undefined : [value]
  }
  const header = (name: string) => {
    const value = headers.get(name)
    return value === null ? undefined : [value]
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
        return parameter('versionId')
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
        return authTypeOf(headers, query)
      case 's3:signatureversion':
        return signatureVersionOf(headers, query)
      default:
        return undefined
    }
  }
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

function authTypeOf(headers: Headers, query: ReadonlyMap<string, string>): string[] | undefined {
  if (headers.has('authorization')) return ['REST-HEADER']
  return query.has('X-Amz-Signature') || query.has('Signature') ? ['REST-QUERY-STRING'] : undefined
}

function signatureVersionOf(headers: Headers, query: ReadonlyMap<string, string>): string[] | undefined {
  const authorization = headers.get('authorization') ?? ''
  if (authorization.startsWith('AWS4-') || query.has('X-Amz-Signature')) return ['AWS4-HMAC-SHA256']
  return authorization.startsWith('AWS ') || query.has('Signature') ? ['AWS'] : undefined
}
