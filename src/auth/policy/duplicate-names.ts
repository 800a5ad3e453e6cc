const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/**
 * Whether an object somewhere in a JSON text has the same name twice. `JSON.parse` keeps the last of them, so that a condition
 * could be lost, and a policy allow more than whoever wrote it sees in it.
 *
 * @param text  that `JSON.parse` accepts
 */
export function hasDuplicateNames(text: string): boolean {
  /** The names of each object that is open, innermost last; undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  let latest = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const names = open.at(-1)
      const name = String(JSON.parse(latest))
      if (names?.has(name)) return true
      names?.add(name)
    } else latest = token
  }
  return false
}
