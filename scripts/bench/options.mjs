import { parseArgs } from 'node:util'

export const USAGE = `npm run bench -- [options]
  --json             print one array of results on stdout, and nothing else
  --only PUT,GET     these operations only
  --size "1 KiB"     these sizes only, as the table names them; several separated by ";" ("1,000 of 10,000" is a size)
  --seconds N        about how long a round of one side lasts (default 0.5)
  --rounds N         how many rounds of each side (default 12, of 256 MiB 2; fewer where they take long)
  --keys N,N         sizes of the buckets for LIST (default 10000,1000000)
  --overwrite        PUTs write to 64 keys over and over instead of to new ones
  --noise            the bare worker on both sides: every ratio should be 1, and what it is not is noise
  --profile          where the runtime's time goes, per operation and side, instead of a comparison (with --only, --size)`

/** Reads the command line. @throws Error with a sentence that says what is wrong */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      size: { type: 'string' },
      seconds: { type: 'string', default: '0.5' },
      rounds: { type: 'string' },
      keys: { type: 'string', default: '10000,1000000' },
      overwrite: { type: 'boolean', default: false },
      noise: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.json && values.profile) throw new Error('--json and --profile do not go together')
  const only = values.only?.toUpperCase().split(',')
  const sizes = values.size?.split(';').map(size => size.trim())
  return {
    ...values,
    secondsPerRound: positive('--seconds', values.seconds),
    rounds: values.rounds === undefined ? undefined : positive('--rounds', values.rounds),
    listKeys: values.keys.split(',').map(keys => positive('--keys', keys)),
    wants: ({ op, size }) => (only?.includes(op) ?? true) && (sizes?.includes(size) ?? true),
  }
}

function positive(option, text) {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option} must be a number above 0, not ${JSON.stringify(text)}`)
  return value
}
