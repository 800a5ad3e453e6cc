import type { AdminCall } from '../call'
import { regionOf } from '../region'
import { json } from '../render'
import { httpInfo, networkInfo, type Space, serverProperties, storageInfo } from '../wire-server'

/**
 * GET /?info. One object, as until April 2017; with WHARF_MINIO_INFO_SHAPE=array a list of one node, as since. No client
 * can read both.
 */
export async function serverInfo(call: AdminCall): Promise<Response> {
  const { wharf, host } = call
  const { administration, config } = wharf
  const [space, traffic, uptimeMillis] = await Promise.all([
    measureSpace(call),
    administration.traffic(),
    administration.uptimeMillis(),
  ])
  const info = {
    storage: storageInfo(space),
    network: networkInfo(traffic),
    http: httpInfo(traffic),
    server: serverProperties(uptimeMillis, regionOf(config)),
  }
  return json(config.minioInfoShape === 'object' ? info : [{ error: '', addr: host, data: info }])
}

export async function measureSpace({ wharf, caller }: AdminCall): Promise<Space> {
  const { bytes, buckets, objects } = await wharf.store.usage(caller)
  return { capacityBytes: wharf.config.capacityBytes, usedBytes: bytes, buckets, objects }
}
