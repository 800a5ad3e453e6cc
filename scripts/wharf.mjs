#!/usr/bin/env node
import { runCommand } from './command/command.mjs'
import { explain } from './local/complaint.mjs'

/*
 * `npx wharf`: people and their keys, from the command line, through the JSON API of a Wharf that runs. Plain Node.js 20 is enough.
 */
try {
  process.stdout.write(await runCommand(process.argv.slice(2), process.env))
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
