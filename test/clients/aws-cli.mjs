import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { debianProgram, pythonProgram } from './prepare.mjs'
import {
  expectSameFile,
  expectSameTree,
  filesUnder,
  hashTree,
  makeOddFiles,
  makeSmallFiles,
  sha256,
  writeBigFile,
  writeFile,
} from './tree.mjs'

const MIB = 1024 * 1024

/** The newest one, which sends and checks CRC32 wherever it can. */
export const awsCli = {
  name: 'aws',
  prepare: () => pythonProgram('aws'),
  environment,
  scenarios: [
    ...scenarios(),
    { name: 'a file of 1 GiB goes up in parts and comes down', run: ctx => bigFile(ctx, ctx.bigBytes) },
  ],
}

/** The one of Debian 12, which sends Content-MD5. */
export const awsCliOfDebian = {
  name: 'aws-2.9',
  prepare: () => debianProgram('aws', 'awscli'),
  environment,
  scenarios: [
    ...scenarios(),
    { name: 'a file of 64 MiB goes up in parts and comes down', run: ctx => bigFile(ctx, 64 * MIB) },
  ],
}

function scenarios() {
  return [
    { name: 'sync keeps a tree of 1,000 small files in step, both ways', run: syncTree },
    { name: 'odd names survive cp, mv, ls and rm', run: oddNames },
    { name: 'keys with slashes that no file could have', run: oddSlashes },
    { name: 'a pipe goes up and comes down', run: pipes },
    { name: 'server-side copies of small and large objects', run: copies },
    { name: 'parts of unequal sizes make one object', run: unequalParts },
    { name: 'ranges, HEAD, metadata and conditional reads', run: reads },
    { name: 'paging by 7 lists each key once, in both versions', run: paging },
    { name: 'presigned URLs are fetched by curl', run: presigned },
    { name: 'a wrong secret, a missing bucket and a missing key are told apart', run: refusals },
    { name: 'rb --force empties and removes a bucket', run: forcedRemoval },
  ]
}

function environment({ server, home }) {
  return {
    AWS_ACCESS_KEY_ID: server.accessKey,
    AWS_SECRET_ACCESS_KEY: server.secretKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: `${home}/aws-config`,
    AWS_SHARED_CREDENTIALS_FILE: `${home}/aws-credentials`,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  }
}

function s3(ctx, ...args) {
  return ctx.call(['--endpoint-url', ctx.server.url, 's3', ...args])
}

/** @returns the parsed answer, or undefined where there is none */
async function s3api(ctx, operation, args, options) {
  const all = [
    '--endpoint-url',
    ctx.server.url,
    '--output',
    'json',
    's3api',
    operation,
    '--bucket',
    ctx.bucket,
    ...args,
  ]
  const { stdout } = await ctx.call(all, options)
  return stdout.trim() === '' ? undefined : JSON.parse(stdout)
}

async function syncTree(ctx) {
  const [local, back, remote] = [ctx.file('tree'), ctx.file('back'), `s3://${ctx.bucket}`]
  makeSmallFiles(local)
  await s3(ctx, 'mb', remote)
  await s3(ctx, 'sync', local, `${remote}/tree`, '--no-progress')
  const listed = await s3(ctx, 'ls', `${remote}/tree/`, '--recursive')
  equal(listed.stdout.trim().split('\n').length, 1000)
  const again = await s3(ctx, 'sync', local, `${remote}/tree`, '--no-progress')
  equal(again.stdout, '', 'a second sync finds nothing to do')
  await s3(ctx, 'sync', `${remote}/tree`, back, '--no-progress')
  await expectSameTree(local, back)

  const paths = filesUnder(local)
  appendFileSync(paths[1], 'longer now')
  rmSync(paths[2])
  writeFile(`${local}/new/file.bin`, 777)
  const changes = await s3(ctx, 'sync', local, `${remote}/tree`, '--delete', '--no-progress')
  equal(changes.stdout.trim().split('\n').length, 3)
  await s3(ctx, 'sync', `${remote}/tree`, back, '--delete', '--no-progress')
  await expectSameTree(local, back)

  await s3(ctx, 'sync', `${remote}/tree/dir-3`, `${remote}/copy/dir-3`, '--no-progress')
  await s3(ctx, 'cp', `${remote}/copy/`, ctx.file('copied'), '--recursive', '--no-progress')
  await expectSameTree(`${local}/dir-3`, ctx.file('copied/dir-3'))

  await s3(ctx, 'rm', remote, '--recursive', '--quiet')
  const rest = await s3(ctx, 'ls', remote, '--recursive', '--summarize')
  match(rest.stdout, /Total Objects: 0/)
  await s3(ctx, 'rb', remote)
}

async function oddNames(ctx) {
  const [local, remote] = [ctx.file('odd'), `s3://${ctx.bucket}`]
  makeOddFiles(local)
  const names = [...(await hashTree(local)).keys()]
  await s3(ctx, 'mb', remote)
  await s3(ctx, 'cp', local, `${remote}/ü b+c/`, '--recursive', '--no-progress')
  const listed = await s3(ctx, 'ls', `${remote}/ü b+c/`, '--recursive')
  const listedNames = listed.stdout
    .trimEnd()
    .split('\n')
    .map(line => line.slice(31))
  deepEqual(listedNames, inOrder(names.map(name => `ü b+c/${name}`)))
  await s3(ctx, 'cp', `${remote}/ü b+c/`, ctx.file('back'), '--recursive', '--no-progress')
  await expectSameTree(local, ctx.file('back'))

  const odd = 'emoji 😀🚢.txt'
  await s3(ctx, 'mv', `${remote}/ü b+c/${odd}`, `${remote}/moved %2F+ 🚢.txt`)
  await s3(ctx, 'mv', `${remote}/moved %2F+ 🚢.txt`, ctx.file('moved.txt'))
  await expectSameFile(`${local}/${odd}`, ctx.file('moved.txt'))
  await s3(ctx, 'mv', ctx.file('moved.txt'), `${remote}/ü b+c/${odd}`)
  await s3(ctx, 'mv', `${remote}/ü b+c/`, `${remote}/ß/`, '--recursive', '--no-progress')
  await s3(ctx, 'sync', remote, ctx.file('all'), '--no-progress')
  await expectSameTree(local, ctx.file('all/ß'))
  for (const name of names.slice(0, 6)) await s3(ctx, 'rm', `${remote}/ß/${name}`)
  const rest = await s3api(ctx, 'list-objects-v2', [])
  deepEqual(
    rest.Contents.map(({ Key }) => Key),
    inOrder(names.slice(6).map(name => `ß/${name}`)),
  )
  await s3(ctx, 'rb', remote, '--force')
}

async function oddSlashes(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  const keys = ['folder/', 'folder/file', 'two//slashes', '/leading', 'dots/../and/./more', 'deep/trailing//']
  const bodies = new Map()
  for (const [i, key] of keys.entries()) {
    const path = ctx.file(`body-${i}`)
    writeFile(path, i === 0 ? 0 : 1000 + i)
    bodies.set(key, path)
    await s3api(ctx, 'put-object', ['--key', key, '--body', path])
  }
  const listed = await s3api(ctx, 'list-objects-v2', [])
  deepEqual(
    listed.Contents.map(({ Key }) => Key),
    inOrder(keys),
  )
  for (const [key, path] of bodies) {
    await s3api(ctx, 'get-object', ['--key', key, ctx.file('got')])
    await expectSameFile(path, ctx.file('got'))
  }
  const folders = await s3api(ctx, 'list-objects-v2', ['--delimiter', '/'])
  deepEqual(
    folders.CommonPrefixes.map(({ Prefix }) => Prefix),
    ['/', 'deep/', 'dots/', 'folder/', 'two/'],
  )
  const removal = JSON.stringify({ Objects: keys.map(Key => ({ Key })) })
  const removed = await s3api(ctx, 'delete-objects', ['--delete', removal])
  equal(removed.Deleted.length, keys.length)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`)
}

async function pipes(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  writeFile(ctx.file('piped'), 11 * MIB + 7)
  const bytes = readFileSync(ctx.file('piped'))
  const target = `s3://${ctx.bucket}/from a pipe`
  await ctx.call(['--endpoint-url', ctx.server.url, 's3', 'cp', '-', target], { input: bytes })
  const back = await s3(ctx, 'cp', target, '-')
  equal(sha256(back.bytes), sha256(bytes))
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function copies(ctx) {
  // Version 1 copies large objects without their metadata, as it says itself.
  const keepsProperties = (await ctx.call(['--version'])).stdout.startsWith('aws-cli/2')
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  for (const [name, size] of [
    ['small', 5000],
    ['large', 21 * MIB + 3],
  ]) {
    writeFile(ctx.file(name), size)
    const source = `s3://${ctx.bucket}/${name} ü+.bin`
    await s3(ctx, 'cp', ctx.file(name), source, '--content-type', 'text/x-odd', '--metadata', 'colour=blue')
    await s3(ctx, 'cp', source, `s3://${ctx.bucket}/copy of ${name}`)
    await s3(ctx, 'cp', `s3://${ctx.bucket}/copy of ${name}`, ctx.file(`${name}-back`))
    await expectSameFile(ctx.file(name), ctx.file(`${name}-back`))
    if (name === 'large' && !keepsProperties) continue
    const head = await s3api(ctx, 'head-object', ['--key', `copy of ${name}`])
    equal(head.ContentType, 'text/x-odd')
    deepEqual(head.Metadata, { colour: 'blue' })
  }
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function bigFile(ctx, size) {
  await writeBigFile(ctx.file('big'), size)
  const target = `s3://${ctx.bucket}/big file.bin`
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  const begun = Date.now()
  await s3(ctx, 'cp', ctx.file('big'), target, '--no-progress')
  const sent = Date.now()
  const head = await s3api(ctx, 'head-object', ['--key', 'big file.bin'])
  equal(head.ContentLength, size)
  match(head.ETag, new RegExp(`^"[0-9a-f]{32}-${Math.ceil(size / (8 * MIB))}"$`))
  const asked = Date.now()
  await s3(ctx, 'cp', target, ctx.file('back'), '--no-progress')
  const fetched = Date.now()
  await expectSameFile(ctx.file('big'), ctx.file('back'))
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
  const rate = (from, to) => `${Math.round(size / MIB / ((to - from) / 1000))} MiB/s`
  return `${size / MIB} MiB, up ${rate(begun, sent)}, down ${rate(asked, fetched)}`
}

async function unequalParts(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  for (const [key, sizes] of [
    ['last is tiny', [5 * MIB, 6 * MIB, 10]],
    ['last is largest', [5 * MIB, 5 * MIB + 1, 9 * MIB]],
  ]) {
    const { UploadId } = await s3api(ctx, 'create-multipart-upload', ['--key', key])
    const parts = []
    let whole = Buffer.alloc(0)
    for (const [i, size] of sizes.entries()) {
      const path = ctx.file(`part-${i}`)
      writeFile(path, size)
      whole = Buffer.concat([whole, readFileSync(path)])
      const numbered = ['--key', key, '--upload-id', UploadId, '--part-number', String(i + 1), '--body', path]
      const { ETag } = await s3api(ctx, 'upload-part', numbered)
      parts.push({ PartNumber: i + 1, ETag })
    }
    const listed = await s3api(ctx, 'list-parts', ['--key', key, '--upload-id', UploadId])
    deepEqual(
      listed.Parts.map(({ Size }) => Size),
      sizes,
    )
    const completion = ['--key', key, '--upload-id', UploadId, '--multipart-upload', JSON.stringify({ Parts: parts })]
    const { ETag } = await s3api(ctx, 'complete-multipart-upload', completion)
    match(ETag, /-3"$/)
    await s3api(ctx, 'get-object', ['--key', key, ctx.file('whole')])
    equal(sha256(readFileSync(ctx.file('whole'))), sha256(whole))
    const second = await s3api(ctx, 'get-object', ['--key', key, '--part-number', '2', ctx.file('second')])
    equal(second.PartsCount, 3)
    const secondBytes = whole.subarray(sizes[0], sizes[0] + sizes[1])
    equal(sha256(readFileSync(ctx.file('second'))), sha256(secondBytes))
  }
  const { UploadId } = await s3api(ctx, 'create-multipart-upload', ['--key', 'given up'])
  const open = await s3api(ctx, 'list-multipart-uploads', [])
  deepEqual(
    open.Uploads.map(upload => upload.UploadId),
    [UploadId],
  )
  await s3api(ctx, 'abort-multipart-upload', ['--key', 'given up', '--upload-id', UploadId])
  equal((await s3api(ctx, 'list-multipart-uploads', []))?.Uploads, undefined)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function reads(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  writeFile(ctx.file('body'), 300_000)
  const bytes = readFileSync(ctx.file('body'))
  const key = ['--key', 'a body ü']
  const about = ['--content-type', 'text/plain', '--cache-control', 'no-cache', '--metadata', 'first=1,second=two']
  const put = await s3api(ctx, 'put-object', [...key, '--body', ctx.file('body'), ...about])
  const head = await s3api(ctx, 'head-object', key)
  equal(head.ContentLength, 300_000)
  equal(head.ETag, put.ETag)
  equal(head.ContentType, 'text/plain')
  equal(head.CacheControl, 'no-cache')
  deepEqual(head.Metadata, { first: '1', second: 'two' })
  for (const [range, expected, contentRange] of [
    ['bytes=0-9', bytes.subarray(0, 10), 'bytes 0-9/300000'],
    ['bytes=1000-200999', bytes.subarray(1000, 201_000), 'bytes 1000-200999/300000'],
    ['bytes=299990-', bytes.subarray(-10), 'bytes 299990-299999/300000'],
    ['bytes=-7', bytes.subarray(-7), 'bytes 299993-299999/300000'],
    ['bytes=299999-999999', bytes.subarray(-1), 'bytes 299999-299999/300000'],
  ]) {
    const got = await s3api(ctx, 'get-object', [...key, '--range', range, ctx.file('range')])
    equal(got.ContentRange, contentRange)
    ok(readFileSync(ctx.file('range')).equals(expected), range)
  }
  const beyond = await failing(ctx, 'get-object', [...key, '--range', 'bytes=300000-', ctx.file('range')])
  match(beyond, /InvalidRange/)
  match(await failing(ctx, 'get-object', [...key, '--if-match', '"0"', ctx.file('range')]), /PreconditionFailed/)
  match(await failing(ctx, 'get-object', [...key, '--if-none-match', put.ETag, ctx.file('range')]), /304|Not Modified/)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function paging(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  const names = Array.from({ length: 40 }, (_, i) => `page/${i % 3} ü+/${String(i).padStart(2, '0')}`)
  for (const name of names) writeFile(ctx.file('many', name), 10)
  await s3(ctx, 'cp', ctx.file('many'), `s3://${ctx.bucket}`, '--recursive', '--quiet')
  for (const operation of ['list-objects-v2', 'list-objects']) {
    const all = await s3api(ctx, operation, ['--page-size', '7'])
    deepEqual(
      all.Contents.map(({ Key }) => Key),
      inOrder(names),
    )
    const folders = await s3api(ctx, operation, ['--page-size', '2', '--prefix', 'page/', '--delimiter', '/'])
    deepEqual(
      folders.CommonPrefixes.map(({ Prefix }) => Prefix),
      ['page/0 ü+/', 'page/1 ü+/', 'page/2 ü+/'],
    )
  }
  const seven = await s3api(ctx, 'list-objects-v2', ['--max-items', '7'])
  equal(seven.Contents.length, 7)
  const rest = await s3api(ctx, 'list-objects-v2', ['--starting-token', seven.NextToken])
  equal(rest.Contents.length, 33)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function presigned(ctx) {
  // The newest one would sign with SigV2 in us-east-1.
  await ctx.call(['configure', 'set', 'default.s3.signature_version', 's3v4'])
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  writeFile(ctx.file('shared'), 70_000)
  const target = `s3://${ctx.bucket}/to be shared ü+%.bin`
  await s3(ctx, 'cp', ctx.file('shared'), target)
  const { stdout } = await s3(ctx, 'presign', target, '--expires-in', '60')
  const url = stdout.trim()
  await ctx.run('curl', ['-sS', '--fail', '-o', ctx.file('fetched'), url])
  await expectSameFile(ctx.file('shared'), ctx.file('fetched'))
  const tampered = await ctx.run('curl', ['-sS', '-w', '%{http_code}', url.replace('shared', 'hidden')])
  match(tampered.stdout, /SignatureDoesNotMatch.*403$/s)
  const short = await s3(ctx, 'presign', target, '--expires-in', '1')
  await new Promise(resolve => setTimeout(resolve, 2100))
  const late = await ctx.run('curl', ['-sS', '-w', '%{http_code}', short.stdout.trim()])
  match(late.stdout, /Request has expired.*403$/s)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function refusals(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  mkdirSync(ctx.file('.'), { recursive: true })
  writeFileSync(ctx.file('body'), 'body')
  const wrong = { AWS_SECRET_ACCESS_KEY: 'not the secret at all' }
  match(await failing(ctx, 'put-object', ['--key', 'k', '--body', ctx.file('body')], wrong), /SignatureDoesNotMatch/)
  match(await failing(ctx, 'list-objects-v2', [], { AWS_ACCESS_KEY_ID: 'nobody-here' }), /InvalidAccessKeyId/)
  match(await failing(ctx, 'get-object', ['--key', 'absent', ctx.file('got')]), /NoSuchKey/)
  match(await failing({ ...ctx, bucket: 'no-such-bucket-here' }, 'list-objects-v2', []), /NoSuchBucket/)
  match(await failing(ctx, 'head-object', ['--key', 'absent']), /404.*Not Found/)
  equal((await s3api(ctx, 'list-objects-v2', []))?.Contents, undefined)
  await s3api(ctx, 'put-object', ['--key', 'k', '--body', ctx.file('body')])
  match(await failing(ctx, 'delete-bucket', []), /BucketNotEmpty/)
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
}

async function forcedRemoval(ctx) {
  await s3(ctx, 'mb', `s3://${ctx.bucket}`)
  for (let i = 0; i < 30; i += 1) writeFile(ctx.file('many', `${i}`), 20_000)
  await s3(ctx, 'cp', ctx.file('many'), `s3://${ctx.bucket}`, '--recursive', '--quiet')
  await s3(ctx, 'rb', `s3://${ctx.bucket}`, '--force')
  const { stdout } = await s3(ctx, 'ls')
  ok(!stdout.includes(ctx.bucket))
}

/** @returns what a call that must fail says */
async function failing(ctx, operation, args, env = {}) {
  const all = ['--endpoint-url', ctx.server.url, 's3api', operation, '--bucket', ctx.bucket, ...args]
  const { stderr } = await ctx.call(all, { env, exitCodes: [252, 253, 254, 255] })
  return stderr
}

/** Keys are listed in the order of their UTF-8 bytes. */
function inOrder(keys) {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
