import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Complaint } from '../local/complaint.mjs'

export const HELP = `npm run audit -- [flags]: checks the state folder of a local server, running or stopped

  --state DIR       the folder (default: WHARF_STATE_DIR, or .wharf)
  --grace SECONDS   how old a blob that nothing names may be (default: WHARF_ORPHAN_GRACE_SECONDS, or 86400)
  --deep            reads all bytes too, and compares their MD5
  --json            one JSON object on stdout instead of lines
  --help            this text

Exit code 0: sound; 1: there are breaches, one a line; 2: the audit could not be done, stderr says why.
`

const DEFAULT_GRACE_SECONDS = '86400'

/**
 * Reads flags and environment; a flag wins.
 * @throws Complaint
 */
export function readOptions(environment, args) {
  const { state, grace, ...rest } = readFlags(args)
  const seconds = grace ?? (environment.WHARF_ORPHAN_GRACE_SECONDS || DEFAULT_GRACE_SECONDS)
  if (!/^\d{1,10}$/.test(seconds)) {
    throw new Complaint(
      `The grace must be a whole number of seconds, not "${seconds}": mend --grace or WHARF_ORPHAN_GRACE_SECONDS.`,
    )
  }
  return {
    ...rest,
    state: resolve(state || environment.WHARF_STATE_DIR || '.wharf'),
    graceMillis: Number(seconds) * 1000,
  }
}

function readFlags(args) {
  try {
    return parseArgs({
      args,
      options: {
        state: { type: 'string' },
        grace: { type: 'string' },
        deep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new Complaint(`${error.message.split('. ')[0].replace(/\.$/, '')}: npm run audit -- --help lists the flags.`)
  }
}
