import { COUNTED_METHODS, type Tally, type Traffic } from '../../model/traffic'
import { VERSION } from '../../version'
import { formatGoDuration } from '../../wire/go-duration'

/** How much there is, and how much there is room for. */
export interface Space {
  capacityBytes: number
  usedBytes: number
  buckets: number
  objects: number
}

const FILE_SYSTEM = 1

/**
 * Where the bytes rest. Disks are the platform's affair, so there are none to count; what Wharf has instead of them stands
 * beside, where clients that do not know it ignore it. Quorums are of the first half of 2017, parities of what came after.
 */
export function storageInfo({ capacityBytes, usedBytes, buckets, objects }: Space): object {
  return {
    Total: capacityBytes,
    Free: Math.max(0, capacityBytes - usedBytes),
    Backend: {
      Type: FILE_SYSTEM,
      OnlineDisks: 0,
      OfflineDisks: 0,
      ReadQuorum: 0,
      WriteQuorum: 0,
      StandardSCParity: 0,
      RRSCParity: 0,
    },
    Used: usedBytes,
    Buckets: buckets,
    Objects: objects,
  }
}

export function serverVersion(): object {
  return { version: VERSION.version, commitID: VERSION.commit }
}

/** In whole nanoseconds: clients refuse a fraction or an exponent. */
export function nanos(millis: number): number {
  return Math.round(millis) * 1_000_000
}

/** The names are the wrong way round in the original, and so in its clients: `transferred` is what the server received. */
export function networkInfo({ receivedBytes, sentBytes }: Traffic): object {
  return { transferred: receivedBytes, received: sentBytes }
}

export function httpInfo({ methods }: Traffic): object {
  const stats = COUNTED_METHODS.flatMap(method => [
    [`total${method}s`, httpStats(methods[method].total)],
    [`success${method}s`, httpStats(methods[method].success)],
  ])
  return Object.fromEntries(stats)
}

export function serverProperties(uptimeMillis: number, region: string): object {
  return {
    uptime: nanos(uptimeMillis),
    version: VERSION.version,
    commitID: VERSION.commit,
    region,
    sqsARN: [],
  }
}

function httpStats({ count, millis }: Tally): { count: number; avgDuration: string } {
  return { count, avgDuration: formatGoDuration(count === 0 ? 0 : Math.round((millis * 1_000_000) / count)) }
}
