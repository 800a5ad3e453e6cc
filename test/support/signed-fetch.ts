import { sha256, signed } from '../auth/independent-signer'

export interface SignedAsk {
  path?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: string
}

/** A request over a real port, signed by the tests' own signer. */
export function signedFetch(
  server: { url: string; rootUser: string; rootPassword: string },
  method: string,
  { path = '/', query = {}, headers = {}, body }: SignedAsk = {},
): Promise<Response> {
  const {
    rawPath,
    rawQuery,
    headers: sent,
  } = signed({
    method,
    path,
    query: Object.entries(query),
    headers: { host: new URL(server.url).host, ...headers },
    payloadHash: sha256(body ?? ''),
    time: `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`,
    accessKey: server.rootUser,
    secretKey: server.rootPassword,
  })
  sent.delete('host')
  const search = rawQuery === '' ? '' : `?${rawQuery}`
  return fetch(`${server.url}${rawPath}${search}`, { method, headers: sent, body })
}
