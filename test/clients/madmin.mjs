import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { madminProgram } from './prepare.mjs'
import { writeFile } from './tree.mjs'

const MIB = 1024 * 1024
const NO_UPLOAD = 'no-such-upload'

/** The management API, asked by Go with the signer and the types of MinIO's own client of 2017. */
export const madmin = {
  name: 'madmin',
  prepare: madminProgram,
  environment: ({ server }) => ({ ACCESS_KEY: server.accessKey, SECRET_KEY: server.secretKey }),
  scenarios: [
    { name: 'status, info and restart', run: ctx => service(ctx, askByGo) },
    { name: 'root credentials of the owner cannot be changed', run: ctx => credentials(ctx, askByGo) },
    { name: 'a slow upload’s lock is listed and cleared', run: ctx => locks(ctx, askByGo) },
    { name: 'what is to be healed, page by page, and healing', run: ctx => heal(ctx, askByGo) },
    { name: 'the configuration is got and set', run: ctx => config(ctx, askByGo) },
    { name: 'errors are read', run: errors },
  ],
}

/** The same calls by curl with its own signer. */
export const madminCurl = {
  name: 'madmin-curl',
  prepare: async () => 'curl',
  environment: () => ({}),
  scenarios: [
    { name: 'status, info and restart', run: ctx => service(ctx, askByCurl) },
    { name: 'root credentials of the owner cannot be changed', run: ctx => credentials(ctx, askByCurl) },
    { name: 'a slow upload’s lock is listed and cleared', run: ctx => locks(ctx, askByCurl) },
    { name: 'what is to be healed, and healing', run: ctx => heal(ctx, askByCurl) },
    { name: 'the configuration is got and set', run: ctx => config(ctx, askByCurl) },
    { name: 'an operation that is not signed gets 403', run: unsignedOperation },
  ],
}

const CALLS = {
  ServiceStatus: ['GET', 'service', 'status'],
  ServiceRestart: ['POST', 'service', 'restart'],
  SetCredentials: ['POST', 'service', 'set-credentials'],
  ServerInfo: ['GET', 'info'],
  ListLocks: ['GET', 'lock', 'list'],
  ClearLocks: ['POST', 'lock', 'clear'],
  ListBucketsHeal: ['GET', 'heal', 'list-buckets'],
  ListObjectsHeal: ['GET', 'heal', 'list-objects'],
  ListUploadsHeal: ['GET', 'heal', 'list-uploads'],
  HealBucket: ['POST', 'heal', 'bucket'],
  HealObject: ['POST', 'heal', 'object'],
  HealUpload: ['POST', 'heal', 'upload'],
  HealFormat: ['POST', 'heal', 'format'],
  GetConfig: ['GET', 'config', 'get'],
  SetConfig: ['PUT', 'config', 'set'],
}

/** @returns { failure: 'status code: message' } or { value }, undefined where there is nothing to read */
async function askByGo(ctx, name, query = {}, body) {
  const words = Object.entries(query).map(([key, value]) => `${key}=${value}`)
  if (body !== undefined) words.push(`body=${body}`)
  const { code, stdout, stderr } = await ctx.call([ctx.server.url, name, ...words], { exitCodes: [0, 1] })
  return code === 0 ? { value: JSON.parse(stdout) ?? undefined } : { failure: stderr.trim() }
}

/** Lists come as XML, of which this reads what the scenarios look at. Older versions sign the query as it stands: sorted. */
async function askByCurl(ctx, name, query = {}, body) {
  const [method, selector, operation] = CALLS[name]
  const pairs = Object.entries({ ...query, [selector]: '' }).map(pair => pair.map(encodeURIComponent).join('='))
  const args = ['-X', method]
  if (operation) args.push('-H', `x-minio-operation: ${operation}`)
  if (body !== undefined) args.push('--data-binary', '@-', '-H', 'transfer-encoding: chunked')
  const { status, text } = await curl(ctx, `/?${pairs.sort().join('&')}`, args, body)
  if (status !== 200) return { failure: `${status} ${elements(text, 'Code')[0]}: ${elements(text, 'Message')[0]}` }
  if (!text.startsWith('<')) return { value: text === '' ? undefined : JSON.parse(text) }
  const found = Object.fromEntries(elements(text, 'Prefix').map(prefix => [prefix, null]))
  return { value: name === 'ListBucketsHeal' ? elements(text, 'Name') : { pages: 1, found } }
}

async function curl(ctx, target, args, input) {
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${ctx.server.accessKey}:${ctx.server.secretKey}`]
  const payload = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
  const { stdout, stderr } = await ctx.run(
    'curl',
    ['-sS', ...signing, ...payload, '-w', '%{stderr}%{http_code}', ...args, `${ctx.server.url}${target}`],
    { input },
  )
  return { status: Number(stderr.trim()), text: stdout }
}

async function makeBucket(ctx) {
  equal((await curl(ctx, `/${ctx.bucket}`, ['-X', 'PUT'])).status, 200)
}

async function service(ctx, ask) {
  const { value: status } = await ask(ctx, 'ServiceStatus')
  equal(status.storageInfo.Backend.Type, 1)
  match(status.serverVersion.version, /^\d+\.\d+\.\d+/)
  ok(status.uptime > 0)
  const { value: info } = await ask(ctx, 'ServerInfo')
  equal(info.server.region, 'us-east-1')
  ok(info.http.totalGETs.count > 0)
  match(info.http.totalGETs.avgDuration, /^[\d.]+(s|ms|µs)$/)
  equal((await ask(ctx, 'ServiceRestart')).failure, undefined)
  const { value: restarted } = await ask(ctx, 'ServiceStatus')
  ok(restarted.uptime < status.uptime + 60e9)
}

async function credentials(ctx, ask) {
  const body = '<setCredsReq><username>newaccess</username><password>newsecret1</password></setCredsReq>'
  const { failure } = await ask(ctx, 'SetCredentials', {}, body)
  equal(failure, '405 MethodNotAllowed: The specified method is not allowed against this resource.')
}

async function locks(ctx, ask) {
  await makeBucket(ctx)
  equal(
    (await ask(ctx, 'ListLocks', { bucket: ctx.bucket, prefix: 'my prefix/+x', duration: '1m30s' })).value.length,
    0,
  )
  writeFile(ctx.file('body'), 4 * MIB)
  const upload = curl(ctx, `/${ctx.bucket}/dir/slow`, ['-T', ctx.file('body'), '--limit-rate', '1M'])
  const query = { bucket: ctx.bucket, prefix: 'dir/', duration: '0s' }
  const [lock] = await untilAny(async () => (await ask(ctx, 'ListLocks', query)).value)
  deepEqual([lock.bucket, lock.object, lock.writeLocks], [ctx.bucket, 'dir/slow', 1])
  const [owner] = lock.lockOwners
  match(owner.source, /^\[PutObject by root/)
  deepEqual([owner.type, owner.status], ['WLock', 'Running'])
  equal((await ask(ctx, 'ListLocks', { ...query, duration: '1h0m0s' })).value.length, 0)
  equal((await ask(ctx, 'ClearLocks', query)).value.length, 1)
  equal((await upload).status, 409)
  equal((await ask(ctx, 'ListLocks', query)).value.length, 0)
  equal((await curl(ctx, `/${ctx.bucket}/dir/slow`, [])).status, 404)
}

/** Asks again until there is something, for some seconds. */
async function untilAny(ask) {
  for (let tries = 1; ; tries++) {
    const found = await ask()
    if (found.length > 0) return found
    if (tries === 40) throw new Error('no lock was seen while the upload went on')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function heal(ctx, ask) {
  await makeBucket(ctx)
  for (const key of ['a/1', 'a/2', 'b/1', 'c']) {
    equal((await curl(ctx, `/${ctx.bucket}/${key}`, ['-X', 'PUT', '-d', key])).status, 200)
  }
  const begun = await curl(ctx, `/${ctx.bucket}/up?uploads=`, ['-X', 'POST'])
  const [upload] = elements(begun.text, 'UploadId')
  const { bucket } = ctx
  deepEqual((await ask(ctx, 'ListBucketsHeal')).value ?? [], [])
  const listed = await ask(ctx, 'ListObjectsHeal', {
    bucket,
    prefix: '',
    marker: '',
    delimiter: '/',
    'max-key': '1000',
  })
  ok(['a/', 'b/'].every(prefix => prefix in listed.value.found))
  const uploads = { bucket, prefix: '', marker: '', 'upload-id-marker': '', delimiter: '', 'max-uploads': '1' }
  equal((await ask(ctx, 'ListUploadsHeal', uploads)).value.pages, 1)
  if (ask === askByGo) {
    const paged = await ask(ctx, 'ListObjectsHeal', { bucket, prefix: '', marker: '', delimiter: '', 'max-key': '1' })
    equal(paged.value.pages, 4)
    await curl(ctx, `/${bucket}/up?uploads=`, ['-X', 'POST'])
    equal((await ask(ctx, 'ListUploadsHeal', uploads)).value.pages, 2)
  }
  for (const dry of [{ 'dry-run': '' }, {}]) {
    equal((await ask(ctx, 'HealBucket', { bucket, ...dry })).failure, undefined)
    equal((await ask(ctx, 'HealFormat', dry)).failure, undefined)
    const object = await ask(ctx, 'HealObject', { bucket, object: 'a/1', ...dry })
    const healed = await ask(ctx, 'HealUpload', { bucket, object: 'up', 'upload-id': upload, ...dry })
    for (const { value = NOTHING_HEALED, failure } of [object, healed]) {
      equal(failure, undefined)
      deepEqual(value, NOTHING_HEALED)
    }
  }
  const { failure } = await ask(ctx, 'HealUpload', { bucket, object: 'up', 'upload-id': NO_UPLOAD })
  equal(failure, '404 NoSuchKey: The specified key does not exist.')
}

const NOTHING_HEALED = { HealedCount: 0, OfflineCount: 0, state: 0 }

async function config(ctx, ask) {
  const { value: document } = await ask(ctx, 'GetConfig')
  equal(document.version, '18')
  ok(!JSON.stringify(document).includes(ctx.server.secretKey))
  const changed = { ...document, logger: { ...document.logger, console: { enable: false } } }
  const { value: done } = await ask(ctx, 'SetConfig', {}, JSON.stringify(changed))
  deepEqual([done.status, done.nodeResults[0].errMsg], [true, '<nil>'])
  deepEqual((await ask(ctx, 'GetConfig')).value, changed)
  const { value: refused } = await ask(ctx, 'SetConfig', {}, JSON.stringify({ ...document, region: 'elsewhere' }))
  equal(refused.status, false)
  match(refused.nodeResults[0].errMsg, /WHARF_REGION/)
  const { failure } = await ask(ctx, 'SetConfig', {}, '{"version":"18","version":"18"}')
  match(failure, /^400 XMinioAdminConfigBadJSON: /)
}

async function errors(ctx) {
  const ask = (name, query) => askByGo(ctx, name, query)
  match(
    (await ask('ListLocks', { bucket: 'B' })).failure,
    /^400 InvalidBucketName: The specified bucket is not valid\.$/,
  )
  match((await ask('ListLocks', { bucket: 'bucket', prefix: '\\' })).failure, /XMinioInvalidObjectName: .*`\^\*\|\\"$/)
  match((await ask('ListObjectsHeal', { bucket: 'no-such-bucket' })).failure, /^404 NoSuchBucket/)
  const wrong = await ctx.call([ctx.server.url, 'ServiceStatus'], {
    exitCodes: [1],
    env: { SECRET_KEY: 'not the secret' },
  })
  match(wrong.stderr, /^403 SignatureDoesNotMatch/)
  const unsigned = await ctx.call([ctx.server.url, 'ServiceStatus', 'unsigned'])
  match(unsigned.stdout, /"storageInfo"/)
}

/** Else a request that was overheard could be sent again as another operation. */
async function unsignedOperation(ctx) {
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${ctx.server.accessKey}:${ctx.server.secretKey}`]
  const payload = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
  const url = `${ctx.server.url}/?service=`
  const { stderr } = await ctx.run('curl', ['-sS', '-v', '-o', '/dev/null', ...signing, ...payload, url])
  const headers = stderr.match(/(?<=^> )(authorization|x-amz-date): .*(?=\r?$)/gim)
  equal(headers.length, 2)
  const sent = [...headers, 'x-amz-content-sha256: UNSIGNED-PAYLOAD', 'x-minio-operation: restart']
  const replayed = await ctx.run('curl', ['-sS', '-X', 'POST', ...sent.flatMap(header => ['-H', header]), url])
  match(replayed.stdout, /<Code>AccessDenied<\/Code>/)
}

function elements(xml, name) {
  return Array.from(xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g')), ([, text]) => text)
}
