import { randomBytes } from 'node:crypto'
import { loadWorker } from '../local/worker-build.mjs'
import { fillWharf } from './fill-wharf.mjs'

/** Wharf itself, as scripts/build.mjs bundles it; see bare-side.mjs for what a side is. */
export async function wharfSide() {
  const { worker } = await loadWorker()
  const account = { accessKey: 'bench', secretKey: randomBytes(20).toString('hex'), region: 'us-east-1' }
  const bindings = {
    WHARF_ROOT_USER: account.accessKey,
    WHARF_ROOT_PASSWORD: account.secretKey,
    WHARF_MASTER_KEY: randomBytes(32).toString('base64'),
    WHARF_REGION: account.region,
  }
  for (const [name, value] of Object.entries(bindings)) worker.config.env[name] = { type: 'text', value }
  return { name: worker.config.name, account, fill: fillWharf, worker }
}
