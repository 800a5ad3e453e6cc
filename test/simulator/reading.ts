import type { Client, Exchange } from './client'
import type { Ask } from './door'
import { ABSENT, stateOf } from './model'
import { bytesOf, crc32Of, type Value } from './values'
import { KEYS } from './world'

/** GET of all or some of the bytes, or HEAD. What comes must be of one and the same write. */
export async function readObject(
  client: Client,
  key: string,
  how: 'whole' | 'head' | { range: string },
): Promise<void> {
  const { world } = client
  const ask: Ask = {
    method: how === 'head' ? 'HEAD' : 'GET',
    path: `/${world.bucket.name}/${key}`,
    headers: typeof how === 'string' ? { 'x-amz-checksum-mode': 'ENABLED' } : { range: how.range },
  }
  const shown = typeof how === 'string' ? '' : ` ${how.range}`
  const exchange = await client.exchange(ask, { what: `${ask.method} ${key}${shown}`, key })
  const answer = client.expect(exchange, typeof how === 'string' ? [200, 404] : [206, 404, 416])
  if (!answer || answer.status === 416) return
  if (answer.status === 404) {
    world.history.record(key, exchange, { kind: 'read', sees: ABSENT })
    world.lastEtags.delete(key)
    return
  }
  const etag = unquoted(answer.headers.get('etag'))
  const id = answer.headers.get('x-amz-meta-id') ?? ''
  const value = requireWritten(client, exchange, { etag, id })
  const checksum = answer.headers.get('x-amz-checksum-crc32')
  if (checksum !== null && checksum !== crc32Of(bytesOf(value))) {
    client.fail(exchange, `the checksum ${checksum} of other bytes than those of ${value.id}`)
  }
  if (how === 'whole') requireBytes(client, exchange, { expected: bytesOf(value), came: answer.bytes })
  if (typeof how === 'object') requireRange(client, exchange, value)
  else if (answer.headers.get('content-length') !== String(value.size)) {
    client.fail(exchange, `${answer.headers.get('content-length')} bytes instead of ${value.size}`)
  }
  world.history.record(key, exchange, { kind: 'read', sees: stateOf(etag, id) })
  world.lastEtags.set(key, etag)
}

/** A client that goes away while the answer begins. */
export async function leaveEarly(client: Client, key: string): Promise<void> {
  const ask: Ask = { method: 'GET', path: `/${client.world.bucket.name}/${key}`, leaves: true }
  await client.exchange(ask, { what: `GET ${key}, and leaves`, key, mayFail: true })
}

/** A listing, as a read of every key under its prefix at the same moment. */
export async function listObjects(client: Client): Promise<void> {
  const { world, random } = client
  const prefix = random.pick(['', 'a/', 'a/', 'b/'])
  const delimiter = random.chance(0.5) ? '/' : ''
  const query: Record<string, string> = { 'list-type': '2', prefix, 'encoding-type': 'url' }
  if (delimiter !== '') query.delimiter = delimiter
  const ask: Ask = { method: 'GET', path: `/${world.bucket.name}`, query }
  const exchange = await client.exchange(ask, { what: `LIST '${prefix}' by '${delimiter}'` })
  const answer = client.expect(exchange, [200])
  if (!answer) return
  const { objects, prefixes, isTruncated } = readListing(answer.bytes.toString())
  if (isTruncated) client.fail(exchange, `a page of at most 1,000 keys is cut at ${objects.length}`)
  const keys = objects.map(({ key }) => key)
  const inOrder = [...new Set(keys)].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  if (keys.join('\n') !== inOrder.join('\n')) client.fail(exchange, `not in order: ${keys.join(', ')}`)
  const stranger = keys.find(key => !KEYS.includes(key) || !key.startsWith(prefix))
  if (stranger !== undefined) client.fail(exchange, `lists ${stranger}`)

  for (const key of KEYS.filter(key => key.startsWith(prefix))) {
    const listed = objects.find(object => object.key === key)
    const rest = key.slice(prefix.length)
    const common = delimiter !== '' && rest.includes('/') ? `${prefix}${rest.split('/')[0]}/` : undefined
    if (common !== undefined && listed) client.fail(exchange, `${key} beside its common prefix`)
    // That a prefix is there tells of none of its keys; that it is not, of each.
    if (common !== undefined && prefixes.includes(common)) continue
    if (listed) requireListed(client, exchange, listed)
    const sees = listed ? { etags: [listed.etag] } : ABSENT
    world.history.record(key, exchange, { kind: 'read', sees })
  }
}

/** @throws Anomaly where the etag and the metadata are not of one write */
function requireWritten(client: Client, exchange: Exchange, { etag, id }: { etag: string; id: string }): Value {
  const { values, ids } = client.world
  const value = values.find(etag)
  if (!value) return client.fail(exchange, `etag ${etag}, which nobody wrote`)
  const expected = ids.get(id)
  if (ids.has(id) && (expected === undefined || expected === etag)) return value
  return client.fail(exchange, `a mixture of the bytes of ${value.id} with the metadata of '${id}'`)
}

function requireBytes(
  client: Client,
  exchange: Exchange,
  { expected, came }: { expected: Uint8Array; came: Buffer },
): void {
  if (Buffer.compare(expected, came) === 0) return
  const [start, end] = [came.subarray(0, 40), came.subarray(-40)]
  const wanted = Buffer.from(expected.subarray(0, 40))
  client.fail(exchange, `${came.length} bytes '${start} ... ${end}' instead of ${expected.length} '${wanted}'`)
}

function requireRange(client: Client, exchange: Exchange, value: Value): void {
  const { answer } = exchange
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer?.headers.get('content-range') ?? '') ?? []
  if (Number(size) !== value.size) client.fail(exchange, `a range of ${size} bytes instead of ${value.size}`)
  const expected = bytesOf(value).subarray(Number(first), Number(last) + 1)
  if (answer) requireBytes(client, exchange, { expected, came: answer.bytes })
}

interface Listed {
  key: string
  etag: string
  size: number
}

function requireListed(client: Client, exchange: Exchange, { key, etag, size }: Listed): void {
  const value = client.world.values.find(etag)
  if (value?.size === size) return
  const true_ = value ? `has ${value.size}` : 'nobody wrote'
  client.fail({ ...exchange, key }, `lists ${size} bytes of etag ${etag}, which ${true_}`)
}

function readListing(xml: string): { objects: Listed[]; prefixes: string[]; isTruncated: boolean } {
  const objects = Array.from(xml.matchAll(/<Contents>(.*?)<\/Contents>/gs), ([, object = '']) => ({
    key: decodeURIComponent(textOf(object, 'Key')),
    etag: unquoted(textOf(object, 'ETag')),
    size: Number(textOf(object, 'Size')),
  }))
  const prefixes = Array.from(xml.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs), ([, prefix = '']) =>
    decodeURIComponent(textOf(prefix, 'Prefix')),
  )
  return { objects, prefixes, isTruncated: textOf(xml, 'IsTruncated') !== 'false' }
}

export function textOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
}

export function unquoted(etag: string | null): string {
  return (etag ?? '').replaceAll('&quot;', '').replaceAll('"', '')
}
