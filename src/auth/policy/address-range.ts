/** Addresses that begin with the same bits; of IPv4 4 bytes, of IPv6 16. */
export interface AddressRange {
  bytes: number[]
  bits: number
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address alone; undefined for anything else. What stands behind the prefix is ignored. */
export function readAddressRange(text: string): AddressRange | undefined {
  const slash = text.indexOf('/')
  const bytes = readBytes(slash < 0 ? text : text.slice(0, slash))
  if (!bytes) return undefined
  const suffix = slash < 0 ? String(bytes.length * 8) : text.slice(slash + 1)
  const bits = /^(0|[1-9]\d{0,2})$/.test(suffix) ? Number(suffix) : Number.NaN
  if (!(bits <= bytes.length * 8)) return undefined
  const isMapped = isIpv4Mapped(bytes) && bits >= 96
  return isMapped ? { bytes: bytes.slice(12), bits: bits - 96 } : { bytes, bits }
}

/** @param address  one address; anything else is in no range */
export function isInRange(address: string, { bytes, bits }: AddressRange): boolean {
  const asked = readAddressRange(address)
  if (asked?.bytes.length !== bytes.length || asked.bits !== bytes.length * 8) return false
  return bytes.every((byte, i) => {
    const counted = Math.min(8, Math.max(0, bits - i * 8))
    const mask = (0xff00 >> counted) & 0xff
    return (byte & mask) === ((asked.bytes[i] ?? 0) & mask)
  })
}

function readBytes(text: string): number[] | undefined {
  return text.includes(':') ? readIpv6(text) : readIpv4(text)
}

/** Four decimal numbers; one that begins with 0 would be octal to some. */
function readIpv4(text: string): number[] | undefined {
  const bytes = text.split('.', 5)
  const isFit = bytes.length === 4 && bytes.every(byte => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)
  return isFit ? bytes.map(Number) : undefined
}

/** @see RFC 4291, section 2.2 */
function readIpv6(text: string): number[] | undefined {
  const halves = text.split('::', 3)
  if (halves.length > 2 || text.length > 45) return undefined
  const [left, right] = halves.map((half, i) => readGroups(half, i === halves.length - 1))
  if (!left) return undefined
  if (halves.length === 1) return left.length === 16 ? left : undefined
  if (!right) return undefined
  const missing = 16 - left.length - right.length
  return missing >= 2 ? [...left, ...Array<number>(missing).fill(0), ...right] : undefined
}

/** @param mayEndInIpv4  as `::ffff:10.0.0.1` does */
function readGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
      continue
    }
    const embedded = mayEndInIpv4 && i === groups.length - 1 ? readIpv4(group) : undefined
    if (!embedded) return undefined
    bytes.push(...embedded)
  }
  return bytes
}

function isIpv4Mapped(bytes: number[]): boolean {
  return bytes.length === 16 && bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff))
}
