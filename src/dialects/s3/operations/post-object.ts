import { checkPostPolicy, readPostPolicy, type SizeRange } from '../../../auth/post-policy'
import { Fault } from '../../../model/fault'
import { READ_BYTES } from '../../../streams/chunks'
import type { FormFile } from '../../../streams/form-data'
import type { IncomingBody, PromisedDigests } from '../../../streams/incoming'
import { percentEncode } from '../../../wire/percent'
import { writeXml } from '../../../wire/xml'
import { refuseC1Controls } from '../address'
import { authenticateForm } from '../authenticate'
import { readContentMd5 } from '../body'
import type { BucketCall } from '../call'
import { fieldHeaders, need, readPostClaim, readPostForm, requireBoundary } from '../form-fields'
import { requestedAcl } from '../requested-acl'
import { S3Error } from '../s3-error'
import { readPromisedChecksum } from '../wire-checksum'
import { readDescription, writtenHeaders } from '../wire-object'
import { MAX_OBJECT_TAGS, readTagging, taggingHeader } from '../wire-tags'
import { putVersion } from '../wire-version'

/**
 * POST /{bucket}: a browser's form. Its policy, which somebody signed, is the credential.
 * Source: S3 API reference, PostObject.
 */
export async function postObject(call: BucketCall): Promise<Response> {
  const { bucket, wharf } = call
  const boundary = requireBoundary(call.headers)
  // Whoever signs the request itself brings a second credential.
  if (call.caller.kind !== 'anonymous') throw new Fault('SeveralCredentials')
  const sent = call.openBody()
  const { fields, file } = await readPostForm(await chunksOfForm(sent), { boundary, bucket })

  const claim = readPostClaim(fields)
  const caller = await authenticateForm(claim, wharf)
  const policy = claim && readPostPolicy(claim.policy)
  if (policy) checkPostPolicy(policy, fields, wharf.now())

  const key = need(fields, 'key')
  refuseC1Controls(key)
  const headers = fieldHeaders(fields)
  const description = readDescription(headers, wharf.now())
  const tagging = fields.get('tagging')
  if (tagging) description.tags = readTagging(tagging, MAX_OBJECT_TAGS)
  const acl = requestedAcl({ headers, wharf })
  const judged = new Headers(headers)
  if (description.tags) judged.set('x-amz-tagging', taggingHeader(description.tags))
  call.judgeBy(judged)
  const promised = {
    md5: readContentMd5(headers.get('content-md5')),
    checksum: readPromisedChecksum(headers, undefined),
  }
  const body = await openFile(file, { sentBytes: sent.size, size: policy?.size, promised })
  const { record, versionId } = await wharf.store.objects.put(caller, { bucket, key, body, description, acl })

  const answer = writtenHeaders(record)
  putVersion(answer, versionId)
  return written(call, { fields, key, headers: answer })
}

/** A form that is short is there at once, without a buffer for long ones. */
async function chunksOfForm(body: IncomingBody): Promise<AsyncIterable<Uint8Array>> {
  if (body.size === undefined || body.size > READ_BYTES || !body.whole) return body.chunks()
  return once(await body.whole())
}

/**
 * The file as a body. How long it is only its end tells, so that a policy's range is held while it flows; a file that one
 * read brings is gathered first, since the store keeps a short body of known length in one hop.
 *
 * @param sentBytes  length of the whole form; undefined where that is not known
 */
async function openFile(
  file: FormFile,
  { sentBytes, size, promised }: { sentBytes: number | undefined; size?: SizeRange; promised: PromisedDigests },
): Promise<IncomingBody> {
  const chunks = () => (size ? within(file.chunks(), size) : file.chunks())
  const most = sentBytes === undefined ? undefined : sentBytes - file.offset
  if (most === undefined || most > READ_BYTES) return { size: undefined, native: undefined, chunks, promised }
  const bytes = await gather(chunks(), most)
  return { size: bytes.length, native: undefined, whole: async () => bytes, chunks: () => once(bytes), promised }
}

async function gather(chunks: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(mostBytes)
  let filled = 0
  for await (const chunk of chunks) {
    if (filled + chunk.length > mostBytes) throw new Fault('BodyIncomplete', { announcedBytes: mostBytes })
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  return bytes.slice(0, filled)
}

/** @throws Fault BodyTooLarge as soon as there is too much; S3Error EntityTooSmall at the end */
async function* within(chunks: AsyncIterable<Uint8Array>, { min, max }: SizeRange): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > max) throw new Fault('BodyTooLarge', { maxBytes: max })
    yield chunk
  }
  if (size < min) throw new S3Error('EntityTooSmall', undefined, { ProposedSize: size, MinSizeAllowed: min })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The answer that the form wishes: a redirect, or one of three statuses. */
function written(
  { address, headers: sent, bucket }: BucketCall,
  { fields, key, headers }: { fields: ReadonlyMap<string, string>; key: string; headers: Headers },
): Response {
  const etag = headers.get('etag') ?? ''
  const redirect = redirectTo(fields.get('success_action_redirect') ?? fields.get('redirect'), { bucket, key, etag })
  if (redirect !== undefined) {
    headers.set('location', redirect)
    return new Response(null, { status: 303, headers })
  }
  const path = `${address.hostBucket === undefined ? `/${bucket}` : ''}/${percentEncode(key, { keepSlash: true })}`
  const location = `http://${sent.get('host') ?? 'localhost'}${path}`
  headers.set('location', location)
  const status = fields.get('success_action_status')
  if (status === '201') {
    headers.set('content-type', 'application/xml')
    // Without the namespace of other answers.
    const document = writeXml('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: etag })
    return new Response(document, { status: 201, headers })
  }
  return new Response(null, { status: status === '200' ? 200 : 204, headers })
}

/** @returns undefined where there is no address that a browser could go to */
function redirectTo(text: string | undefined, written: Record<string, string>): string | undefined {
  const url = URL.parse(text ?? '')
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const added = Object.entries(written).map(([name, value]) => `${name}=${percentEncode(value)}`)
  // Written by hand, since `searchParams` would write the names that are there already in its own way.
  url.search = [...(url.search === '' ? [] : [url.search.slice(1)]), ...added].join('&')
  return url.href
}
