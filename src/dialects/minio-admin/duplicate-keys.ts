const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/**
 * Whether an object of the document has two members of one name; JSON.parse takes the last of them and says nothing.
 * @param text  well-formed JSON
 */
export function hasDuplicateKeys(text: string): boolean {
  // The names of each open object; undefined stands for an open list.
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1)
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined)
    } else if (token === '}' || token === ']') {
      open.pop()
    } else if (isName && names && token.startsWith('"')) {
      // Two spellings of one name are one name.
      const name: unknown = JSON.parse(token)
      if (names.has(String(name))) return true
      names.add(String(name))
    }
    isName = token === '{' || (token === ',' && open.at(-1) !== undefined)
  }
  return false
}
