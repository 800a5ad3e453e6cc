import type { Client, Exchange } from './client'
import type { Ask } from './door'
import { type Condition, type Effect, stateOf } from './model'
import { textOf, unquoted } from './reading'
import { bytesOf, type Value } from './values'
import { conditionFor, conditionHeaders, recordWrite, requireEtag } from './writing'

/** The least size of all parts but the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024

const TRIES = 3

type Pieces = Value['pieces']

interface Part {
  number: number
  etag: string
  pieces: Pieces
}

/**
 * A multipart upload from its beginning to its end. Mostly one of its parts becomes the object, since others would have to be
 * large; now and then two do.
 */
export async function uploadInParts(client: Client, key: string, sources: string[]): Promise<void> {
  const { world, random } = client
  const id = client.newId()
  const path = `/${world.bucket.name}/${key}`
  const create: Ask = { method: 'POST', path, query: { uploads: '' }, headers: { 'x-amz-meta-id': id } }
  const begun = await client.exchange(create, { what: `CREATE UPLOAD ${key}`, key })
  const uploadId = textOf(client.expect(begun, [200])?.bytes.toString() ?? '', 'UploadId')
  if (uploadId === '') return

  const isLong = random.chance(0.01)
  const parts: Part[] = []
  for (let number = 1; number <= (isLong ? 2 : 1 + random.below(3)); number++) {
    const isCopy = !isLong && random.chance(0.25)
    const part = isCopy
      ? await copyPart(client, { path, uploadId, number }, random.pick(sources))
      : await putPart(client, { path, uploadId, number, isLong: isLong && number === 1 })
    if (part === 'gone') return client.fail(begun, 'its upload is gone')
    if (part) parts.push(part)
  }
  const chosen = isLong ? parts : parts.slice(-1 - random.below(parts.length)).slice(0, 1)
  if (chosen.length === 0 || (isLong && parts.length < 2) || random.chance(0.1)) {
    // Some are left behind, as clients do.
    if (random.chance(0.7)) await abort(client, { path, uploadId, mayBeGone: false })
    return
  }
  const value = world.values.ofParts(
    id,
    chosen.map(part => part.pieces),
  )
  world.ids.set(id, value.etag)
  await complete(client, { key, path, uploadId, chosen, value })
}

/** @returns the part that was kept; undefined where that is not known */
async function putPart(
  client: Client,
  { path, uploadId, number, isLong }: { path: string; uploadId: string; number: number; isLong: boolean },
): Promise<Part | 'gone' | undefined> {
  const { random } = client
  const size = isLong ? MIN_PART_BYTES : 40 + random.below(random.chance(0.3) ? 3000 : 800)
  const pieces: Pieces = [{ tag: client.newId(`p${number}`), size }]
  const body = bytesOf({ pieces })
  const ask: Ask = {
    method: 'PUT',
    path,
    query: { uploadId, partNumber: String(number) },
    headers: { 'content-length': String(size) },
    body,
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const exchange = await client.exchange(ask, { what: `PART ${number} of ${path}` })
    // A long one stands under a lease, which may be cleared.
    const answer = client.expect(exchange, [200, 'RequestTimeout', 'NoSuchUpload', ...(isLong ? [409] : [])])
    if (answer?.code === 'NoSuchUpload') return 'gone'
    if (answer?.status === 200) return { number, etag: unquoted(answer.headers.get('etag')), pieces }
  }
  return undefined
}

async function copyPart(
  client: Client,
  { path, uploadId, number }: { path: string; uploadId: string; number: number },
  from: string,
): Promise<Part | 'gone' | undefined> {
  const { world } = client
  const ask: Ask = {
    method: 'PUT',
    path,
    query: { uploadId, partNumber: String(number) },
    headers: { 'x-amz-copy-source': `${world.bucket.name}/${encodeURIComponent(from)}` },
  }
  const exchange = await client.exchange(ask, { what: `PART ${number} of ${path} copied from ${from}`, key: from })
  const answer = client.expect(exchange, [200, 'NoSuchUpload', 'NoSuchKey', 409, 'RequestTimeout'])
  if (answer?.code === 'NoSuchUpload') return 'gone'
  if (answer?.status !== 200) return undefined
  const etag = unquoted(textOf(answer.bytes.toString(), 'ETag'))
  const source = world.values.findBytes(etag)
  if (!source) return client.fail(exchange, `a part with MD5 ${etag}, which no object has`)
  world.history.record(from, exchange, { kind: 'read', sees: { etags: world.values.etagsOfBytes(etag) } })
  return { number, etag, pieces: source.pieces }
}

interface Completion {
  key: string
  path: string
  uploadId: string
  chosen: Part[]
  value: Value
}

/** Completes, again where the answer was lost. All tries together are one write. */
async function complete(client: Client, completion: Completion): Promise<void> {
  const { random } = client
  const { key, path, uploadId, chosen, value } = completion
  const condition = conditionFor(client, key)
  const list = chosen.map(({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)
  const headers = { 'content-length': String(body.length), ...conditionHeaders(condition) }
  const ask: Ask = { method: 'POST', path, query: { uploadId }, headers, body }
  const what = `COMPLETE ${key}`
  let exchange = await client.exchange(ask, { what, key })
  const { invoked } = exchange
  for (let tries = 1; tries < TRIES && !exchange.answer && random.chance(0.7); tries++) {
    exchange = { ...(await client.exchange(ask, { what: `${what} again`, key })), invoked }
  }
  if (!exchange.answer && random.chance(0.4)) {
    return abandon(client, completion, { exchange, condition })
  }
  const states = [stateOf(value.etag, value.id)]
  const answer = recordWrite(client, exchange, { states, condition })
  if (!answer) return
  requireEtag(client, exchange, { etag: textOf(answer.bytes.toString(), 'ETag'), value })
  if (!random.chance(0.2)) return
  // Done already: this answers the same, and must change nothing.
  const again = await client.exchange(ask, { what: `${what} though done`, key })
  const repeated = client.expect(again, [200])
  if (repeated) requireEtag(client, again, { etag: textOf(repeated.bytes.toString(), 'ETag'), value })
}

/** After a completion of unknown outcome: an upload that can still be aborted was not completed, and never will be. */
async function abandon(
  client: Client,
  { key, path, uploadId, value }: Completion,
  { exchange, condition }: { exchange: Exchange; condition: Condition | undefined },
): Promise<void> {
  const aborted = await abort(client, { path, uploadId, mayBeGone: true })
  if (aborted.answer?.status === 204) return
  const { invoked } = exchange
  const responded = aborted.answer && aborted.answered
  const label = `${exchange.label}, then ${aborted.label}`
  const effect: Effect = { kind: 'write', states: [stateOf(value.etag, value.id)], condition }
  client.world.history.record(key, { label, invoked, responded }, effect)
}

async function abort(
  client: Client,
  { path, uploadId, mayBeGone }: { path: string; uploadId: string; mayBeGone: boolean },
): Promise<Exchange> {
  const exchange = await client.exchange({ method: 'DELETE', path, query: { uploadId } }, { what: `ABORT ${path}` })
  client.expect(exchange, mayBeGone ? [204, 'NoSuchUpload'] : [204])
  return exchange
}
