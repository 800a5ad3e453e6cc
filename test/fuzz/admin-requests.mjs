import { junkHeaderValue, junkText, junkValue, mangle } from './junk.mjs'
import { encode } from './message.mjs'
import { BUCKETS } from './world.mjs'

const SELECTORS = ['service', 'lock', 'heal', 'config', 'info']

/** Operations by selector, with their methods and parameters. */
const OPERATIONS = [
  ['service', 'GET', 'status', []],
  ['service', 'POST', 'restart', []],
  ['service', 'POST', 'set-credentials', []],
  ['service', 'GET', 'set-credentials', []],
  ['info', 'GET', undefined, []],
  ['lock', 'GET', 'list', ['bucket', 'prefix', 'duration', 'older-than']],
  ['lock', 'POST', 'clear', ['bucket', 'prefix', 'duration', 'older-than']],
  ['heal', 'GET', 'list-objects', ['bucket', 'prefix', 'marker', 'delimiter', 'max-key']],
  [
    'heal',
    'GET',
    'list-uploads',
    ['bucket', 'prefix', 'key-marker', 'marker', 'upload-id-marker', 'delimiter', 'max-uploads'],
  ],
  ['heal', 'GET', 'list-buckets', []],
  ['heal', 'POST', 'bucket', ['bucket', 'dry-run']],
  ['heal', 'POST', 'object', ['bucket', 'object', 'dry-run']],
  ['heal', 'POST', 'format', ['dry-run']],
  ['heal', 'POST', 'upload', ['bucket', 'object', 'upload-id', 'dry-run']],
  ['config', 'GET', 'get', []],
  ['config', 'PUT', 'set', []],
]

const DURATIONS = [
  '0',
  '1s',
  '-1s',
  '1h30m',
  '1.5h',
  '.5s',
  '1ns',
  '1µs',
  '1',
  's',
  '1 s',
  '9223372036854775807ns',
  '9'.repeat(300),
  '1h1',
  '+5m',
]

const BODIES = [
  '<setCredsReq><username>another-key</username><password>another-secret</password></setCredsReq>',
  '{"version":"18","credential":{"accessKey":"a","secretKey":"b"},"region":"us-east-1","browser":"on"}',
  '{"version":"18","version":"19"}',
  '{"a":{"b":[1,2,{"c":null}]}}',
  '[]',
  '',
]

/** A request to the management API of MinIO: one of its operations, with anything from nothing to everything about it being odd. */
export function adminRequest(random, world) {
  const picked = random.pick(OPERATIONS)
  // Seldom enough that what the server keeps in memory has time to grow.
  const [selector, method, operation, parameters] = restarts(picked) && random.chance(0.8) ? OPERATIONS[0] : picked
  const query = parameters
    .filter(() => random.chance(0.8))
    .map(name => [name, encode(parameterFor(random, world, name))])
  query.unshift([
    random.chance(0.95) ? selector : junkText(random).replace(/[^a-z]/g, 'x'),
    random.pick(['', undefined, 'x']),
  ])
  if (random.chance(0.1)) query.push([random.pick(SELECTORS), ''])
  if (random.chance(0.1)) query.push([encode(junkText(random)), encode(junkValue(random))])
  const named = random.chance(0.9)
    ? operation
    : random.pick([junkHeaderValue(random), 'list', 'Status', 'status,restart', ''])
  const plain = random.pick(BODIES)
  const body = Buffer.from(random.chance(0.5) ? plain : mangle(random, plain, () => junkText(random, 2)))
  const isSent = method === 'PUT' || method === 'POST' || operation === 'set-credentials' || random.chance(0.05)
  return {
    method: random.chance(0.95) ? method : random.pick(['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS']),
    path: random.chance(0.97) ? '/' : random.pick(['//', '/?', `/${BUCKETS[0]}`, '/%2F', '/minio/admin/v1/service']),
    query,
    headers: [
      ...(named === undefined ? [] : [['x-minio-operation', named]]),
      ...(random.chance(0.1) ? [['content-md5', junkHeaderValue(random)]] : []),
      ...(random.chance(0.1) ? [['accept', 'application/json']] : []),
    ],
    body: isSent ? body : Buffer.alloc(0),
  }
}

function restarts([selector, method]) {
  return (selector === 'service' || selector === 'config') && method !== 'GET'
}

/** Whether a request may make the server begin anew, in which whoever asks at the same time is interrupted. */
export function mayRestart({ method, query }) {
  return query.some(([name]) => restarts([name, method]))
}

function parameterFor(random, world, name) {
  if (random.chance(0.15)) return junkValue(random)
  if (name === 'bucket') return random.pick([...BUCKETS, ...BUCKETS, '.minio.sys', 'none', '', '..'])
  if (name === 'duration' || name === 'older-than') return random.pick(DURATIONS)
  if (name === 'delimiter') return random.pick(['', '/', 'a'])
  if (name === 'max-key' || name === 'max-uploads') return random.pick(['0', '1', '1000', '5000', '-1', 'x'])
  if (name === 'upload-id' || name === 'upload-id-marker')
    return random.pick(world.uploads)?.id ?? '00000000-0000-0000-0000-000000000000'
  if (name === 'dry-run') return random.pick(['', 'no', 'true'])
  return random.pick(world.keys)
}
