import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { completion, document } from './documents.mjs'
import { junkHeaderValue, junkText, junkValue, mangle } from './junk.mjs'
import { encode, encodePath } from './message.mjs'
import { HEADER_NAMES, headerValueFor, parameterValue, QUERY_NAMES, SUB_RESOURCES } from './names.mjs'
import { BUCKETS, PASSING_BUCKETS } from './world.mjs'

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'COPY']

/** A request to the S3 dialect: one of its operations, with anything from nothing to everything about it being odd. */
export function s3Request(random, world) {
  const operation = random.pick(OPERATIONS)
  const message = { query: [], headers: [], body: Buffer.alloc(0), ...operation(random, world) }
  if (random.chance(0.05)) message.method = random.pick(METHODS)
  if (random.chance(0.08)) message.path = oddPath(random, message.path)
  if (random.chance(0.06)) message.query.push([random.pick(SUB_RESOURCES), random.pick([undefined, ''])])
  if (random.chance(0.4)) message.query.push(...random.several(QUERY_NAMES, 2).map(name => parameter(random, name)))
  if (random.chance(0.05)) message.query.push([encode(junkText(random)), encode(junkValue(random))])
  if (random.chance(0.4)) message.headers.push(...random.several(HEADER_NAMES, 2).map(name => header(random, name)))
  if (random.chance(0.01)) message.headers.push(...many(200, at => [`x-amz-meta-${at}`, 'x']))
  if (random.chance(0.01)) message.query.push(...many(500, at => [`q${at}`, 'x']))
  return message
}

export function objectPath(random, world) {
  return `/${random.pick(BUCKETS)}/${encodePath(random.pick(world.keys))}`
}

/** A body of any of the sizes at which the server changes its ways. */
export function someBytes(random) {
  const size = random.weighted([
    [10, random.below(200)],
    [10, 0],
    [4, random.between(8000, 17_000)],
    [1, random.between(17_000, 120_000)],
  ])
  return random.bytes(size)
}

const OPERATIONS = [
  random => ({ method: 'GET', path: '/', query: some(random, ['max-buckets', 'prefix', 'continuation-token']) }),
  random => ({ method: random.pick(['PUT', 'DELETE', 'HEAD', 'GET']), path: `/${random.pick(PASSING_BUCKETS)}` }),
  random => ({ method: 'PUT', path: `/${encode(junkText(random))}` }),
  random => ({ method: 'PUT', path: `/${random.pick(PASSING_BUCKETS)}`, body: document(random, 'create') }),
  random => ({ ...ofBucket(random), method: random.pick(['GET', 'HEAD']) }),
  random => ({ ...ofBucket(random), query: some(random, ['prefix', 'delimiter', 'marker', 'max-keys']) }),
  random => ({
    ...ofBucket(random),
    query: [
      ['list-type', '2'],
      ...some(random, ['prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys']),
    ],
  }),
  random => ({
    ...ofBucket(random),
    query: [['uploads', ''], ...some(random, ['prefix', 'delimiter', 'key-marker', 'upload-id-marker', 'max-uploads'])],
  }),
  random => ({ ...ofBucket(random), ...setting(random) }),
  (random, world) => ({ path: objectPath(random, world), ...setting(random) }),
  random =>
    promising(random, {
      ...ofBucket(random),
      method: 'POST',
      query: [['delete', '']],
      body: document(random, 'delete'),
    }),
  put,
  put,
  put,
  (random, world) => ({
    method: random.pick(['GET', 'GET', 'HEAD']),
    path: objectPath(random, world),
    query: random.chance(0.1) ? [parameter(random, 'partNumber')] : [],
    headers: random.chance(0.5) ? [header(random, 'range')] : [],
  }),
  (random, world) => ({ method: 'DELETE', path: objectPath(random, world) }),
  (random, world) => ({ method: 'PUT', path: objectPath(random, world), headers: [copySource(random, world)] }),
  (random, world) => ({ method: 'POST', path: objectPath(random, world), query: [['uploads', '']] }),
  part,
  part,
  (random, world) => ({
    method: 'PUT',
    ...ofUpload(random, anyUpload(random, world), world, [parameter(random, 'partNumber')]),
    headers: [copySource(random, world), ...(random.chance(0.5) ? [header(random, 'x-amz-copy-source-range')] : [])],
  }),
  complete,
  complete,
  (random, world) => ({
    method: random.pick(['DELETE', 'GET']),
    ...ofUpload(random, anyUpload(random, world), world, some(random, ['max-parts', 'part-number-marker'])),
  }),
  (random, world) => ({
    method: 'GET',
    path: objectPath(random, world),
    query: [['attributes', '']],
    headers: [header(random, 'x-amz-object-attributes')],
  }),
]

function ofBucket(random) {
  return { method: 'GET', path: `/${random.pick(BUCKETS)}` }
}

/** A sub-resource that is read or written. */
function setting(random) {
  const method = random.pick(['GET', 'PUT', 'POST', 'DELETE'])
  return { method, query: [[random.pick(SUB_RESOURCES), undefined]], body: document(random, 'setting') }
}

function put(random, world) {
  return promising(random, { method: 'PUT', path: objectPath(random, world), body: someBytes(random) })
}

function part(random, world) {
  const place = ofUpload(random, anyUpload(random, world), world, [parameter(random, 'partNumber')])
  return promising(random, { method: 'PUT', ...place, body: someBytes(random) })
}

function complete(random, world) {
  const upload = anyUpload(random, world)
  return { method: 'POST', ...ofUpload(random, upload, world, []), body: completion(random, upload) }
}

/** With what was promised of the body, kept or broken. */
function promising(random, message) {
  const { body } = message
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(body))
  const promise = random.weighted([
    [5, []],
    [2, [['content-md5', createHash('md5').update(body).digest('base64')]]],
    [2, [['x-amz-checksum-crc32', crc.toString('base64')]]],
    [1, [['x-amz-checksum-sha256', createHash('sha256').update(body).digest('base64')]]],
    [1, [['content-md5', random.bytes(16).toString('base64')]]],
    [1, [['x-amz-checksum-crc64nvme', random.bytes(8).toString('base64')]]],
  ])
  return { ...message, headers: promise }
}

/** An upload that the server has begun, or none. */
function anyUpload(random, world) {
  return world.uploads.length > 0 && random.chance(0.85) ? random.pick(world.uploads) : undefined
}

function ofUpload(random, upload, world, query) {
  const isAtHome = upload && random.chance(0.95)
  const path = isAtHome ? `/${upload.bucket}/${encodePath(upload.key)}` : objectPath(random, world)
  return { path, query: [...query, ['uploadId', encode(upload?.id ?? junkValue(random))]] }
}

function copySource(random, world) {
  const source = `${random.pick(BUCKETS)}/${encodePath(random.pick(world.keys))}`
  const value = random.weighted([
    [4, () => source],
    [2, () => `/${source}`],
    [1, () => `${source}?versionId=null`],
    [1, () => `${source}?versionId=${encode(junkValue(random))}`],
    [1, () => encode(source)],
    [1, () => mangle(random, source, () => encode(junkText(random, 1)), 2)],
    [1, () => junkHeaderValue(random)],
  ])
  return ['x-amz-copy-source', value()]
}

function oddPath(random, path) {
  return random.weighted([
    [3, () => path + encodePath(junkText(random))],
    [2, () => mangle(random, path, () => encodePath(junkText(random, 1)), 2)],
    [1, () => `/${encode(junkText(random))}${path}`],
    [1, () => path.replace('/', '//')],
    [1, () => `${path}${random.pick(['%', '%zz', '%ff', '%C0%AF', '%00', '/..', '/%2e%2e/', ';a=b', 'ü', '😀'])}`],
    [1, () => `/${random.pick(BUCKETS)}/${'k'.repeat(random.pick([1023, 1024, 1025, 5000]))}`],
  ])()
}

function parameter(random, name) {
  return [name, encode(parameterValue(random, name))]
}

function header(random, name) {
  return [name, headerValueFor(random, name)]
}

/** Half of these parameters, on average. */
function some(random, names) {
  return names.filter(() => random.chance(0.5)).map(name => parameter(random, name))
}

function many(count, entry) {
  return Array.from({ length: count }, (_, at) => entry(at))
}
