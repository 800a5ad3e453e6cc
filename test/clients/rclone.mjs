import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { debianProgram } from './prepare.mjs'
import {
  expectSameFile,
  expectSameTree,
  filesUnder,
  hashTree,
  makeOddFiles,
  makeSmallFiles,
  ODD_NAMES,
  sha256,
  writeBigFile,
  writeFile,
} from './tree.mjs'

const MIB = 1024 * 1024

/** Set up by its environment alone, as the remote `wharf:`. */
export const rclone = {
  name: 'rclone',
  prepare: () => debianProgram('rclone', 'rclone'),
  environment: ({ server, home }) => ({
    RCLONE_CONFIG: `${home}/rclone.conf`,
    RCLONE_CACHE_DIR: `${home}/rclone-cache`,
    RCLONE_CONFIG_WHARF_TYPE: 's3',
    RCLONE_CONFIG_WHARF_PROVIDER: 'Other',
    RCLONE_CONFIG_WHARF_ENDPOINT: server.url,
    RCLONE_CONFIG_WHARF_REGION: 'us-east-1',
    RCLONE_CONFIG_WHARF_ACCESS_KEY_ID: server.accessKey,
    RCLONE_CONFIG_WHARF_SECRET_ACCESS_KEY: server.secretKey,
  }),
  scenarios: [
    { name: 'sync, check and check --download of 500 files, with list version 1', run: ctx => syncAndCheck(ctx, '1') },
    { name: 'sync, check and check --download of 500 files, with list version 2', run: ctx => syncAndCheck(ctx, '2') },
    { name: 'odd names come back as they were', run: oddNames },
    { name: 'modification times are kept, and changed in place', run: times },
    { name: 'moveto, copyto, lsf, deletefile and purge', run: serverSide },
    { name: 'a big file in chunks of an odd size', run: bigFile },
    { name: 'rcat stores what comes from a pipe', run: pipes },
    { name: 'cleanup and link do their work', run: cleanUpAndLink },
  ],
}

async function syncAndCheck(ctx, listVersion) {
  const [local, back, remote] = [ctx.file('tree'), ctx.file('back'), `wharf:${ctx.bucket}`]
  const call = (...args) => ctx.call([...args, '--s3-list-version', listVersion])
  makeSmallFiles(local, 500)
  await call('mkdir', remote)
  await call('sync', local, `${remote}/tree`)
  await call('check', local, `${remote}/tree`)
  await call('check', '--download', local, `${remote}/tree`)
  await call('sync', `${remote}/tree`, back)
  await expectSameTree(local, back)

  const paths = filesUnder(local)
  appendFileSync(paths[1], 'longer now')
  rmSync(paths[2])
  writeFile(`${local}/new/file.bin`, 777)
  await ctx.call(['check', local, `${remote}/tree`], { exitCodes: [1] })
  await call('sync', local, `${remote}/tree`)
  await call('check', local, `${remote}/tree`)
  await call('sync', `${remote}/tree`, back)
  await expectSameTree(local, back)
  const { stdout } = await call('size', remote, '--json')
  equal(JSON.parse(stdout).count, 500)
  await call('purge', remote)
}

async function oddNames(ctx) {
  const [local, remote] = [ctx.file('odd'), `wharf:${ctx.bucket}/ü b+c`]
  makeOddFiles(local, [...ODD_NAMES, 'back\\slash.txt', ' leading and trailing ', 'line\nbreak'])
  await ctx.call(['copy', local, remote])
  await ctx.call(['check', '--download', local, remote])
  await ctx.call(['copy', remote, ctx.file('back')])
  await expectSameTree(local, ctx.file('back'))
  await ctx.call(['sync', remote, `wharf:${ctx.bucket}/server side ü`])
  await ctx.call(['copy', `wharf:${ctx.bucket}/server side ü`, ctx.file('copied')])
  await expectSameTree(local, ctx.file('copied'))
  await ctx.call(['purge', `wharf:${ctx.bucket}`])
}

async function times(ctx) {
  const remote = `wharf:${ctx.bucket}`
  writeFile(ctx.file('dated', 'old.bin'), 5000)
  const [first, second] = [new Date('2001-02-03T04:05:06.789Z'), new Date('2011-12-13T14:15:16.123Z')]
  utimesSync(ctx.file('dated', 'old.bin'), first, first)
  await ctx.call(['copy', ctx.file('dated'), remote])
  await ctx.call(['copy', remote, ctx.file('back')])
  equal(statSync(ctx.file('back', 'old.bin')).mtimeMs, first.getTime())
  utimesSync(ctx.file('dated', 'old.bin'), second, second)
  const { stderr } = await ctx.call(['sync', ctx.file('dated'), remote, '-v'])
  match(stderr, /Updated modification time/)
  await ctx.call(['sync', remote, ctx.file('back')])
  equal(statSync(ctx.file('back', 'old.bin')).mtimeMs, second.getTime())
  await expectSameTree(ctx.file('dated'), ctx.file('back'))
  await ctx.call(['purge', remote])
}

async function serverSide(ctx) {
  const remote = `wharf:${ctx.bucket}`
  makeSmallFiles(ctx.file('tree'), 20)
  await ctx.call(['copy', ctx.file('tree'), `${remote}/tree`])
  const names = [...(await hashTree(ctx.file('tree'))).keys()]
  const [one, two] = names.filter(name => statSync(ctx.file('tree', name)).size > 0)
  await ctx.call(['copyto', `${remote}/tree/${one}`, `${remote}/copied/one ü.bin`])
  await ctx.call(['moveto', `${remote}/tree/${two}`, `${remote}/moved/two +.bin`])
  await ctx.call(['copyto', `${remote}/copied/one ü.bin`, ctx.file('one')])
  await ctx.call(['copyto', `${remote}/moved/two +.bin`, ctx.file('two')])
  await expectSameFile(ctx.file('tree', one), ctx.file('one'))
  await expectSameFile(ctx.file('tree', two), ctx.file('two'))
  const listed = await ctx.call(['lsf', '-R', '--files-only', remote])
  const expected = [
    ...names.filter(name => name !== two).map(name => `tree/${name}`),
    'copied/one ü.bin',
    'moved/two +.bin',
  ]
  deepEqual(listed.stdout.trimEnd().split('\n').sort(), expected.sort())
  await ctx.call(['deletefile', `${remote}/copied/one ü.bin`])
  equal((await ctx.call(['lsf', `${remote}/copied`])).stdout, '')
  await ctx.call(['delete', `${remote}/tree/dir-1`])
  await ctx.call(['purge', remote])
  const buckets = await ctx.call(['lsd', 'wharf:'])
  ok(!buckets.stdout.includes(ctx.bucket))
}

async function bigFile(ctx) {
  const remote = `wharf:${ctx.bucket}`
  await writeBigFile(ctx.file('big', 'big.bin'), 64 * MIB + 12_345)
  const chunks = ['--s3-chunk-size', '7777Ki', '--s3-upload-cutoff', '10Mi', '--s3-upload-concurrency', '3']
  await ctx.call(['copy', ctx.file('big'), remote, ...chunks])
  await ctx.call(['check', ctx.file('big'), remote])
  await ctx.call(['copy', remote, ctx.file('back'), '--multi-thread-cutoff', '16Mi', '--multi-thread-streams', '4'])
  await expectSameFile(ctx.file('big', 'big.bin'), ctx.file('back', 'big.bin'))
  await ctx.call(['copyto', `${remote}/big.bin`, `${remote}/copy.bin`, '--s3-copy-cutoff', '20Mi'])
  await ctx.call(['copyto', `${remote}/copy.bin`, ctx.file('copy.bin')])
  await expectSameFile(ctx.file('big', 'big.bin'), ctx.file('copy.bin'))
  await ctx.call(['purge', remote])
}

async function pipes(ctx) {
  const remote = `wharf:${ctx.bucket}`
  await ctx.call(['mkdir', remote])
  for (const size of [0, 1234, 13 * MIB + 5]) {
    writeFile(ctx.file('piped'), size)
    const input = readFileSync(ctx.file('piped'))
    await ctx.call(['rcat', `${remote}/piped-${size}`], { input })
    const { bytes } = await ctx.call(['cat', `${remote}/piped-${size}`])
    equal(sha256(bytes), sha256(input))
    if (size === 0) continue
    const part = await ctx.call(['cat', `${remote}/piped-${size}`, '--offset', '1000', '--count', '200'])
    ok(part.bytes.equals(input.subarray(1000, 1200)))
  }
  await ctx.call(['purge', remote])
}

async function cleanUpAndLink(ctx) {
  const remote = `wharf:${ctx.bucket}`
  writeFile(ctx.file('shared', 'some file ü.bin'), 30_000)
  await ctx.call(['copy', ctx.file('shared'), remote])
  const { stdout } = await ctx.call(['link', `${remote}/some file ü.bin`, '--expire', '60s'])
  await ctx.run('curl', ['-sS', '--fail', '-o', ctx.file('fetched'), stdout.trim()])
  await expectSameFile(ctx.file('shared', 'some file ü.bin'), ctx.file('fetched'))
  await ctx.call(['cleanup', remote])
  await ctx.call(['backend', 'list-multipart-uploads', remote])
  await ctx.call(['purge', remote])
}
