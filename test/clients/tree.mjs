import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { finished, pipeline } from 'node:stream/promises'

const MIB = 1024 * 1024

/** Names on which encoders and signers have failed before. */
export const ODD_NAMES = [
  'with space.txt',
  'a+b.txt',
  'percent%20.txt',
  '100%.txt',
  'ümläut ß.txt',
  'u\u0308 decomposed.txt',
  'emoji 😀🚢.txt',
  '日本語/ファイル.txt',
  'deep/er/and/deeper/still.txt',
  "quote'single.txt",
  'a&b=c;d.txt',
  'hash#tag.txt',
  'question?.txt',
  'at@colon:comma,.txt',
  'tilde~(paren)[bracket]{brace}!$.txt',
  'plus + and %2B.txt',
  '.hidden',
  'UPPER.TXT',
  'upper.txt',
]

/** A thousand small files in nested folders, of sizes from nothing to some 5 KB, and the odd names. */
export function makeSmallFiles(root, count = 1000) {
  for (let i = 0; i < count; i += 1) {
    const size = i % 50 === 0 ? 0 : (i * 37) % 5000
    writeFile(join(root, `dir-${i % 10}`, `sub ${i % 7}`, `file-${String(i).padStart(4, '0')}.bin`), size)
  }
}

/** One file under each odd name, and some empty ones. */
export function makeOddFiles(root, names = ODD_NAMES) {
  for (const [i, name] of names.entries()) writeFile(join(root, name), 100 + i * 1000)
  writeFile(join(root, 'empty.txt'), 0)
  writeFile(join(root, 'empty too/nothing here'), 0)
}

/** Random bytes; size in bytes. */
export function writeFile(path, size) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, randomBytes(size))
}

/** Random bytes that are never held whole; size in bytes. */
export async function writeBigFile(path, size) {
  mkdirSync(dirname(path), { recursive: true })
  const file = createWriteStream(path)
  for (let written = 0; written < size; written += MIB) {
    const isReady = file.write(randomBytes(Math.min(MIB, size - written)))
    if (!isReady) await new Promise(resolve => file.once('drain', resolve))
  }
  file.end()
  await finished(file)
}

export async function sha256OfFile(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Relative path -> SHA-256, of each file under a folder. */
export async function hashTree(root) {
  const hashes = new Map()
  for (const path of filesUnder(root)) hashes.set(relative(root, path), await sha256OfFile(path))
  return hashes
}

/**
 * @throws Error that names the first files that differ
 */
export async function expectSameTree(expectedRoot, actualRoot) {
  const expected = await hashTree(expectedRoot)
  const actual = await hashTree(actualRoot)
  const missing = [...expected.keys()].filter(path => !actual.has(path))
  const added = [...actual.keys()].filter(path => !expected.has(path))
  const changed = [...expected].filter(([path, hash]) => actual.has(path) && actual.get(path) !== hash)
  const faults = [
    ...missing.map(path => `missing: ${path}`),
    ...added.map(path => `not expected: ${path}`),
    ...changed.map(([path]) => `other bytes: ${path}`),
  ]
  if (faults.length > 0) {
    throw new Error(
      `${actualRoot} differs from ${expectedRoot} in ${faults.length} files\n  ${faults.slice(0, 8).join('\n  ')}`,
    )
  }
}

/** @throws Error when the bytes of two files differ */
export async function expectSameFile(expectedPath, actualPath) {
  const [expected, actual] = [await sha256OfFile(expectedPath), await sha256OfFile(actualPath)]
  if (expected === actual) return
  const sizes = `${statSync(actualPath).size} bytes instead of ${statSync(expectedPath).size}`
  throw new Error(`${actualPath} has other bytes than ${expectedPath} (${sizes})`)
}

export function filesUnder(root) {
  return readdirSync(root, { withFileTypes: true }).flatMap(entry => {
    const path = join(root, entry.name)
    return entry.isDirectory() ? filesUnder(path) : [path]
  })
}
