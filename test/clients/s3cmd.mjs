import { equal, match, ok } from 'node:assert/strict'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { debianProgram, pythonProgram } from './prepare.mjs'
import {
  expectSameFile,
  expectSameTree,
  filesUnder,
  makeOddFiles,
  makeSmallFiles,
  writeBigFile,
  writeFile,
} from './tree.mjs'

const MIB = 1024 * 1024

/** The newest one. */
export const s3cmd = {
  name: 's3cmd',
  prepare: () => pythonProgram('s3cmd'),
  environment: () => ({}),
  scenarios: scenarios(),
}

/** The one of Debian 12. */
export const s3cmdOfDebian = {
  name: 's3cmd-2.3',
  prepare: () => debianProgram('s3cmd', 's3cmd'),
  environment: () => ({}),
  scenarios: scenarios(),
}

function scenarios() {
  return [
    { name: 'a tree of 150 files by put, get and sync', run: tree },
    { name: 'odd names come back as they were', run: oddNames },
    { name: 'cp, mv, info, du, ls and del', run: serverSide },
    { name: '40 MiB in parts of 15 MiB', run: bigFile },
  ]
}

function call(ctx, ...args) {
  const config = `${ctx.home}/s3cfg`
  const settings = {
    access_key: ctx.server.accessKey,
    secret_key: ctx.server.secretKey,
    host_base: new URL(ctx.server.url).host,
    host_bucket: new URL(ctx.server.url).host,
    use_https: 'False',
    bucket_location: 'us-east-1',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  writeFileSync(config, `[default]\n${lines.join('')}`)
  return ctx.call(['--config', config, '--no-progress', ...args])
}

async function tree(ctx) {
  const [local, remote] = [ctx.file('tree'), `s3://${ctx.bucket}`]
  makeSmallFiles(local, 150)
  await call(ctx, 'mb', remote)
  await call(ctx, 'put', '--recursive', `${local}/`, `${remote}/put/`)
  mkdirSync(ctx.file('got'))
  await call(ctx, 'get', '--recursive', `${remote}/put/`, `${ctx.file('got')}/`)
  await expectSameTree(local, ctx.file('got'))

  await call(ctx, 'sync', `${local}/`, `${remote}/sync/`)
  const paths = filesUnder(local)
  appendFileSync(paths[1], 'longer now')
  rmSync(paths[2])
  writeFile(`${local}/new/file.bin`, 777)
  const changes = await call(ctx, 'sync', '--delete-removed', `${local}/`, `${remote}/sync/`)
  equal(changes.stdout.match(/^upload:/gm)?.length, 2)
  mkdirSync(ctx.file('synced'))
  await call(ctx, 'sync', `${remote}/sync/`, `${ctx.file('synced')}/`)
  await expectSameTree(local, ctx.file('synced'))
  await call(ctx, 'del', '--recursive', '--force', remote)
  await call(ctx, 'rb', remote)
}

async function oddNames(ctx) {
  const [local, remote] = [ctx.file('odd'), `s3://${ctx.bucket}`]
  makeOddFiles(local)
  await call(ctx, 'mb', remote)
  await call(ctx, 'put', '--recursive', `${local}/`, `${remote}/ü b+c/`)
  mkdirSync(ctx.file('back'))
  await call(ctx, 'get', '--recursive', `${remote}/ü b+c/`, `${ctx.file('back')}/`)
  await expectSameTree(local, ctx.file('back'))
  await call(ctx, 'rb', '--recursive', '--force', remote)
}

async function serverSide(ctx) {
  const remote = `s3://${ctx.bucket}`
  writeFile(ctx.file('body'), 33_333)
  await call(ctx, 'mb', remote)
  await call(ctx, 'put', '--mime-type', 'text/x-odd', ctx.file('body'), `${remote}/first ü+.bin`)
  await call(ctx, 'cp', `${remote}/first ü+.bin`, `${remote}/second %.bin`)
  await call(ctx, 'mv', `${remote}/second %.bin`, `${remote}/third/file 😀.bin`)
  await call(ctx, 'get', `${remote}/third/file 😀.bin`, ctx.file('back'))
  await expectSameFile(ctx.file('body'), ctx.file('back'))
  const info = await call(ctx, 'info', `${remote}/third/file 😀.bin`)
  match(info.stdout, /File size: 33333/)
  match(info.stdout, /MIME type: text\/x-odd/)
  match(info.stdout, /ACL: .*FULL_CONTROL/)
  match((await call(ctx, 'info', remote)).stdout, /Location: +us-east-1/)
  match((await call(ctx, 'du', remote)).stdout, /^ *66666 +2 objects/)
  const listed = await call(ctx, 'ls', '--recursive', remote)
  equal(listed.stdout.trim().split('\n').length, 2)
  await call(ctx, 'modify', '--add-header', 'Cache-Control: no-cache', `${remote}/first ü+.bin`)
  await call(ctx, 'get', '--force', `${remote}/first ü+.bin`, ctx.file('back'))
  await expectSameFile(ctx.file('body'), ctx.file('back'))
  await call(ctx, 'del', `${remote}/first ü+.bin`)
  await call(ctx, 'del', `${remote}/third/file 😀.bin`)
  equal((await call(ctx, 'ls', '--recursive', remote)).stdout, '')
  await call(ctx, 'rb', remote)
  ok(!(await call(ctx, 'ls')).stdout.includes(ctx.bucket))
}

async function bigFile(ctx) {
  const remote = `s3://${ctx.bucket}`
  await writeBigFile(ctx.file('big'), 40 * MIB)
  await call(ctx, 'mb', remote)
  const put = await call(ctx, 'put', '--multipart-chunk-size-mb=15', ctx.file('big'), `${remote}/big.bin`)
  ok(!/warning/i.test(put.stderr), put.stderr)
  await call(ctx, 'get', `${remote}/big.bin`, ctx.file('back'))
  await expectSameFile(ctx.file('big'), ctx.file('back'))
  await call(ctx, 'rb', '--recursive', '--force', remote)
}
