import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { sha256, signed } from '../auth/independent-signer'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'

const stateDir = temporaryFolder()
afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

const CHANGED = { accessKey: 'changed-root', secretKey: 'changed-secret' }
const DOCUMENT = `<setCredsReq><username>${CHANGED.accessKey}</username><password>${CHANGED.secretKey}</password></setCredsReq>`

/** A management request on the wire: with methods and bodies that no fetch would send. */
function ask(
  server: LocalServer,
  method: string,
  selector: string,
  { operation, body = '', chunked = false, as }: Ask,
): Promise<{ status: number; text: string }> {
  const { accessKey, secretKey } = as ?? { accessKey: server.rootUser, secretKey: server.rootPassword }
  const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const { headers, rawQuery } = signed({
    method,
    path: '/',
    query: [[selector, '']],
    headers: { host: `127.0.0.1:${server.port}`, 'x-minio-operation': operation },
    payloadHash: sha256(body),
    time,
    accessKey,
    secretKey,
  })
  if (!chunked) headers.set('content-length', String(Buffer.byteLength(body)))
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}/?${rawQuery}`,
      { method, headers: Object.fromEntries(headers), agent: false },
      answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', piece => {
          text += piece
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

interface Ask {
  operation: string
  body?: string
  chunked?: boolean
  as?: { accessKey: string; secretKey: string }
}

test('credentials that were changed are used from the next start on, and the old ones are not shown', async () => {
  const first = await startLocalServer({ stateDir, env: { WHARF_LOG: 'info' } })
  // The method of the documentation, with a body.
  const changed = await ask(first, 'GET', 'service', { operation: 'set-credentials', body: DOCUMENT })
  expect(changed).toEqual({ status: 200, text: '' })
  expect((await ask(first, 'GET', 'service', { operation: 'status' })).status).toBe(403)
  const set = await ask(first, 'PUT', 'config', { operation: 'set', body: '{}', chunked: true, as: CHANGED })
  expect(JSON.parse(set.text)).toMatchObject({ status: true })
  expect(await first.stop()).toBe(0)

  const second = await startLocalServer({ stateDir, env: { WHARF_LOG: 'info' } })
  await expect.poll(() => second.output()).toContain('changed through the management API')
  expect(second.output()).not.toContain(second.rootPassword)
  expect(second.output()).toContain('WHARF_ROOT_USER')
  const status = await ask(second, 'GET', 'service', { operation: 'status', as: CHANGED })
  expect(status.status).toBe(200)
  // Nanoseconds since this start, not since the first.
  expect(JSON.parse(status.text).uptime).toBeLessThan(60e9)
  await second.stop()

  const env = { WHARF_ROOT_USER: 'owners-root', WHARF_ROOT_PASSWORD: 'owners-password' }
  const third = await startLocalServer({ stateDir, env })
  expect((await ask(third, 'GET', 'service', { operation: 'status' })).status).toBe(200)
  expect((await ask(third, 'GET', 'service', { operation: 'status', as: CHANGED })).status).toBe(403)
  await third.stop()
})
