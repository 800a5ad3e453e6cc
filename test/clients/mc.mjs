import { equal, match, ok } from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { mcProgram } from './prepare.mjs'
import {
  expectSameFile,
  expectSameTree,
  filesUnder,
  makeOddFiles,
  makeSmallFiles,
  sha256,
  writeBigFile,
  writeFile,
} from './tree.mjs'

const MIB = 1024 * 1024

/** MinIO's own client. */
export const mc = {
  name: 'mc',
  prepare: mcProgram,
  environment: ({ home }) => ({ MC_CONFIG_DIR: `${home}/mc`, MC_DISABLE_PAGER: '1', MC_NO_COLOR: '1' }),
  scenarios: [
    { name: 'a tree by cp, mirror and diff', run: tree },
    { name: 'odd names come back as they were', run: oddNames },
    { name: 'stat, cat, find, mv, rm and rb', run: objects },
    { name: 'a big file in parts, and a pipe of unknown length', run: bigFile },
  ],
}

/** @returns the alias that names the server */
async function openAlias(ctx) {
  await ctx.call(['alias', 'set', 'wharf', ctx.server.url, ctx.server.accessKey, ctx.server.secretKey])
  await ctx.call(['mb', `wharf/${ctx.bucket}`])
  return `wharf/${ctx.bucket}`
}

async function tree(ctx) {
  const local = ctx.file('tree')
  const remote = await openAlias(ctx)
  makeSmallFiles(local, 200)
  await ctx.call(['cp', '--quiet', '--recursive', `${local}/`, `${remote}/copied/`])
  await ctx.call(['cp', '--quiet', '--recursive', `${remote}/copied/`, `${ctx.file('back')}/`])
  await expectSameTree(local, ctx.file('back'))
  await ctx.call(['mirror', '--quiet', local, `${remote}/mirrored`])
  equal((await ctx.call(['diff', local, `${remote}/mirrored`])).stdout, '')

  const paths = filesUnder(local)
  appendFileSync(paths[1], 'longer now')
  rmSync(paths[2])
  writeFile(`${local}/new/file.bin`, 777)
  const differing = await ctx.call(['diff', local, `${remote}/mirrored`])
  equal(differing.stdout.trim().split('\n').length, 3)
  await ctx.call(['mirror', '--quiet', '--overwrite', '--remove', local, `${remote}/mirrored`])
  await ctx.call(['mirror', '--quiet', `${remote}/mirrored`, ctx.file('mirrored')])
  await expectSameTree(local, ctx.file('mirrored'))
  await ctx.call(['mirror', '--quiet', `${remote}/mirrored`, `${remote}/twice`])
  equal((await ctx.call(['diff', `${remote}/mirrored`, `${remote}/twice`])).stdout, '')
  await ctx.call(['rm', '--quiet', '--recursive', '--force', remote])
  await ctx.call(['rb', remote])
}

async function oddNames(ctx) {
  const local = ctx.file('odd')
  const remote = await openAlias(ctx)
  makeOddFiles(local)
  await ctx.call(['mirror', '--quiet', local, `${remote}/ü b+c`])
  await ctx.call(['mirror', '--quiet', `${remote}/ü b+c`, ctx.file('back')])
  await expectSameTree(local, ctx.file('back'))
  await ctx.call(['rb', '--force', remote])
}

async function objects(ctx) {
  const remote = await openAlias(ctx)
  writeFile(ctx.file('body'), 44_444)
  await ctx.call([
    'cp',
    '--quiet',
    '--attr',
    'Cache-Control=no-cache;colour=blue',
    ctx.file('body'),
    `${remote}/one ü+.bin`,
  ])
  const stat = JSON.parse((await ctx.call(['stat', '--json', `${remote}/one ü+.bin`])).stdout)
  equal(stat.size, 44_444)
  equal(stat.metadata['X-Amz-Meta-Colour'], 'blue')
  equal(sha256((await ctx.call(['cat', `${remote}/one ü+.bin`])).bytes), sha256(readFileSync(ctx.file('body'))))
  await ctx.call(['cp', '--quiet', `${remote}/one ü+.bin`, `${remote}/deep/two %.bin`])
  await ctx.call(['mv', '--quiet', `${remote}/deep/two %.bin`, `${remote}/deep/three 😀.bin`])
  const found = await ctx.call(['find', remote, '--name', '*.bin'])
  equal(found.stdout.trim().split('\n').length, 2)
  match(found.stdout, /deep\/three 😀\.bin/)
  await ctx.call(['cp', '--quiet', `${remote}/deep/three 😀.bin`, ctx.file('back')])
  await expectSameFile(ctx.file('body'), ctx.file('back'))
  match((await ctx.call(['du', remote])).stdout, /2 objects/)
  await ctx.call(['rm', `${remote}/one ü+.bin`])
  await ctx.call(['stat', `${remote}/one ü+.bin`], { exitCodes: [1] })
  await ctx.call(['rb', remote], { exitCodes: [1] })
  await ctx.call(['rb', '--force', remote])
  ok(!(await ctx.call(['ls', 'wharf'])).stdout.includes(ctx.bucket))
}

async function bigFile(ctx) {
  const remote = await openAlias(ctx)
  await writeBigFile(ctx.file('big'), 64 * MIB + 1)
  await ctx.call(['cp', '--quiet', ctx.file('big'), `${remote}/big.bin`])
  await ctx.call(['cp', '--quiet', `${remote}/big.bin`, ctx.file('back')])
  await expectSameFile(ctx.file('big'), ctx.file('back'))
  for (const size of [0, 1000, 20 * MIB + 3]) {
    writeFile(ctx.file('piped'), size)
    const input = readFileSync(ctx.file('piped'))
    await ctx.call(['pipe', '--quiet', `${remote}/piped-${size}`], { input })
    equal(sha256((await ctx.call(['cat', `${remote}/piped-${size}`])).bytes), sha256(input))
  }
  await ctx.call(['rb', '--force', remote])
}
