import { equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { expectSameFile, sha256, writeFile } from './tree.mjs'

const MIB = 1024 * 1024

/** curl with its own signer, which knows nothing of S3 but the algorithm. */
export const curl = {
  name: 'curl',
  prepare: async () => 'curl',
  environment: () => ({}),
  scenarios: [
    { name: 'PUT, GET, a range and DELETE with --aws-sigv4', run: roundTrip },
    { name: 'a wrong secret gets 403 and stores nothing', run: wrongSecret },
    { name: 'a chunked PUT of unknown length is stored whole', run: unknownLength },
  ],
}

/** @returns status, and the body as it came */
async function send(ctx, path, args = [], { secret = ctx.server.secretKey, input } = {}) {
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${ctx.server.accessKey}:${secret}`]
  const { bytes, stderr } = await ctx.call(
    ['-sS', ...signing, '-w', '%{stderr}%{http_code}', ...args, `${ctx.server.url}${path}`],
    { input },
  )
  return { status: Number(stderr.trim()), bytes, text: bytes.toString() }
}

async function roundTrip(ctx) {
  equal((await send(ctx, `/${ctx.bucket}`, ['-X', 'PUT'])).status, 200)
  for (const size of [0, 10, 70_000, 12 * MIB]) {
    const path = `/${ctx.bucket}/folder/file-${size}.bin`
    writeFile(ctx.file('body'), size)
    const body = readFileSync(ctx.file('body'))
    const hashed = ['-H', `x-amz-content-sha256: ${sha256(body)}`]
    equal((await send(ctx, path, ['-T', ctx.file('body'), ...hashed])).status, 200)
    equal((await send(ctx, path, ['-o', ctx.file('back')])).status, 200)
    await expectSameFile(ctx.file('body'), ctx.file('back'))
    if (size < 20) continue
    const range = await send(ctx, path, ['-r', '100-60000'])
    equal(range.status, 206)
    ok(range.bytes.equals(body.subarray(100, 60_001)))
    equal((await send(ctx, path, ['-X', 'DELETE'])).status, 204)
    equal((await send(ctx, path)).status, 404)
  }
  const unhashed = await send(ctx, `/${ctx.bucket}/unhashed`, [
    '-T',
    ctx.file('body'),
    '-H',
    'x-amz-content-sha256: UNSIGNED-PAYLOAD',
  ])
  equal(unhashed.status, 200)
}

async function wrongSecret(ctx) {
  equal((await send(ctx, `/${ctx.bucket}`, ['-X', 'PUT'])).status, 200)
  writeFile(ctx.file('body'), 5000)
  const hashed = ['-H', `x-amz-content-sha256: ${sha256(readFileSync(ctx.file('body')))}`]
  for (const args of [['-T', ctx.file('body'), ...hashed], ['-X', 'DELETE'], []]) {
    const refused = await send(ctx, `/${ctx.bucket}/key`, args, { secret: 'not the secret' })
    equal(refused.status, 403)
    match(refused.text, /<Code>SignatureDoesNotMatch<\/Code>/)
  }
  equal((await send(ctx, `/${ctx.bucket}/key`)).status, 404)
  const anonymous = await ctx.call(['-sS', '-o', '/dev/null', '-w', '%{http_code}', `${ctx.server.url}/${ctx.bucket}`])
  equal(anonymous.stdout, '403')
}

async function unknownLength(ctx) {
  equal((await send(ctx, `/${ctx.bucket}`, ['-X', 'PUT'])).status, 200)
  writeFile(ctx.file('body'), 9 * MIB + 1)
  const input = readFileSync(ctx.file('body'))
  const piped = ['-T', '-', '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
  const sent = await send(ctx, `/${ctx.bucket}/piped`, piped, { input })
  equal(sent.status, 200, sent.text)
  equal((await send(ctx, `/${ctx.bucket}/piped`, ['-o', ctx.file('back')])).status, 200)
  await expectSameFile(ctx.file('body'), ctx.file('back'))
}
