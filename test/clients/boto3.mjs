import { fileURLToPath } from 'node:url'
import { pythonProgram } from './prepare.mjs'

const PROGRAM = fileURLToPath(new URL('boto3-scenarios.py', import.meta.url))

/** A Python program that runs one scenario, and asserts by itself. */
export const boto3 = {
  name: 'boto3',
  prepare: () => pythonProgram('python'),
  environment: ({ server, home }) => ({
    AWS_ACCESS_KEY_ID: server.accessKey,
    AWS_SECRET_ACCESS_KEY: server.secretKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: `${home}/aws-config`,
    AWS_SHARED_CREDENTIALS_FILE: `${home}/aws-credentials`,
    AWS_EC2_METADATA_DISABLED: 'true',
  }),
  scenarios: [
    scenario('objects come back with their bytes, metadata and headers', 'round_trip'),
    scenario('copies keep or replace metadata', 'copies'),
    scenario('managed transfers and streams go up in parts', 'managed_transfers'),
    scenario('parts by hand, one of them a copy, one sent twice', 'multipart'),
    scenario('presigned GET, PUT, HEAD and DELETE with SigV4', 'presigned'),
    scenario('paginators list each key once', 'paginators'),
    scenario('delete_objects removes 1,000 keys at once', 'batch_delete'),
    scenario('of 16 racing conditional puts exactly one wins', 'races'),
    scenario('five checksum algorithms as header and as trailer', 'checksums'),
    scenario('checksums of multipart uploads, composite and of the full object', 'multipart_checksums'),
    scenario('a put of 10 bytes takes less than 50 ms', 'small_puts'),
    scenario('an empty put does not hold up the next one', 'empty_puts'),
    scenario('a body that does not match is refused, and the object stays', 'mismatches'),
    scenario('what is not set on a bucket is answered as S3 does', 'bucket_settings'),
  ],
}

/** The last line that the program prints is a remark. */
function scenario(name, functionName) {
  return {
    name,
    async run(ctx) {
      const { stdout } = await ctx.call([PROGRAM, functionName, ctx.server.url, ctx.bucket])
      return stdout.trim().split('\n').at(-1)
    },
  }
}
