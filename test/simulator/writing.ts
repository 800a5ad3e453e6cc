import { createHash } from 'node:crypto'
import type { Client, Exchange } from './client'
import type { Ask } from './door'
import { ABSENT, type Condition, type State, stateOf } from './model'
import type { Random } from './random'
import { textOf, unquoted } from './reading'
import { bytesOf, crc32Of, type Value } from './values'
import { INLINE_MAX_BYTES } from './world'

export type BodyKind = 'small' | 'large' | 'unknown length' | 'broken'

/** PUT of a body that rests in the index, or goes to R2, or does not tell its length, or breaks off. */
export async function putObject(client: Client, key: string, kind: BodyKind): Promise<void> {
  const { world, random } = client
  const id = client.newId()
  const size = sizeOf(random, kind)
  if (kind === 'broken') return putBroken(client, key, { id, size })
  const value = world.values.plain(id, size)
  world.ids.set(id, value.etag)
  const condition = kind === 'unknown length' ? undefined : conditionFor(client, key)
  const bytes = bytesOf(value)
  const ask: Ask = {
    method: 'PUT',
    path: `/${world.bucket.name}/${key}`,
    headers: {
      'x-amz-meta-id': id,
      ...(kind === 'unknown length' ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(size) }),
      // With a checksum the bytes pass through Wharf's own code.
      ...(kind === 'large' && random.chance(0.2) ? { 'x-amz-checksum-crc32': crc32Of(bytes) } : {}),
      ...conditionHeaders(condition),
    },
    body: kind === 'unknown length' ? streamOf(bytes, random) : bytes,
  }
  const exchange = await client.exchange(ask, { what: `PUT ${key} ${kind}`, key })
  // A line to R2 that was lost cannot be told from a client that was: then it is asked to try again.
  if (exchange.reply?.code === 'RequestTimeout' && exchange.harm.length > 0) return
  // Its lease was cleared.
  if (exchange.reply?.code === 'OperationAborted' && kind === 'unknown length') return
  const answer = recordWrite(client, exchange, { states: [stateOf(value.etag, id)], condition })
  if (answer) requireEtag(client, exchange, { etag: answer.headers.get('etag'), value })
}

/** The body ends before its length is reached: nothing of it may ever be seen. */
async function putBroken(client: Client, key: string, { id, size }: { id: string; size: number }): Promise<void> {
  const bytes = Buffer.alloc(size, `<${id}>`)
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(bytes.subarray(0, size / 2)),
    pull: controller => controller.error(new Error('the client went away')),
  })
  const headers = { 'x-amz-meta-id': id, 'content-length': String(size), 'x-amz-checksum-crc32': crc32Of(bytes) }
  const ask: Ask = { method: 'PUT', path: `/${client.world.bucket.name}/${key}`, headers, body }
  const exchange = await client.exchange(ask, { what: `PUT ${key} broken`, key, mayFail: true })
  client.expect(exchange, ['IncompleteBody', 'RequestTimeout'])
}

export async function deleteObject(client: Client, key: string): Promise<void> {
  const ask: Ask = { method: 'DELETE', path: `/${client.world.bucket.name}/${key}` }
  const exchange = await client.exchange(ask, { what: `DELETE ${key}`, key })
  client.expect(exchange, [204])
  client.world.history.record(key, exchange, { kind: 'write', states: [ABSENT] })
}

export async function deleteObjects(client: Client, keys: string[]): Promise<void> {
  const { world } = client
  const body = Buffer.from(
    `<Delete>${keys.map(key => `<Object><Key>${escaped(key)}</Key></Object>`).join('')}</Delete>`,
  )
  const ask: Ask = {
    method: 'POST',
    path: `/${world.bucket.name}`,
    query: { delete: '' },
    headers: {
      'content-length': String(body.length),
      'content-md5': createHash('md5').update(body).digest('base64'),
    },
    body,
  }
  const exchange = await client.exchange(ask, { what: `DELETE of ${keys.join(', ')}` })
  const answer = client.expect(exchange, [200])
  const deleted = answer?.bytes.toString().match(/<Deleted>/g)?.length
  if (answer && deleted !== keys.length) client.fail(exchange, `${answer.bytes}`)
  for (const key of keys) world.history.record(key, exchange, { kind: 'write', states: [ABSENT] })
}

/** A copy inside the bucket, with the metadata of its source or its own. */
export async function copyObject(client: Client, from: string, to: string): Promise<void> {
  const { world, random } = client
  const replaces = from === to || random.chance(0.5)
  const id = replaces ? client.newId() : undefined
  if (id !== undefined) world.ids.set(id, undefined)
  const isNew = from !== to && random.chance(0.15)
  const condition: Condition | undefined = isNew ? 'absent' : undefined
  const headers: Record<string, string> = {
    'x-amz-copy-source': `${world.bucket.name}/${encodeURIComponent(from)}`,
    ...(id === undefined ? {} : { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-id': id }),
    ...(random.chance(0.1) ? { 'x-amz-checksum-algorithm': 'CRC32' } : {}),
    ...conditionHeaders(condition),
  }
  const ask: Ask = { method: 'PUT', path: `/${world.bucket.name}/${to}`, headers }
  const exchange = await client.exchange(ask, { what: `COPY ${from} to ${to}${replaces ? ` as ${id}` : ''}`, key: to })
  const answer = client.expect(exchange, [200, 'NoSuchKey', 412, 409])
  if (answer?.status === 409) return
  if (answer?.status === 404) return world.history.record(from, exchange, { kind: 'read', sees: ABSENT })
  if (answer?.status === 412) {
    return world.history.record(to, exchange, { kind: 'refusal', condition: 'absent', because: 'present' })
  }
  const etag = answer && unquoted(textOf(answer.bytes.toString(), 'ETag'))
  if (etag !== undefined) {
    if (!world.values.find(etag)) client.fail(exchange, `etag ${etag}, which nobody wrote`)
    world.history.record(from, exchange, { kind: 'read', sees: { etags: [etag] } })
  }
  // Onto itself it finds and leaves the same bytes, in one step.
  const onItself = from === to && etag !== undefined ? { etag } : undefined
  world.history.recordCopy(to, exchange, { from, etag, id, condition: condition ?? onItself })
}

/** What the answer to a write tells of its key. @returns the answer of one that was carried out */
export function recordWrite(
  client: Client,
  exchange: Exchange,
  { states, condition }: { states: State[]; condition: Condition | undefined },
): Exchange['answer'] {
  const { history } = client.world
  const answer = client.expect(exchange, condition === undefined ? [200] : [200, 'PreconditionFailed', 'NoSuchKey'])
  if (answer && condition !== undefined && answer.status !== 200) {
    const because = answer.status === 404 ? 'absent' : condition === 'absent' ? 'present' : 'other'
    history.record(exchange.key, exchange, { kind: 'refusal', condition, because })
    return undefined
  }
  history.record(exchange.key, exchange, { kind: 'write', states, condition })
  return answer
}

export function requireEtag(
  client: Client,
  exchange: Exchange,
  { etag, value }: { etag: string | null; value: Value },
): void {
  if (unquoted(etag) !== value.etag) client.fail(exchange, `etag ${etag} instead of ${value.etag}`)
  client.world.lastEtags.set(exchange.key, value.etag)
}

/** Sometimes a condition: no object, or one that was seen lately. */
export function conditionFor({ world, random }: Client, key: string): Condition | undefined {
  if (!random.chance(0.4)) return undefined
  if (random.chance(0.4)) return 'absent'
  return { etag: world.lastEtags.get(key) ?? 'd41d8cd98f00b204e9800998ecf8427e' }
}

export function conditionHeaders(condition: Condition | undefined): Record<string, string> {
  if (condition === undefined) return {}
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': `"${condition.etag}"` }
}

function sizeOf(random: Random, kind: BodyKind): number {
  // The runtime writes to the log about each large one that breaks.
  const isLarge = random.chance({ small: 0, large: 1, 'unknown length': 0.5, broken: 0.15 }[kind])
  return isLarge ? INLINE_MAX_BYTES + 1 + random.below(3500) : 40 + random.below(INLINE_MAX_BYTES - 40)
}

/** In a few pieces, with nothing that tells its length. */
function streamOf(bytes: Uint8Array, random: Random): ReadableStream<Uint8Array> {
  const middle = random.below(bytes.length)
  return new ReadableStream({
    start(controller) {
      if (middle > 0) controller.enqueue(bytes.subarray(0, middle))
      controller.enqueue(bytes.subarray(middle))
      controller.close()
    },
  })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
