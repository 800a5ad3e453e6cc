import { Complaint, explain } from '../local/complaint.mjs'
import { auditState } from './audit-state.mjs'
import { HELP, readOptions } from './options.mjs'
import { asJson, asLines } from './report.mjs'

/*
 * The auditor (docs/operations.md): reads the state folder of a local server past all of Wharf's own code, and says what does
 * not hold. Breaches and the summary go to stdout, progress to stderr.
 */
const COULD_NOT = 2

try {
  const options = readOptions(process.env, process.argv.slice(2))
  if (options.help) process.stdout.write(HELP)
  else await audit(options)
} catch (error) {
  process.stderr.write(`${explain(asComplaint(error))}\n`)
  process.exitCode = COULD_NOT
}

async function audit({ state, graceMillis, deep, json }) {
  const report = await auditState({ state, graceMillis, deep, say: text => process.stderr.write(`${text}\n`) })
  process.stdout.write(json ? asJson(report) : asLines(report))
  process.exitCode = report.breaches.length > 0 ? 1 : 0
}

/** Where the operating system keeps a file from us, the user can help. */
function asComplaint(error) {
  if (!error.syscall || !error.path) return error
  return new Complaint(`${error.path} cannot be read (${error.code}): run the audit as the user who runs the server.`)
}
