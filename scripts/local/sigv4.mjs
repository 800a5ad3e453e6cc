import { createHash, createHmac } from 'node:crypto'

/**
 * Signs requests with AWS Signature Version 4 in the Authorization header. Made for the bench and the command alone: paths and
 * queries come percent-encoded, and three headers are signed (host, x-amz-content-sha256, x-amz-date).
 *
 * @param account  { accessKey, secretKey, region }
 * @see            AWS General Reference, Signature Version 4
 */
export function signerFor({ accessKey, secretKey, region }) {
  let keyDate
  let key

  return function sign({ method, host, path, query, payload, at = new Date() }) {
    const stamp = at.toISOString().replace(/[-:]|\.\d{3}/g, '')
    const date = stamp.slice(0, 8)
    const scope = `${date}/${region}/s3/aws4_request`
    if (keyDate !== date) {
      keyDate = date
      key = [date, region, 's3', 'aws4_request'].reduce(hmac, `AWS4${secretKey}`)
    }
    const signed = 'host;x-amz-content-sha256;x-amz-date'
    const canonicalHeaders = `host:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${stamp}\n`
    const canonicalQuery = query ? query.split('&').sort().join('&') : ''
    const canonical = [method, path, canonicalQuery, canonicalHeaders, signed, payload].join('\n')
    const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha256Hex(canonical)].join('\n')
    const signature = hmac(key, toSign).toString('hex')
    return {
      'x-amz-content-sha256': payload,
      'x-amz-date': stamp,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    }
  }
}

export function sha256Hex(data) {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key, data) {
  return createHmac('sha256', key).update(data).digest()
}
