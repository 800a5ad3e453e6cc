const read = new WeakMap<Headers, [name: string, value: string][]>()

/**
 * The `x-amz-*` headers of a request, names in lower case. Walking over all headers is dear, and several readers want these:
 * so it is done once for each request.
 */
export function amzHeaders(headers: Headers): [name: string, value: string][] {
  const present = read.get(headers)
  if (present) return present
  const found: [string, string][] = []
  for (const [name, value] of headers) if (name.startsWith('x-amz-')) found.push([name, value])
  read.set(headers, found)
  return found
}
