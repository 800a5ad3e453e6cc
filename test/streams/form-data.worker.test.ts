import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Form, MalformedForm, readBoundary, readForm } from '../../src/streams/form-data'

const LIMITS = { maxBytes: 10_000, maxFields: 20, maxHeaderBytes: 1000 }

/** What a form turned out to be, its file read to the end. */
interface Outcome {
  fields: [name: string, value: string][]
  filename?: string
  file?: Buffer
  offset?: number
}

async function* pieces(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  // One buffer for all pieces, as a body gives them.
  const buffer = new Uint8Array(bytes.length)
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    const piece = bytes.subarray(at, at + size)
    buffer.fill(0)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
    at += size
  }
}

async function outcomeOf(
  body: string | Uint8Array,
  {
    boundary = 'b',
    sizes = [1e9],
    limits = LIMITS,
  }: { boundary?: string; sizes?: number[]; limits?: typeof LIMITS } = {},
): Promise<Outcome> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const isFile = ({ name }: { name: string }) => name === 'file'
  const form: Form = await readForm(pieces(bytes, sizes), { boundary, isFile, ...limits })
  const fields = form.fields.map(({ name, value }): [string, string] => [name, value])
  if (!form.file) return { fields }
  const chunks: Uint8Array[] = []
  for await (const chunk of form.file.chunks()) {
    chunks.push(chunk.slice())
    chunk.fill(0)
  }
  return { fields, filename: form.file.filename, offset: form.file.offset, file: Buffer.concat(chunks) }
}

const field = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string, more = '; filename="f.txt"') =>
  `--b\r\nContent-Disposition: form-data; name="file"${more}\r\nContent-Type: text/plain\r\n\r\n${content}\r\n--b--\r\n`

describe('a form', () => {
  test('that a browser sends is read field by field, up to its file', async () => {
    const boundary = '----WebKitFormBoundaryAbc'
    const body = [
      `--${boundary}\r\nContent-Disposition: form-data; name="key"\r\n\r\na/$\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="x-amz-meta-ü"\r\n\r\none\r\ntwo\r\n\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="ü %22.txt"\r\n`,
      `Content-Type: text/plain\r\n\r\nbytes\r\n--${boundary}\r\n`,
      `Content-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n--${boundary}--\r\n`,
    ].join('')
    const offset = Buffer.from(body).indexOf('bytes')
    for (const sizes of [[1e9], [1], [7, 3]]) {
      const outcome = await outcomeOf(body, { boundary, sizes })
      expect(outcome).toEqual({
        fields: [
          ['key', 'a/$'],
          ['x-amz-meta-ü', 'one\r\ntwo\r\n'],
        ],
        filename: 'ü %22.txt',
        offset,
        file: Buffer.from('bytes'),
      })
    }
  })

  test('may have a preamble, padding behind a boundary, and no line end before the end', async () => {
    const body = `a preamble\r\n${field('key', 'k').replace('--b', '--b \t')}${file('x')}`.trimEnd()
    expect(await outcomeOf(body)).toMatchObject({ fields: [['key', 'k']], file: Buffer.from('x') })
  })

  test('may hold empty values and an empty file, also without the line that ends their headers', async () => {
    expect(await outcomeOf(field('key', '') + file(''))).toMatchObject({ fields: [['key', '']], file: Buffer.from('') })
    const tight = (field('key', '') + file('')).replaceAll('\r\n\r\n\r\n', '\r\n\r\n')
    expect(await outcomeOf(tight)).toMatchObject({ fields: [['key', '']], file: Buffer.from('') })
  })

  test('without a file ends at its last boundary', async () => {
    expect(await outcomeOf(`${field('key', 'k')}--b--`)).toEqual({ fields: [['key', 'k']] })
    expect(await outcomeOf('--b--')).toEqual({ fields: [] })
  })

  test('names its file in many ways', async () => {
    const names: [string, string | undefined][] = [
      ['', undefined],
      ['; filename=""', ''],
      ['; filename=bare.txt', 'bare.txt'],
      ['; FileName = "a;b=c.txt"', 'a;b=c.txt'],
      ['; filename="a\\"b\\\\c.txt"', 'a"b\\c.txt'],
      ['; filename="C:\\dir\\file.txt"', 'C:\\dir\\file.txt'],
      ['; filename="x"; filename*=utf-8\'\'%C3%BC%20y.txt', 'ü y.txt'],
      ['; filename="x"; filename*=latin1\'\'%FC', 'x'],
      ['; filename="first"; filename="second"', 'first'],
    ]
    for (const [more, name] of names) {
      expect([more, (await outcomeOf(file('x', more))).filename]).toEqual([more, name])
    }
  })

  test('is refused where it is broken', async () => {
    const broken = {
      nothing: '',
      'no boundary': 'some text',
      'another boundary': file('x').replaceAll('--b', '--c'),
      'text behind a boundary': field('key', 'k').replace('--b', '--bc') + file('x'),
      'text behind the boundary after the file': file('x').replace('\r\n--b--', '\r\n--bc'),
      'no disposition': '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--',
      'another disposition': field('key', 'k').replace('form-data', 'attachment') + file('x'),
      'no name': `--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n${file('x')}`,
      'an open quote': `--b\r\nContent-Disposition: form-data; name="x\r\n\r\nx\r\n${file('x')}`,
      'an end among the fields': field('key', 'k'),
      'an end in the headers': '--b\r\nContent-Disposition: form-data; name="file"\r\n',
      'an end in the file': file('x').replace('\r\n--b--', ''),
      'an end in the last boundary': file('x').replace('b--\r\n', ''),
      'an end behind the last boundary': file('x').replace('--\r\n', ''),
    }
    for (const [what, body] of Object.entries(broken)) {
      for (const sizes of [[1e9], [1]]) {
        const refused = await outcomeOf(body, { sizes }).catch(error => error)
        expect([what, refused]).toEqual([what, expect.any(MalformedForm)])
        expect([what, refused.isTooLarge]).toEqual([what, false])
      }
    }
    const notUtf8 = Buffer.from(field('key', '\xfc') + file('x'), 'latin1')
    await expect(outcomeOf(notUtf8)).rejects.toThrow(MalformedForm)
  })

  test('holds no more than its limits before the file', async () => {
    const small = { maxBytes: 400, maxFields: 3, maxHeaderBytes: 100 }
    const outcome = (body: string, sizes = [1e9]) =>
      outcomeOf(body, { limits: small, sizes }).then(
        ({ file }) => file?.length,
        error => (error instanceof MalformedForm && error.isTooLarge ? 'too large' : error),
      )
    const long = file('x'.repeat(5000))
    for (const sizes of [[1e9], [1], [64]]) {
      expect(await outcome(long, sizes)).toBe(5000)
      expect(await outcome(field('a', 'x'.repeat(200)) + long, sizes)).toBe(5000)
      expect(await outcome(field('a', 'x'.repeat(500)) + long, sizes)).toBe('too large')
      expect(await outcome(field('a', 'x'.repeat(200)) + field('b', 'x'.repeat(200)) + long, sizes)).toBe('too large')
      expect(await outcome(field('n'.repeat(120), '') + long, sizes)).toBe('too large')
      expect(await outcome(field('a', '').repeat(3) + long, sizes)).toBe(5000)
      expect(await outcome(field('a', '').repeat(4) + long, sizes)).toBe('too large')
      expect(await outcome('x'.repeat(500), sizes)).toBe('too large')
    }
  })

  test('lets go of its body where it is refused, and where the file is read', async () => {
    for (const [body, isWhole] of [
      [field('key', 'k').repeat(30), false],
      [file('x'), true],
    ] as const) {
      let isOver = false
      const source = (async function* () {
        try {
          for (;;) yield Buffer.from(body)
        } finally {
          isOver = true
        }
      })()
      const reading = readForm(source, { boundary: 'b', isFile: ({ name }) => name === 'file', ...LIMITS })
      if (isWhole) for await (const chunk of (await reading).file?.chunks() ?? []) expect(chunk.length).toBe(1)
      else await expect(reading).rejects.toThrow(MalformedForm)
      expect(isOver).toBe(true)
    }
  })
})

test('a boundary is read out of the content type', () => {
  const boundaries: [string | null, string | undefined][] = [
    [null, undefined],
    ['text/plain; boundary=x', undefined],
    ['multipart/form-datas; boundary=x', undefined],
    ['multipart/form-data', ''],
    ['multipart/form-data; boundary=', ''],
    [`multipart/form-data; boundary=${'x'.repeat(201)}`, ''],
    ['multipart/form-data; boundary=x', 'x'],
    ['Multipart/Form-Data;charset=utf-8;  BOUNDARY="a b=c"', 'a b=c'],
  ]
  for (const [type, boundary] of boundaries) expect([type, readBoundary(type)]).toEqual([type, boundary])
})

describe('against a model that holds everything', () => {
  // Few letters, so that delimiters, their beginnings and broken lines come up everywhere.
  const letter = fc.constantFrom('\r', '\n', '\r\n', '-', '--', 'b', '\r\n--b', '--b\r\n', ' ', ':', 'x', '"', ';')
  const noise = fc.array(letter, { maxLength: 12 }).map(letters => letters.join(''))
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
  const head = fc.constantFrom(
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n',
    '--b\r\ncontent-disposition:form-data;name=other;filename=x\r\nX: y\r\n\r\n',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n',
    '--b--',
  )
  const body = fc
    .tuple(noise, fc.array(fc.tuple(head, noise), { maxLength: 4 }), noise)
    .map(([before, parts, after]) => before + parts.flatMap(part => [...part, '\r\n']).join('') + after)

  test('the outcome is the same, however the body is cut', async () => {
    await fc.assert(
      fc.asyncProperty(body, sizes, async (text, cuts) => {
        const found = await outcomeOf(text, { sizes: cuts }).catch(error => {
          if (error instanceof MalformedForm) return 'malformed'
          throw error
        })
        expect(found).toEqual(modelOf(text))
      }),
      { numRuns: 3000 },
    )
  })

  test('a file of any bytes comes out whole, whatever the boundary', async () => {
    const boundary = fc.stringMatching(/^[A-Za-z0-9'()+_,./:=?-]{1,70}$/)
    const bytes = fc.uint8Array({ maxLength: 3000 })
    await fc.assert(
      fc.asyncProperty(boundary, bytes, sizes, fc.nat(60), async (name, content, cuts, at) => {
        // The beginning of the delimiter stands in the file, but never all of it.
        const lure = Buffer.from(`\r\n--${name}`.slice(0, -1))
        const data = Buffer.concat([content.subarray(0, at), lure, content.subarray(at)])
        fc.pre(!data.includes(`\r\n--${name}`))
        const open = `--${name}\r\nContent-Disposition: form-data; name="file"\r\n\r\n`
        const whole = Buffer.concat([Buffer.from(open), data, Buffer.from(`\r\n--${name}--\r\n`)])
        const found = await outcomeOf(whole, { boundary: name, sizes: cuts })
        expect(found.file?.equals(data)).toBe(true)
        expect(found.offset).toBe(open.length)
      }),
      { numRuns: 500 },
    )
  })
})

/** The grammar once more, over a text that is all there. */
function modelOf(text: string): Outcome | 'malformed' {
  const fields: [string, string][] = []
  const [, ...parts] = `\r\n${text}`.split('\r\n--b')
  for (const [i, part] of parts.entries()) {
    if (part.startsWith('--')) return { fields }
    const [, rest] = /^[ \t]*(\r\n.*)$/s.exec(part) ?? []
    if (rest === undefined) return 'malformed'
    const end = rest.indexOf('\r\n\r\n')
    // The line end of the delimiter may be the second one of the headers.
    const heads = end >= 0 ? rest.slice(0, end) : `${rest}\r\n`.endsWith('\r\n\r\n') ? rest.slice(0, -2) : undefined
    if (heads === undefined) return 'malformed'
    const content = end >= 0 ? rest.slice(end + 4) : ''
    const disposition =
      /(?:^|\r\n)content-disposition\s*:\s*form-data;\s*name="?(\w+)"?(?:;\s*filename="?(\w+)"?)?/i.exec(heads)
    const [, name, filename] = disposition ?? []
    if (name === undefined) return 'malformed'
    if (i === parts.length - 1) return 'malformed'
    if (name !== 'file') {
      fields.push([name, content])
      continue
    }
    const behind = parts.slice(i + 1).join('\r\n--b')
    if (!/^(--|[ \t]*\r\n)/.test(behind)) return 'malformed'
    return { fields, filename, file: Buffer.from(content), offset: expect.any(Number) }
  }
  return 'malformed'
}
