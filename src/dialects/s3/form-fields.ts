import { type PostClaim, readPostSigV4Claim } from '../../auth/post-policy'
import { ALGORITHM } from '../../auth/sigv4-claim'
import { Fault } from '../../model/fault'
import { type FormField, type FormFile, MalformedForm, readBoundary, readForm } from '../../streams/form-data'
import { invalidArgument } from './s3-error'

/** Of all that comes before the file. */
const MAX_FIELDS_BYTES = 64 * 1024
const MAX_FIELDS = 200
const MAX_HEADER_BYTES = 8 * 1024

/** The form of a browser's upload, up to its file. */
export interface PostForm {
  /** By lower-case name, with `${filename}` replaced; `bucket` is always there. */
  fields: ReadonlyMap<string, string>
  file: FormFile
}

/**
 * The boundary of a form that is sent to a bucket.
 * @throws Fault PreconditionFailed where it is no form; MalformedForm
 */
export function requireBoundary(headers: Headers): string {
  const boundary = readBoundary(headers.get('content-type'))
  if (boundary === undefined) {
    throw new Fault('PreconditionFailed', {
      condition: 'Bucket POST must be of the enclosure-type multipart/form-data',
    })
  }
  if (boundary === '') throw new MalformedForm('it tells no boundary')
  return boundary
}

/**
 * Reads a form up to its file; whatever comes behind that is ignored.
 * @throws S3Error InvalidArgument; MalformedForm
 */
export async function readPostForm(
  body: AsyncIterable<Uint8Array>,
  { boundary, bucket }: { boundary: string; bucket: string },
): Promise<PostForm> {
  const { fields, file } = await readForm(body, {
    boundary,
    isFile: part => part.name.toLowerCase() === 'file',
    maxBytes: MAX_FIELDS_BYTES,
    maxFields: MAX_FIELDS,
    maxHeaderBytes: MAX_HEADER_BYTES,
  })
  if (!file) throw invalidArgument('file', '0', 'POST requires exactly one file upload per request.')
  const read = readFields(fields, baseName(file.filename ?? ''))
  const named = read.get('bucket') ?? bucket
  if (named !== bucket) throw invalidArgument('bucket', named, 'The form is meant for another bucket.')
  return { fields: read.set('bucket', bucket), file }
}

/**
 * What the form says about who signed it.
 * @returns undefined without a policy
 * @throws S3Error InvalidArgument where some of it is missing; Fault SeveralCredentials, UnsupportedSignature,
 *         QueryCredentialMalformed
 */
export function readPostClaim(fields: ReadonlyMap<string, string>): PostClaim | undefined {
  const isV4 = SIGV4_FIELDS.some(name => fields.has(name))
  const isV2 = SIGV2_FIELDS.some(name => fields.has(name))
  if (isV4 && isV2) throw new Fault('SeveralCredentials')
  if (!isV4 && !isV2 && !fields.has('policy')) return undefined
  const securityToken = fields.get('x-amz-security-token')
  const policy = need(fields, 'policy')
  if (!isV4) {
    const accessKey = need(fields, 'AWSAccessKeyId')
    return { scheme: 'sigv2', accessKey, signature: need(fields, 'signature'), policy, securityToken }
  }
  const algorithm = need(fields, 'x-amz-algorithm')
  if (algorithm !== ALGORITHM) throw new Fault('UnsupportedSignature', { scheme: algorithm })
  return readPostSigV4Claim({
    credential: need(fields, 'x-amz-credential'),
    date: need(fields, 'x-amz-date'),
    signature: need(fields, 'x-amz-signature'),
    policy,
    securityToken,
  })
}

/**
 * The fields as the headers of a PUT that would say the same.
 * @throws S3Error InvalidArgument
 */
export function fieldHeaders(fields: ReadonlyMap<string, string>): Headers {
  const headers = new Headers()
  for (const [name, value] of fields) {
    if (CREDENTIAL_FIELDS.has(name)) continue
    if (name === 'acl') set(headers, 'x-amz-acl', value)
    else if (name.startsWith('x-amz-') || HEADER_FIELDS.has(name)) set(headers, name, value)
  }
  return headers
}

/** @throws S3Error InvalidArgument */
export function need(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (value) return value
  const hint = 'If it is specified, please check the order of the fields.'
  throw invalidArgument(name, '', `Bucket POST must contain a field named '${name}'. ${hint}`)
}

const SIGV4_FIELDS = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-signature']
const SIGV2_FIELDS = ['awsaccesskeyid', 'signature']
const CREDENTIAL_FIELDS = new Set([...SIGV4_FIELDS, ...SIGV2_FIELDS, 'x-amz-security-token', 'policy'])
const HEADER_FIELDS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

const FILENAME = /\$\{filename\}/g

function readFields(fields: FormField[], filename: string): Map<string, string> {
  const read = new Map<string, string>()
  for (const { name, value } of fields) {
    const lower = name.toLowerCase()
    const said = CREDENTIAL_FIELDS.has(lower) ? value : value.replace(FILENAME, () => filename)
    const before = read.get(lower)
    if (before === undefined || lower.startsWith('x-ignore-')) read.set(lower, said)
    // As with headers: several values of one name are a list.
    else if (lower.startsWith('x-amz-meta-')) read.set(lower, `${before},${said}`)
    else throw invalidArgument(name, said, 'POST requires exactly one field of this name.')
  }
  return read
}

/** Some browsers send a whole path. */
function baseName(filename: string): string {
  return filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
}

function set(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value)
  } catch {
    throw invalidArgument(name, '', `${name} holds characters that no header may hold.`)
  }
}
