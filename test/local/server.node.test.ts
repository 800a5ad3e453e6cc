import { spawn } from 'node:child_process'
import { copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type LocalServer,
  processGone,
  runLocalServer,
  runtimePid,
  startLocalServer,
  temporaryFolder,
} from '../support/local-server'
import { RawRequest } from '../support/raw-http'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function freshFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder
}

function clientOf(server: LocalServer): S3Client {
  return new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword },
  })
}

/** A URL by which anybody may put this object, with a body that is not signed. */
function presignPut(server: LocalServer, bucket: string, key: string): Promise<string> {
  return getSignedUrl(clientOf(server), new PutObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: 600 })
}

describe('a first start', () => {
  let server: LocalServer
  const stateDir = join(freshFolder(), 'made', 'on the way')
  beforeAll(async () => {
    server = await startLocalServer({ stateDir, env: { WHARF_LOG: 'info' } })
  })
  afterAll(() => server.stop())

  test('says in one line where it serves, and serves there', async () => {
    expect(server.output().match(/^wharf ready on .*$/gm)).toEqual([`wharf ready on http://127.0.0.1:${server.port}`])
    expect((await fetch(`${server.url}/_wharf/health`)).status).toBe(200)
  })

  test('makes root credentials that only its user may read', () => {
    expect(server.rootUser).toMatch(/^[A-Z0-9]{20}$/)
    expect(server.rootPassword).toMatch(/^[A-Za-z0-9]{40}$/)
    const file = join(stateDir, 'credentials.json')
    expect(Buffer.from(JSON.parse(readFileSync(file, 'utf8')).masterKey, 'base64')).toHaveLength(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('shows lines to paste for each client', async () => {
    await expect.poll(() => server.output()).toContain('curl')
    for (const client of ['aws', 'mc', 'rclone', 'curl']) {
      const line = server.output().match(new RegExp(`^ +${client} .*$`, 'm'))?.[0]
      expect(line).toContain(server.url)
      expect(line).toContain(server.rootUser)
      expect(line).toContain(server.rootPassword)
    }
  })

  test('lets those credentials in', async () => {
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'first' }))
  })

  test('answers Expect: 100-continue at once, so that no upload waits a second for it', async () => {
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'expect' }))
    for (const size of [0, 10, 100_000]) {
      const url = new URL(await presignPut(server, 'expect', `of ${size}`))
      const began = performance.now()
      const request = new RawRequest(url, [
        `PUT ${url.pathname}${url.search} HTTP/1.1`,
        `Content-Length: ${size}`,
        'Expect: 100-continue',
      ])
      await request.received(/^HTTP\/1\.1 100 /)
      expect(performance.now() - began).toBeLessThan(500)
      request.send('x'.repeat(size))
      await request.received(/^HTTP\/1\.1 200 /m)
      request.close()
    }
  })

  test('makes no tunnel for CONNECT', async () => {
    const request = new RawRequest(new URL(server.url), ['CONNECT example.com:443 HTTP/1.1'])
    await request.received(/^HTTP\/1\.1 405 /)
    request.close()
  })

  test('tells a client that its body came short, and stores nothing of it', async () => {
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'short' }))
    for (const size of [10_000, 1_000_000]) {
      const url = new URL(await presignPut(server, 'short', `of ${size}`))
      const request = new RawRequest(url, [`PUT ${url.pathname}${url.search} HTTP/1.1`, `Content-Length: ${size}`])
      request.send('x'.repeat(size / 2))
      await pause(100)
      request.end()
      await request.received(/^HTTP\/1\.1 400 /)
      request.close()
    }
    const { KeyCount } = await clientOf(server).send(new ListObjectsV2Command({ Bucket: 'short' }))
    expect(KeyCount).toBe(0)
  })

  test('refuses an upload that expects 100-continue without asking for its body', async () => {
    const url = new URL(`${server.url}/first/unsigned`)
    const request = new RawRequest(url, [
      `PUT ${url.pathname} HTTP/1.1`,
      'Content-Length: 100000',
      'Expect: 100-continue',
    ])
    expect(await request.received(/^HTTP\/1\.1 403 /)).not.toContain('100 Continue')
    request.close()
  })
})

describe('settings', () => {
  test('credentials are kept over restarts, and so is what they stored', async () => {
    const stateDir = freshFolder()
    const first = await startLocalServer({ stateDir })
    await clientOf(first).send(new CreateBucketCommand({ Bucket: 'kept' }))
    await clientOf(first).send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'stored before' }))
    expect(await first.stop()).toBe(0)
    const second = await startLocalServer({ stateDir })
    expect([second.rootUser, second.rootPassword]).toEqual([first.rootUser, first.rootPassword])
    const { Body } = await clientOf(second).send(new GetObjectCommand({ Bucket: 'kept', Key: 'a' }))
    expect(await Body?.transformToString()).toBe('stored before')
    await second.stop()
  })

  test('credentials from outside are used, and the password is not shown', async () => {
    const env = { WHARF_ROOT_USER: 'outside', WHARF_ROOT_PASSWORD: 'from outside', WHARF_LOG: 'info' }
    const server = await startLocalServer({ env })
    await expect.poll(() => server.output()).toContain('curl')
    expect(server.output()).toContain('outside')
    expect(server.output()).toContain('"$WHARF_ROOT_PASSWORD"')
    expect(server.output()).not.toContain('from outside')
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'mine' }))
    await server.stop()
  })

  test('quiet prints the ready line and nothing else', async () => {
    const server = await startLocalServer()
    expect(server.output()).toBe(`wharf ready on ${server.url}\n`)
    await server.stop()
    expect(server.output()).toBe(`wharf ready on ${server.url}\n`)
  })

  test('flags win over the environment', async () => {
    const stateDir = freshFolder()
    const server = await startLocalServer({
      stateDir,
      env: { PORT: 'nonsense', HOST: 'nonsense', WHARF_LOG: 'nonsense' },
      args: ['--port', '0', '--host=127.0.0.1', '--log', 'quiet', '--state', stateDir],
    })
    await server.stop()
  })

  test.skipIf(!hasIpv6())('an address of IPv6 stands in brackets', async () => {
    const server = await startLocalServer({ env: { HOST: '::1' } })
    expect(server.url).toBe(`http://[::1]:${server.port}`)
    expect((await fetch(`${server.url}/_wharf/health`)).status).toBe(200)
    await server.stop()
  })

  test('all addresses are reachable through loopback, and AIStore is not open on them', async () => {
    const server = await startLocalServer({ env: { HOST: '0.0.0.0', AISTORE_OPEN: '1', WHARF_LOG: 'info' } })
    expect(server.output()).toContain(`wharf ready on http://0.0.0.0:${server.port}\n`)
    await expect.poll(() => server.output()).toContain('curl')
    expect(server.output()).toContain(`aws --endpoint-url http://127.0.0.1:${server.port} `)
    expect(server.output()).toContain('AISTORE_OPEN is ignored')
    expect((await fetch(`http://127.0.0.1:${server.port}/_wharf/health`)).status).toBe(200)
    await server.stop()
  })

  test('a WHARF_ variable that nobody knows is pointed out', async () => {
    const server = await startLocalServer({ env: { WHARF_NONSENSE: '1' } })
    expect(server.output()).toContain('WHARF_NONSENSE is set, but')
    await server.stop()
  })
})

describe('what cannot work ends at once, with exit code 1 and one sentence', () => {
  const aFile = join(freshFolder(), 'a file')
  const brokenJson = join(freshFolder(), 'broken.json')
  const brokenState = freshFolder()
  writeFileSync(aFile, '')
  writeFileSync(brokenJson, '{\n  "accounts": [],\n  "buckets": [ { "name" "assets" } ]\n}\n')
  writeFileSync(join(brokenState, 'credentials.json'), '{ "rootUser": "only" }')

  test.each([
    ['a port that is no number', { PORT: 'abc' }, /PORT must be a number .*"abc"/],
    ['a port out of range', { PORT: '65536' }, /PORT must be a number .*65535/],
    ['a host that does not exist', { HOST: 'no-such-host.invalid' }, /HOST .*no-such-host\.invalid/],
    ['a host of another machine', { HOST: '192.0.2.1' }, /HOST .*192\.0\.2\.1/],
    ['a log level that does not exist', { WHARF_LOG: 'loud' }, /WHARF_LOG must be one of .*"loud"/],
    [
      'a user without a password',
      { WHARF_ROOT_USER: 'root-user' },
      /set WHARF_ROOT_PASSWORD|without WHARF_ROOT_PASSWORD/,
    ],
    ['a password without a user', { WHARF_ROOT_PASSWORD: 'root-password' }, /without WHARF_ROOT_USER/],
    ['a user too short', { WHARF_ROOT_USER: 'ab', WHARF_ROOT_PASSWORD: 'root-password' }, /at least 3/],
    ['a password too short', { WHARF_ROOT_USER: 'root-user', WHARF_ROOT_PASSWORD: '1234567' }, /at least 8/],
    ['a bad master key', { WHARF_MASTER_KEY: 'short' }, /WHARF_MASTER_KEY/],
    ['a setting that the Worker refuses', { WHARF_INLINE_MAX_BYTES: 'many' }, /WHARF_INLINE_MAX_BYTES .*"many"/],
    ['a bootstrap file that is missing', { WHARF_BOOTSTRAP: '/no/such.json' }, /\/no\/such\.json.*WHARF_BOOTSTRAP/],
    [
      'a bootstrap file that is no JSON',
      { WHARF_BOOTSTRAP: brokenJson },
      /broken\.json.*line 3, column 25: expected ":"/,
    ],
    ['a bootstrap file of another shape', { WHARF_BOOTSTRAP: join(brokenState, 'credentials.json') }, /rootUser/],
    ['a state folder below a file', { WHARF_STATE_DIR: join(aFile, 'state') }, /a file\/state .*WHARF_STATE_DIR/],
    ['a state folder that cannot be made', { WHARF_STATE_DIR: '/proc/no/such' }, /\/proc\/no\/such .*WHARF_STATE_DIR/],
    ['broken credentials', { WHARF_STATE_DIR: brokenState }, /credentials\.json is broken/],
  ])('%s', async (_, env: Record<string, string>, sentence) => {
    const { code, output } = await runLocalServer({ env })
    expect(output).toMatch(sentence)
    expect(output.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(1)
  })

  test.each([['--no-such-flag'], ['stray'], ['--port']])('a flag that does not exist: %s', async flag => {
    const { code, output } = await runLocalServer({ args: [flag] })
    expect(output).toContain('--help')
    expect(output.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(1)
  })

  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const { code, output } = await runLocalServer({ env: { PORT: String(port) } })
    expect(output).toMatch(new RegExp(`^Port ${port} on 127.0.0.1 is in use: .*\n$`))
    expect(code).toBe(1)
    other.close()
  })

  test('two servers on one folder', async () => {
    const server = await startLocalServer()
    const { code, output } = await runLocalServer({ stateDir: server.stateDir })
    expect(output).toMatch(new RegExp(`^Another Wharf \\(process ${server.pid}, ${server.url}\\) .*\n$`))
    expect(code).toBe(1)
    expect((await fetch(`${server.url}/_wharf/health`)).status).toBe(200)
    await server.stop()
  })
})

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s finishes what is in flight, then ends with 0', async signal => {
    const stateDir = freshFolder()
    const server = await startLocalServer({ stateDir })
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'slow' }))
    const url = new URL(await presignPut(server, 'slow', 'upload'))
    const half = 'x'.repeat(50_000)
    const request = new RawRequest(url, [`PUT ${url.pathname}${url.search} HTTP/1.1`, 'Content-Length: 100000'])
    request.send(half)
    await pause(300)
    const ended = server.stop(signal)
    await pause(300)
    // The runtime holds its port until the end, but takes nothing more from it.
    const late = expect(fetch(`${server.url}/_wharf/health`)).rejects.toThrow()
    await pause(300)
    request.send(half)
    await request.received(/^HTTP\/1\.1 200 /)
    expect(await ended).toBe(0)
    await late
    expect(server.output()).toBe(`wharf ready on ${server.url}\n`)

    const again = await startLocalServer({ stateDir })
    const { ContentLength } = await clientOf(again).send(new GetObjectCommand({ Bucket: 'slow', Key: 'upload' }))
    expect(ContentLength).toBe(100_000)
    await again.stop()
  })

  test('a second signal does not wait', async () => {
    const server = await startLocalServer()
    await clientOf(server).send(new CreateBucketCommand({ Bucket: 'slow' }))
    const url = new URL(await presignPut(server, 'slow', 'upload'))
    const request = new RawRequest(url, [`PUT ${url.pathname}${url.search} HTTP/1.1`, 'Content-Length: 100000'])
    request.send('x')
    await pause(300)
    const runtime = runtimePid(server.stateDir)
    process.kill(server.pid, 'SIGTERM')
    await pause(700)
    expect(await server.stop('SIGTERM')).toBe(1)
    await processGone(runtime)
    request.close()
  })

  test('a killed server takes its runtime along', async () => {
    const stateDir = freshFolder()
    const server = await startLocalServer({ stateDir })
    const runtime = runtimePid(stateDir)
    process.kill(server.pid, 'SIGKILL')
    await processGone(runtime, 3000)
    const again = await startLocalServer({ stateDir, env: { PORT: String(server.port) } })
    expect(await again.stop()).toBe(0)
  })

  test('start.mjs under another Node.js goes over to the pinned one, which does not outlive it', async () => {
    const stateDir = freshFolder()
    const server = await startLocalServer({ stateDir, node: anotherNode() })
    const runtime = runtimePid(stateDir)
    expect(JSON.parse(readFileSync(join(stateDir, 'server.json'), 'utf8')).pid).not.toBe(server.pid)
    process.kill(server.pid, 'SIGKILL')
    await processGone(runtime, 3000)
    const again = await startLocalServer({ stateDir, node: anotherNode(), env: { PORT: String(server.port) } })
    expect(await again.stop()).toBe(0)
  })

  test('npm takes the server along, whether it is asked to end or killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const stateDir = freshFolder()
      const npm = spawn('npm', ['start'], {
        env: { ...process.env, PORT: '0', WHARF_STATE_DIR: stateDir, WHARF_LOG: 'quiet' },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise<void>(resolve => npm.stdout.on('data', text => /wharf ready/.test(text) && resolve()))
      const runtime = runtimePid(stateDir)
      npm.kill(signal)
      await processGone(runtime, 5000)
      const again = await startLocalServer({ stateDir })
      await again.stop()
    }
  })

  test('after everything was killed the same port and folder serve again at once', async () => {
    const stateDir = freshFolder()
    let server = await startLocalServer({ stateDir })
    for (let round = 0; round < 3; round++) {
      await server.kill()
      server = await startLocalServer({ stateDir, env: { PORT: String(server.port) } })
      expect((await fetch(`${server.url}/_wharf/health`)).status).toBe(200)
    }
    expect(await server.stop()).toBe(0)
  })

  test('a runtime that crashes is started again on the same port', async () => {
    const server = await startLocalServer({ env: { WHARF_LOG: 'info' } })
    const crashed = runtimePid(server.stateDir)
    process.kill(crashed, 'SIGKILL')
    await processGone(crashed)
    await expect.poll(() => server.output(), { timeout: 10_000 }).toContain('serves again')
    expect((await fetch(`${server.url}/_wharf/health`)).status).toBe(200)
    expect(runtimePid(server.stateDir)).not.toBe(crashed)
    expect(await server.stop()).toBe(0)
  })

  test('a runtime that outlived everything is ended by the next start', async () => {
    const stateDir = freshFolder()
    const server = await startLocalServer({ stateDir })
    const note = readFileSync(join(stateDir, 'server.json'), 'utf8')
    expect(await server.stop()).toBe(0)
    const other = await startLocalServer()
    // As if the other one's runtime had been this folder's.
    mkdirSync(stateDir, { recursive: true })
    writeFileSync(
      join(stateDir, 'server.json'),
      JSON.stringify({
        ...JSON.parse(note),
        runtime: JSON.parse(readFileSync(join(other.stateDir, 'server.json'), 'utf8')).runtime,
      }),
    )
    const left = runtimePid(other.stateDir)
    const again = await startLocalServer({ stateDir })
    await processGone(left)
    await again.stop()
    await other.stop()
  })
})

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some(addresses => addresses?.some(({ address }) => address === '::1'))
}

/** The same Node.js under another name, which start.mjs cannot know for the pinned one. */
function anotherNode(): string {
  const copy = join(freshFolder(), 'node')
  try {
    linkSync(process.execPath, copy)
  } catch {
    copyFileSync(process.execPath, copy)
  }
  return copy
}
