// Builds src/streams/crc.wasm from src/streams/crc.wat: `node scripts/build-crc.mjs`, after a change to the .wat.
// The result is committed, and wabt is fetched by npx: nobody else needs an assembler for the sake of one file.

import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const WABT = 'wabt@1.0.39'

const source = fileURLToPath(new URL('../src/streams/crc.wat', import.meta.url))
const target = fileURLToPath(new URL('../src/streams/crc.wasm', import.meta.url))

execFileSync('npx', ['--yes', `--package=${WABT}`, '--', 'wat2wasm', source, '--output', target], { stdio: 'inherit' })
console.log(`${target}: ${statSync(target).size} bytes`)
