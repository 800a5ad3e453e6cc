import { readFileSync } from 'node:fs'
import { Complaint } from './complaint.mjs'
import { findJsonFault } from './json-fault.mjs'

/**
 * The text of the file that WHARF_BOOTSTRAP names. The Worker knows what may stand in it; here it only has to be JSON.
 *
 * @throws Complaint
 */
export function readBootstrap(file) {
  if (!file) return undefined
  let text
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw new Complaint(`Cannot read ${file}, which WHARF_BOOTSTRAP names (${error.code}): set it to a JSON file.`)
  }
  try {
    JSON.parse(text)
  } catch (error) {
    const { line, column, reason } = findJsonFault(text) ?? { line: 1, column: 1, reason: error.message }
    throw new Complaint(`${file} is no JSON: line ${line}, column ${column}: ${reason}.`)
  }
  return text
}
