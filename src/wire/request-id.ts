let isolateMark = ''
let requests = 0

/** Random for each isolate, then counted: unique, without asking the random source for each request. Hex. */
export function newRequestId(): string {
  if (isolateMark === '') isolateMark = crypto.getRandomValues(new Uint8Array(6)).toHex().toUpperCase()
  requests += 1
  return isolateMark + requests.toString(16).toUpperCase().padStart(8, '0')
}
