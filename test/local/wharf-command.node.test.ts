import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type LocalServer, startLocalServer, temporaryFolder } from '../support/local-server'

const COMMAND = join(import.meta.dirname, '../../scripts/wharf.mjs')

interface Said {
  code: number
  out: string
  err: string
}

let server: LocalServer
const folder = temporaryFolder()
beforeAll(async () => {
  server = await startLocalServer({ stateDir: join(folder, 'state') })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

function wharf(args: string[], env: Record<string, string> = { WHARF_STATE_DIR: server.stateDir }): Promise<Said> {
  return new Promise(resolve => {
    const options = { env: { PATH: process.env.PATH, ...env }, cwd: folder }
    execFile(process.execPath, [COMMAND, ...args], options, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

async function done(args: string[], env?: Record<string, string>): Promise<string> {
  const { code, out, err } = await wharf(args, env)
  if (code !== 0) throw new Error(err)
  return out
}

function lineOf(text: string, name: string): string {
  return new RegExp(`^${name} = (.+)$`, 'm').exec(text)?.[1] ?? ''
}

function rootClient(): S3Client {
  const credentials = { accessKeyId: server.rootUser, secretAccessKey: server.rootPassword }
  return new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials })
}

describe('npx wharf', () => {
  test('makes a key for a prefix, and prints a profile that works', async () => {
    const root = rootClient()
    const put = (Key: string) => root.send(new PutObjectCommand({ Bucket: 'assets', Key, Body: 'x' }))
    await root.send(new CreateBucketCommand({ Bucket: 'assets' }))
    for (const key of ['p/in', 'q/out']) await put(key)

    const said = await done(['key', 'add', '--bucket', 'assets', '--prefix', 'p/', '--readonly', '--expires', '30d'])
    const [, configText = '', credentialsText = ''] = said.split(/^# ~\/\.aws\/\w+$/m)
    expect(configText).toContain('[profile wharf-assets]')
    expect(credentialsText).toContain('[wharf-assets]')
    const home = join(folder, 'aws')
    mkdirSync(home)
    writeFileSync(join(home, 'config'), configText)
    writeFileSync(join(home, 'credentials'), credentialsText)
    vi.stubEnv('AWS_CONFIG_FILE', join(home, 'config'))
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(home, 'credentials'))
    vi.stubEnv('AWS_PROFILE', 'wharf-assets')
    const reader = new S3Client({ forcePathStyle: true })
    const get = (Key: string) => reader.send(new GetObjectCommand({ Bucket: 'assets', Key }))
    expect(await (await get('p/in')).Body?.transformToString()).toBe('x')
    await expect(get('q/out')).rejects.toThrow(/denied/i)
    const list = (Prefix?: string) => reader.send(new ListObjectsV2Command({ Bucket: 'assets', Prefix }))
    expect((await list('p/')).KeyCount).toBe(1)
    await expect(list()).rejects.toThrow(/denied/i)
  })

  test('makes, lists, changes and removes users with their groups, policies and keys', async () => {
    const policy = join(folder, 'policy.json')
    const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }] }
    writeFileSync(policy, JSON.stringify(document))
    await done(['policy', 'add', 'getting', policy])
    expect(JSON.parse(await done(['policy', 'show', 'getting']))).toEqual(document)
    await done(['group', 'add', 'crew', '--policy', 'getting'])
    await done(['user', 'add', 'ann', '--policy', 'writeonly,readonly', '--group', 'crew'])
    expect(await done(['user', 'list'])).toMatch(/^ann +writeonly,readonly +crew +enabled$/m)
    const key = JSON.parse(await done(['key', 'add', '--user', 'ann', '--json']))
    const env = { AWS_ACCESS_KEY_ID: key.accessKey, AWS_SECRET_ACCESS_KEY: key.secretKey, WHARF_ENDPOINT: server.url }
    expect(await done(['key', 'list', '--user', 'ann'], env)).toContain(key.accessKey)
    expect(lineOf(await done(['key', 'add', '--readonly'], env), 'aws_secret_access_key')).toHaveLength(40)
    expect((await wharf(['user', 'list'], env)).err).toMatch(/^Access denied: .* admin of the account/)
    expect(await done(['user', 'change', 'ann', '--disable', '--policy', ''])).toMatch(/^ann +- +crew +disabled$/m)
    expect((await wharf(['key', 'list', '--user', 'ann'], env)).err).toMatch(
      /does not know the access key .* of AWS_ACCESS/,
    )
    expect((await wharf(['policy', 'remove', 'getting'])).err).toMatch(/attached to group "crew"/)
    await done(['key', 'remove', key.accessKey])
    await done(['user', 'remove', 'ann'])
    await done(['group', 'remove', 'crew'])
    await done(['policy', 'remove', 'getting'])
    expect(await done(['user', 'list'])).toBe('none\n')
  })

  test('manages another account where it is named', async () => {
    await done(['account', 'add', 'harbour', '--email', 'h@example.com'])
    await done(['user', 'add', 'boss', '--admin', '--account', 'harbour'])
    expect(await done(['user', 'list', '--account', 'harbour'])).toMatch(/^boss +admin/m)
    expect((await wharf(['account', 'remove', 'harbour'])).err).toBe('The account has users: remove them first.\n')
  })

  const refusals: [string, string[], RegExp][] = [
    ['an unknown command', ['user', 'adopt'], /no command "user adopt": wharf --help/],
    ['an unknown option', ['user', 'list', '--all'], /--all.*wharf --help/],
    ['a missing name', ['user', 'add'], /goes like this: wharf user add NAME/],
    ['a bucket without rights', ['key', 'add', '--bucket', 'b'], /--bucket needs --readonly/],
    ['rights that contradict', ['key', 'add', '--readonly', '--readwrite'], /pass one of them/],
    ['a prefix of no bucket', ['key', 'add', '--prefix', 'p/'], /pass --bucket too/],
    ['a time that is none', ['key', 'add', '--expires', 'soon'], /--expires must be like 30d/],
    ['a file that is not there', ['policy', 'add', 'p', 'none.json'], /Cannot read the policy none.json \(ENOENT\)/],
    ['a policy that is none', ['policy', 'add', 'p', COMMAND], /Policies must be valid JSON/],
    ['a name that is not there', ['user', 'remove', 'nobody'], /There is no user "nobody"/],
    ['half a pair', ['user', 'list', '--access-key', 'x'], /Half of the credentials/],
    ['a wrong secret', ['user', 'list', '--access-key', 'x', '--secret-key', 'y'], /does not know the access key x/],
    ['a server that is not there', ['user', 'list', '--endpoint', 'http://127.0.0.1:9'], /start it with npm start/],
  ]
  for (const [what, args, sentence] of refusals) {
    test(`says what to do about ${what}`, async () => {
      const { code, out, err } = await wharf(args)
      expect([code, out, err.trim().split('\n')]).toEqual([1, '', [expect.stringMatching(sentence)]])
    })
  }
})
