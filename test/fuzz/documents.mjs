import { junkText, mangle } from './junk.mjs'

const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

const DOCUMENTS = {
  create: [
    `<CreateBucketConfiguration ${NAMESPACE}><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>`,
    '',
  ],
  delete: [
    '<Delete><Object><Key>a</Key></Object><Object><Key>b/c</Key><VersionId>null</VersionId></Object></Delete>',
    `<?xml version="1.0" encoding="UTF-8"?>\n<Delete ${NAMESPACE}><Quiet>true</Quiet><Object><Key>&lt;&#10;&amp;</Key><ETag>"x"</ETag><Size>1</Size></Object></Delete>`,
    `<Delete>${'<Object><Key>k</Key></Object>'.repeat(1001)}</Delete>`,
  ],
  complete: [
    completionOf([[1, EMPTY_MD5]]),
    completionOf([
      [2, 'x'],
      [10_000, 'y'],
    ]),
    '<CompleteMultipartUpload><Part><ETag>x</ETag><PartNumber>2</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>',
  ],
  setting: [
    '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
    '{"Version":"2012-10-17","Statement":[]}',
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    '',
  ],
}

const PIECES = [
  ...'< > </ /> <Key> </Key> <Object> <Part> <a> <!-- --> <![CDATA[ ]]> <!DOCTYPE <?x?> & &amp; &#0; &#x110000; &#xD800; &a; " \' = : -1'.split(
    ' ',
  ),
  ...['99999999999', '1e9', '😀', '<__proto__>', ' ', '\n', '\ufeff', '\u0001'],
]

/** A document of this kind, most of them spoiled. */
export function document(random, kind) {
  return spoiled(random, random.pick(DOCUMENTS[kind]))
}

/** What completes an upload, mostly of the parts that it has. */
export function completion(random, upload) {
  const parts = [...(upload?.parts ?? [])].sort(([one], [other]) => one - other)
  if (parts.length === 0 || random.chance(0.3)) return document(random, 'complete')
  const text = completionOf(parts.slice(0, random.between(1, parts.length)))
  return random.chance(0.5) ? Buffer.from(text) : spoiled(random, text)
}

function completionOf(parts) {
  const listed = parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`)
  return `<CompleteMultipartUpload ${NAMESPACE}>${listed.join('')}</CompleteMultipartUpload>`
}

function spoiled(random, plain) {
  return random.weighted([
    [4, () => Buffer.from(plain)],
    [4, () => Buffer.from(mangle(random, plain, () => random.pick(PIECES)))],
    [1, () => mangle(random, Buffer.from(plain), () => random.bytes(random.between(1, 6)))],
    [1, () => Buffer.from(plain.replaceAll(/>[^<]*</g, () => `>${junkText(random)}<`))],
    [1, () => Buffer.from(plain, 'utf16le')],
    [1, () => Buffer.from('<a>'.repeat(random.pick([15, 20, 2000])))],
    [1, () => random.bytes(random.below(300))],
  ])()
}
