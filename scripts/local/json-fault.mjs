/** JSON.parse often says what is wrong without saying where, so the place is looked for here, on the way through the text. */
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const SPACE = /[ \t\r\n]*/y

class JsonFault extends Error {
  constructor(at, reason) {
    super(reason)
    this.at = at
  }
}

/**
 * Where a text stops being JSON, and why.
 *
 * @returns { line, column, reason }, both counted from 1; undefined when it is JSON
 */
export function findJsonFault(text) {
  try {
    const tokens = new Tokens(text)
    readValue(tokens)
    if (tokens.next !== undefined) throw tokens.fault('the end of the file')
    return undefined
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    const before = text.slice(0, error.at).split('\n')
    return { line: before.length, column: before.at(-1).length + 1, reason: error.message }
  }
}

class Tokens {
  #text
  #at = 0
  #end = 0

  constructor(text) {
    this.#text = text
    this.advance()
  }

  advance() {
    SPACE.lastIndex = this.#end
    SPACE.test(this.#text)
    this.#at = SPACE.lastIndex
    TOKEN.lastIndex = this.#at
    this.next = TOKEN.exec(this.#text)?.[0]
    this.#end = this.#at + (this.next?.length ?? 0)
    if (this.next === undefined && this.#at < this.#text.length) throw this.fault('a value, or punctuation')
  }

  take(wanted, name = `"${wanted}"`) {
    if (this.next !== wanted) throw this.fault(name)
    this.advance()
  }

  fault(wanted) {
    const rest = this.#text.slice(this.#at)
    const found =
      rest === '' ? 'the end of the file' : rest.startsWith('"') && !this.next ? 'a broken string' : `"${rest[0]}"`
    return new JsonFault(this.#at, `expected ${wanted}, found ${found}`)
  }
}

function readValue(tokens) {
  if (tokens.next === '{') return readList(tokens, '}', readMember)
  if (tokens.next === '[') return readList(tokens, ']', readValue)
  if (tokens.next === undefined || '}],:'.includes(tokens.next)) throw tokens.fault('a value')
  tokens.advance()
}

function readMember(tokens) {
  if (!tokens.next?.startsWith('"')) throw tokens.fault('a name in double quotes')
  tokens.advance()
  tokens.take(':')
  readValue(tokens)
}

function readList(tokens, close, readOne) {
  tokens.advance()
  if (tokens.next === close) return tokens.advance()
  for (;;) {
    readOne(tokens)
    if (tokens.next !== ',') break
    tokens.advance()
  }
  tokens.take(close, `"," or "${close}"`)
}
