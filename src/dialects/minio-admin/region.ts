import type { Config } from '../../config'

/** The region that this server says it is in, also where it takes signatures for any. */
export function regionOf({ region }: Config): string {
  return region === '*' ? 'us-east-1' : region
}
