import { equal } from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { debianProgram } from './prepare.mjs'
import { expectSameTree, filesUnder, makeOddFiles, makeSmallFiles, writeBigFile, writeFile } from './tree.mjs'

const RANDOM_BYTES = 50_000_000

/** Encrypted, deduplicated backups. */
export const restic = {
  name: 'restic',
  prepare: () => debianProgram('restic', 'restic'),
  environment: ({ server, home }) => ({
    AWS_ACCESS_KEY_ID: server.accessKey,
    AWS_SECRET_ACCESS_KEY: server.secretKey,
    RESTIC_PASSWORD: 'a password for the tests',
    RESTIC_CACHE_DIR: `${home}/restic-cache`,
  }),
  scenarios: [{ name: 'two backups, a full check, both restored, and the older one forgotten', run: backups }],
}

async function backups(ctx) {
  const local = ctx.file('tree')
  const call = (...args) => ctx.call(['--repo', `s3:${ctx.server.url}/${ctx.bucket}/a/repository`, ...args])
  makeSmallFiles(local, 300)
  makeOddFiles(`${local}/odd`)
  await writeBigFile(`${local}/random.bin`, RANDOM_BYTES)
  await call('init')
  await ctx.run('cp', ['-a', local, ctx.file('first')])
  await call('backup', local)

  const paths = filesUnder(local)
  appendFileSync(paths[1], 'longer now')
  appendFileSync(`${local}/random.bin`, 'and this one too')
  rmSync(paths[2])
  writeFile(`${local}/new/file.bin`, 2_000_000)
  await call('backup', local)
  await call('check', '--read-data')

  const snapshots = JSON.parse((await call('snapshots', '--json')).stdout)
  equal(snapshots.length, 2)
  await call('restore', snapshots[0].id, '--target', ctx.file('restored-first'), '--verify')
  await expectSameTree(ctx.file('first'), ctx.file('restored-first', local))
  await call('restore', 'latest', '--target', ctx.file('restored-latest'), '--verify')
  await expectSameTree(local, ctx.file('restored-latest', local))

  await call('forget', '--keep-last', '1', '--prune')
  await call('check', '--read-data')
  equal(JSON.parse((await call('snapshots', '--json')).stdout).length, 1)
  await call('restore', 'latest', '--target', ctx.file('restored-pruned'))
  await expectSameTree(local, ctx.file('restored-pruned', local))
}
