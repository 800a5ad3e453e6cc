import { type Refusal, refused } from '../../src/model/outcome'
import { limitBroken } from '../../src/model/quota'
import type { Ground } from './ground'
import type { Present } from './objects'
import { isKept } from './versions'

/** Why a write may not go on, where the bucket has a quota. What it will replace makes room for it. */
export function judgeQuota(
  ground: Ground,
  present: Present | undefined,
  write: { key: string; size: number },
): Refusal | undefined {
  const { quota } = ground.settings()
  if (!quota) return undefined
  const change = { objects: present ? 0 : 1, bytes: write.size - bytesFreed(ground, present, write.key) }
  const broken = limitBroken(quota, ground.tally.read(), change)
  return broken && refused('QuotaExceeded', { [broken]: quota[broken] ?? 0 })
}

/** The bytes of the versions in whose place a new one comes. */
function bytesFreed({ sql, settings }: Ground, present: Present | undefined, key: string): number {
  const { versioning } = settings()
  const replaced = present && !isKept(present, versioning) ? present.size : 0
  if (versioning !== 'Suspended') return replaced
  const [older] = sql
    .exec<{ size: number }>('select size from versions where key = ? and stamped is null', key)
    .toArray()
  return replaced + (older?.size ?? 0)
}
