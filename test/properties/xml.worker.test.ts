import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MalformedXml, readXml, readXmlOfAnyRoot, writeXml, type XmlElement } from '../../src/wire/xml'
import { mangled, nastyText } from './texts'

const DELETE = '<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key><VersionId>null</VersionId></Object></Delete>'
const COMPLETE =
  '<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
  '<Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part></CompleteMultipartUpload>'

/** The root of a document; undefined where it was refused as it should be. */
function read(text: string, root = 'Delete'): Record<string, unknown> | undefined {
  try {
    expect(typeof readXmlOfAnyRoot(text)).toBe('object')
    return readXml(text, root, ['Object', 'Part', 'item'])
  } catch (error) {
    if (error instanceof MalformedXml) return undefined
    throw error
  }
}

describe('a document', () => {
  const pieces = fc.constantFrom(
    ...['<', '>', '</', '/>', '<a>', '</a>', '<Delete>', '</Delete>', '<Object>', '<Key>x</Key>', '<!--', '-->', '--'],
    ...[
      '<![CDATA[',
      ']]>',
      '<!DOCTYPE a>',
      '<!ENTITY x "y">',
      '<?xml version="1.0"?>',
      '<?pi?>',
      '<?',
      '?>',
      '&',
      '&amp;',
    ],
    ...[
      '&#65;',
      '&#x',
      '&#xD800;',
      '&lol;',
      ';',
      ' a="b"',
      " a='b'",
      ' a=',
      '"',
      "'",
      '=',
      ' ',
      '\n',
      '\r',
      '\t',
      'text',
    ],
    ...[
      '<__proto__>',
      '</__proto__>',
      '<constructor/>',
      '<a:b>',
      '</a:b>',
      ':',
      '\u0001',
      '\ufeff',
      '😀',
      'encoding="latin1"',
    ],
  )

  test('is read or refused, whatever it is', () => {
    const soup = fc.array(pieces, { maxLength: 25 }).map(parts => parts.join(''))
    const text = fc.oneof(soup, mangled(fc.constantFrom(DELETE, COMPLETE), pieces), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(text, fc.constantFrom('Delete', 'CompleteMultipartUpload', 'a', '__proto__'), (text, root) => {
        const content = read(text, root)
        expect(content === undefined || typeof content === 'object').toBe(true)
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(OBJECT_NAMES)
      }),
      { numRuns: 3000 },
    )
  })

  test('with a declaration anywhere is refused', () => {
    const declaration = fc.constantFrom(
      '<!DOCTYPE Delete>',
      '<!DOCTYPE Delete SYSTEM "file:///etc/passwd">',
      '<!DOCTYPE Delete [<!ENTITY a "b">]>',
      '<!ENTITY a SYSTEM "http://localhost/">',
      '<!ELEMENT Delete ANY>',
      '<!ATTLIST Delete a CDATA "b">',
      '<!doctype Delete>',
      '<! DOCTYPE Delete>',
    )
    fc.assert(
      fc.property(declaration, fc.nat(DELETE.length), (declaration, at) => {
        expect(read(DELETE.slice(0, at) + declaration + DELETE.slice(at))).toBeUndefined()
      }),
    )
  })

  test('may be nested as deep as 16 below its root, and no deeper', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), depth => {
        const text = `${'<Delete>'.repeat(depth)}x${'</Delete>'.repeat(depth)}`
        expect(read(text) !== undefined).toBe(depth > 1 && depth <= 17)
      }),
    )
  })

  test('in another encoding than UTF-8 is refused, however it is said', () => {
    const encoding = fc.constantFrom('utf-16', 'ISO-8859-1', 'UTF-7', 'utf_8', 'utf-80', 'windows-1252', '')
    const quote = fc.constantFrom('"', "'")
    const space = fc.constantFrom('', ' ', '\n')
    fc.assert(
      fc.property(encoding, quote, space, space, (encoding, quote, before, after) => {
        const said = (name: string): string => `encoding${before}=${after}${quote}${name}${quote}`
        expect(read(`<?xml version="1.0" ${said(encoding)}?>${DELETE}`)).toBeUndefined()
        expect(read(`<?xml version="1.0" ${said('utf-8')}?>${DELETE}`)).toBeDefined()
      }),
    )
  })
})

const OBJECT_NAMES = Object.getOwnPropertyNames(Object.prototype)

describe('what is written', () => {
  const name = fc
    .string({ unit: fc.constantFrom(...'abcXYZ_09.-'), minLength: 1, maxLength: 8 })
    .map(text => `e${text}`)

  test('is read again as it was', () => {
    const content = fc.dictionary(
      name.filter(name => name !== 'eitem'),
      fc.oneof(
        nastyText(),
        fc.string({ unit: 'binary' }).map(text => text.replaceAll('\0', '').toWellFormed()),
      ),
      { minKeys: 1, maxKeys: 5 },
    )
    fc.assert(
      fc.property(content, fc.array(nastyText(), { minLength: 1, maxLength: 4 }), (content, items) => {
        const nested: XmlElement = { '@xmlns': 'urn:x', ...content, inner: { ...content }, item: items }
        expect(read(writeXml('Root', nested), 'Root')).toEqual({ ...content, inner: content, item: items })
      }),
      { numRuns: 500 },
    )
  })

  test('holds no character that XML gives a meaning', () => {
    fc.assert(
      fc.property(nastyText(), nastyText(), (text, attribute) => {
        const written = writeXml('Root', { '@name': attribute, '#': text })
        const inside = /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Root name="([^"<>]*)">([^<>]*)<\/Root>$/u.exec(
          written,
        )
        expect(inside).not.toBeNull()
        expect(written.replace('\n', '')).not.toMatch(/[\x00-\x1f\x7f\ufffe\uffff]/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a reference', () => {
  const point = fc.oneof(
    fc.integer({ min: -1, max: 0x110010 }),
    fc.constantFrom(0, 9, 10, 13, 0x7f, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xfffe, 0xffff, 0x10ffff, 0x110000),
  )

  test('to a character is that character, and to anything else a fault', () => {
    fc.assert(
      fc.property(point, fc.constantFrom('hex', 'HEX', 'decimal'), fc.boolean(), (point, form, isClosed) => {
        const digits = form === 'decimal' ? String(point) : point.toString(16)
        const reference = `&#${form === 'decimal' ? '' : 'x'}${form === 'HEX' ? digits.toUpperCase() : digits}`
        const content = read(`<Delete><Key>a${reference}${isClosed ? ';' : ''} b</Key></Delete>`)
        const isCharacter = point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
        const expected = isCharacter && isClosed ? { Key: `a${String.fromCodePoint(point)} b` } : undefined
        expect(content).toEqual(expected)
      }),
      { numRuns: 400 },
    )
  })

  test('by name is one of five, and is not looked at twice', () => {
    const five: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
    const name = fc.oneof(
      fc.constantFrom(...Object.keys(five)),
      fc.string({ unit: fc.constantFrom(...'amptlgquos'), minLength: 1, maxLength: 5 }),
    )
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('', 'amp;', '#65;', 'x'),
        (names, after) => {
          const content = read(`<Delete><Key>${names.map(name => `&${name};${after}`).join('')}</Key></Delete>`)
          const isKnown = names.every(name => five[name] !== undefined)
          expect(content).toEqual(isKnown ? { Key: names.map(name => five[name] + after).join('') } : undefined)
        },
      ),
      { numRuns: 300 },
    )
  })
})

// What takes the square of its length would take minutes.
describe('a document of 512 KiB', () => {
  const bytes = 512 * 1024
  const many = (piece: string, around = ['', '']): string =>
    around[0] + piece.repeat(Math.floor((bytes - (around[0] ?? '').length) / piece.length)) + around[1]
  const inside = ['<Delete>', '</Delete>']
  const attacks: [string, string][] = [
    ['spaces', many(' ')],
    ['spaces in a tag', many(' ', ['<Delete', '/>'])],
    ['opening brackets', many('<')],
    ['closing brackets', many('>', inside)],
    ['tags that are not closed', many('<a>')],
    ['tags that were not opened', many('</a>', inside)],
    ['empty elements', many('<a/>', inside)],
    ['list entries', many('<Object/>', inside)],
    ['entries with keys', many('<Object><Key>k</Key></Object>', inside)],
    ['different names', Array.from({ length: 40_000 }, (_, i) => `<a${i}/>`).join('')],
    ['attributes', many(' a="b"', ['<Delete', '/>'])],
    ['different attributes', `<Delete${Array.from({ length: 40_000 }, (_, i) => ` a${i}="b"`).join('')}/>`],
    ['attributes without a value', many(' a', ['<Delete', '/>'])],
    ['attributes without an end', many(' a="', ['<Delete', '/>'])],
    ['quotes', many('"', ['<Delete ', '/>'])],
    ['quotes of both kinds', many('"\'', ['<Delete ', '/>'])],
    ['equal signs', many('=', ['<Delete ', '/>'])],
    ['a tag name', many('a', ['<', '/>'])],
    ['a tag name of dots', many('.', ['<a', '/>'])],
    ['colons', many(':', ['<a', '/>'])],
    ['ampersands', many('&', inside)],
    ['references', many('&amp;', inside)],
    ['character references', many('&#65;', inside)],
    ['unknown references', many('&lol;', inside)],
    ['semicolons', many(';', inside)],
    ['comments', many('<!---->', inside)],
    ['comments that are not closed', many('<!--')],
    ['dashes in a comment', many('-', ['<!--', '--><Delete/>'])],
    ['CDATA', many('<![CDATA[x]]>', inside)],
    ['CDATA that is not closed', many('<![CDATA[', inside)],
    ['brackets in CDATA', many(']', ['<Delete><![CDATA[', ']]></Delete>'])],
    ['instructions', many('<?a?>', inside)],
    ['instructions that are not closed', many('<?a')],
    ['question marks', many('?', ['<?xml ', '?><Delete/>'])],
    ['a declaration of encodings', many(' encoding', ['<?xml', '="utf-8"?><Delete/>'])],
    ['a declaration of spaces', many(' ', ['<?xml encoding', '="utf-8"?><Delete/>'])],
    ['line ends', many('\r\n', inside)],
    ['text between elements', many('<a/>x', inside)],
    ['brackets and marks', many('<!', inside)],
    ['entities', `<!DOCTYPE l [${many('<!ENTITY a "&b;&b;">')}]><Delete/>`],
    ['depth', many('<Delete>')],
    ['surrogates', many('😀', inside)],
    ['backslashes', many('\\', ['<Delete a="', '"/>'])],
  ]

  test.each(attacks)('of %s takes no longer than its length allows', (_, text) => {
    const start = performance.now()
    read(text)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
