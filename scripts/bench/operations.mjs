const KIB = 1024
const MIB = 1024 * KIB

/** How many folders the keys of a bucket for LIST are spread over: half of them fill one page, whatever the bucket's size. */
export const LIST_FOLDERS = 2000
const PAGE = 1000

/**
 * What the bench measures, in the order of the table.
 *
 * An operation is a recipe for requests: `request(i)` is the i-th one that is measured, `prepare` lists what must have been
 * put once before, `before(first, count)` what must be put before each round; both are not measured. `expect` says what a
 * right answer looks like. `least` and `most` bound the requests of a round, however fast or slow a side turns out to be.
 *
 * @param listKeys   sizes of the buckets for LIST, in keys
 * @param overwrite  PUTs take turns on 64 keys instead of making a new one each
 */
export function operationsFor({ listKeys, overwrite }) {
  return [
    put('1 KiB', KIB, { overwrite }),
    put('64 KiB', 64 * KIB, { overwrite }),
    put('1 MiB', MIB, { overwrite }),
    put('256 MiB', 256 * MIB, { overwrite, ...HUGE }),
    get('1 KiB', KIB, 256),
    get('64 KiB', 64 * KIB, 64),
    get('1 MiB', MIB, 16),
    get('256 MiB', 256 * MIB, 1, { ...HUGE, least: 4 }),
    head('1 KiB', KIB, 256),
    remove('1 KiB', KIB),
    ...listKeys.flatMap(keys => [list(keys, ''), list(keys, '/')]),
  ]
}

/** The folders are named so in the SQL of both fills, too: printf('%04d/%06d.bin', folder, number in it). */
function folderName(number) {
  return String(number).padStart(4, '0')
}

/** Name of the bucket that holds `keys` keys for LIST. */
export function listBucket(keys) {
  return `list-${keys}`
}

const USUAL = { connections: 16, warmUpSeconds: 1, least: 32, most: 20_000, rounds: 12 }
// Two at a time show whether uploads stand in each other's way; one round without a warm-up costs the simulator 17 seconds.
const HUGE = { connections: 2, warmUpSeconds: 0, least: 2, most: 8, rounds: 2 }

function put(size, bytes, { overwrite, ...load }) {
  return {
    ...USUAL,
    ...load,
    op: 'PUT',
    size,
    expect: { status: 200 },
    prepare: [],
    request: i => putRequest(bytes, overwrite ? i % 64 : i),
  }
}

function get(size, bytes, objects, load) {
  return {
    ...USUAL,
    ...load,
    op: 'GET',
    size,
    expect: { status: 200, length: bytes, startOf: bytes },
    prepare: range(0, objects, i => putRequest(bytes, i)),
    request: i => ({ method: 'GET', path: objectPath(bytes, i % objects) }),
  }
}

function head(size, bytes, objects) {
  return {
    ...USUAL,
    op: 'HEAD',
    size,
    expect: { status: 200, length: bytes },
    prepare: range(0, objects, i => putRequest(bytes, i)),
    request: i => ({ method: 'HEAD', path: objectPath(bytes, i % objects) }),
  }
}

function remove(size, bytes) {
  const path = i => `/bench/delete/${i}`
  return {
    ...USUAL,
    most: 800,
    warmUpSeconds: 0.3,
    op: 'DELETE',
    size,
    expect: { status: 204 },
    prepare: [],
    before: (first, count) => range(first, count, i => ({ method: 'PUT', path: path(i), bytes })),
    request: i => ({ method: 'DELETE', path: path(i) }),
  }
}

/** A page from a marker in the middle; the marker moves a little, so that not every page is the same. */
function list(keys, delimiter) {
  return {
    ...USUAL,
    connections: 4,
    least: 4,
    warmUpSeconds: 0.5,
    op: 'LIST',
    size: `${PAGE.toLocaleString('en')} of ${keys.toLocaleString('en')}${delimiter && ', delimiter'}`,
    listKeys: keys,
    expect: { status: 200, count: { tag: delimiter ? '<CommonPrefixes>' : '<Key>', times: PAGE } },
    prepare: [],
    request: i => ({
      method: 'GET',
      path: `/${listBucket(keys)}`,
      query: [
        'list-type=2',
        `max-keys=${PAGE}`,
        `start-after=${folderName(LIST_FOLDERS / 2 - 1 - ((i * 37) % 100))}%2F~`,
        ...(delimiter ? [`delimiter=${encodeURIComponent(delimiter)}`] : []),
      ].join('&'),
    }),
  }
}

function putRequest(bytes, i) {
  return { method: 'PUT', path: objectPath(bytes, i), bytes }
}

function objectPath(bytes, i) {
  return `/bench/${bytes}/${i}`
}

function range(first, count, make) {
  return Array.from({ length: count }, (_, i) => make(first + i))
}
