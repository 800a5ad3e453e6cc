import type { Dialect } from './dialect'
import { minioAdmin } from './minio-admin/minio-admin'
import { own } from './own/own'
import { s3 } from './s3/s3'
import { sts } from './sts/sts'

/** In the order in which they are asked; S3 takes the rest. */
const DIALECTS: Dialect[] = [own, minioAdmin, sts, s3]

export function dialectFor(request: Request): Dialect {
  return DIALECTS.find(dialect => dialect.claims(request)) ?? s3
}
