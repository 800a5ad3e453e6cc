import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Complaint } from './complaint.mjs'
import { replaceFile } from './state-folder.mjs'

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const MIXED = `${UPPER}abcdefghijklmnopqrstuvwxyz`

/**
 * Root's first credentials and the key that encrypts the secrets of all users, made on the first start and kept from then on.
 *
 * @returns { rootUser, rootPassword, masterKey }
 * @throws Complaint when the file is broken: new ones in its place would make all users' secrets unreadable
 */
export function keepCredentials(stateDir) {
  const file = join(stateDir, 'credentials.json')
  const kept = read(file)
  if (kept) return kept
  const made = {
    rootUser: pick(UPPER, 20),
    rootPassword: pick(MIXED, 40),
    masterKey: randomBytes(32).toString('base64'),
  }
  replaceFile(file, `${JSON.stringify(made, null, 2)}\n`, 0o600)
  return made
}

function read(file) {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw new Complaint(`Cannot read ${file} (${error.code}): make it readable for this user.`)
  }
  try {
    const { rootUser, rootPassword, masterKey } = JSON.parse(text)
    if ([rootUser, rootPassword, masterKey].every(value => typeof value === 'string' && value !== '')) {
      return { rootUser, rootPassword, masterKey }
    }
  } catch {
    // the sentence below says it
  }
  throw new Complaint(
    `${file} is broken: put back a copy of it with rootUser, rootPassword and masterKey, or remove the whole state folder to start anew.`,
  )
}

function pick(letters, count) {
  return Array.from({ length: count }, () => letters[randomInt(letters.length)]).join('')
}
