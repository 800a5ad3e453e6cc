import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { freshAccount, type Pair } from '../support/people'
import { allow, deny, freshUserWith, setBucketPolicy, setVersioning, where } from '../support/policies'
import { codeOf, freshBucket, s3 } from '../support/s3'

/*
 * Rights that hang on the record that an operation touches: its tags, its version, its source.
 */

const OF_SECRETS = where('s3:ExistingObjectTag/class', 'secret')
const SECRET = { 'x-amz-tagging': 'class=secret' }

async function ownBucket(headers: Record<string, string> = {}) {
  const { id: account, admin } = await freshAccount()
  const bucket = await freshBucket({ as: admin, headers })
  const objects = { Resource: `arn:aws:s3:::${bucket}/*` }
  return { account, admin, bucket, objects }
}

async function put(path: string, as: Pair, body: string, headers: Record<string, string> = {}): Promise<string> {
  const md5 = createHash('md5').update(body).digest('base64')
  const answer = await s3('PUT', path, { as, body, headers: { 'content-md5': md5, ...headers } })
  expect(answer.status).toBe(200)
  return answer.headers.get('x-amz-version-id') ?? ''
}

async function bodyAt(path: string, as: Pair, query: Record<string, string> = {}): Promise<string> {
  const answer = await s3('GET', path, { as, query })
  return answer.ok ? answer.text() : String(answer.status)
}

describe('tags that a user’s own policy asks for', () => {
  test('count when an object is read, copied, renamed and deleted', async () => {
    const { account, admin, bucket } = await ownBucket()
    const spared = deny(['s3:GetObject', 's3:DeleteObject'], OF_SECRETS)
    const as = await freshUserWith(account, 'u', allow('s3:*'), spared)
    await put(`/${bucket}/key`, admin, 'top', SECRET)
    await put(`/${bucket}/plain`, admin, 'plain')
    const copy = (from: string, more: Record<string, string> = {}) =>
      s3('PUT', `/${bucket}/copy`, { as, headers: { 'x-amz-copy-source': `/${bucket}/${from}`, ...more } })
    const rename = (from: string) =>
      s3('PUT', `/${bucket}/new`, {
        as,
        query: { renameObject: '' },
        headers: { 'x-amz-rename-source': `/${bucket}/${from}` },
      })
    expect(await bodyAt(`/${bucket}/key`, as)).toBe('403')
    expect(await codeOf(await copy('key'))).toBe('AccessDenied')
    expect(await codeOf(await copy('key', { 'x-amz-tagging-directive': 'REPLACE' }))).toBe('AccessDenied')
    expect(await codeOf(await rename('key'))).toBe('AccessDenied')
    expect(await codeOf(await s3('DELETE', `/${bucket}/key`, { as }))).toBe('AccessDenied')
    expect(await bodyAt(`/${bucket}/key`, admin)).toBe('top')
    expect(await bodyAt(`/${bucket}/copy`, admin)).toBe('404')
    expect((await copy('plain')).status).toBe(200)
    expect((await rename('plain')).status).toBe(200)
    expect((await s3('DELETE', `/${bucket}/new`, { as })).status).toBe(204)
  })

  test('count when its parts are copied', async () => {
    const { account, admin, bucket } = await ownBucket()
    const as = await freshUserWith(account, 'u', allow('s3:*'), deny('s3:GetObject', OF_SECRETS))
    await put(`/${bucket}/key`, admin, 'top', SECRET)
    const begun = await s3('POST', `/${bucket}/copy`, { as, query: { uploads: '' } })
    const uploadId = /<UploadId>([^<]+)</.exec(await begun.text())?.[1] ?? ''
    const query = { uploadId, partNumber: '1' }
    const headers = { 'x-amz-copy-source': `/${bucket}/key` }
    expect(await codeOf(await s3('PUT', `/${bucket}/copy`, { as, query, headers }))).toBe('AccessDenied')
  })
})

describe('tags that a bucket’s policy asks for', () => {
  test('count for the source of a rename, with what is there of it', async () => {
    const { account, admin, bucket, objects } = await ownBucket()
    const as = await freshUserWith(account, 'u', allow('s3:*'))
    for (const action of ['s3:GetObject', 's3:DeleteObject']) {
      await setBucketPolicy(bucket, admin, deny(action, { ...objects, ...OF_SECRETS }))
      await put(`/${bucket}/key`, admin, 'top', SECRET)
      const headers = { 'x-amz-rename-source': `/${bucket}/key` }
      const renamed = await s3('PUT', `/${bucket}/new`, { as, query: { renameObject: '' }, headers })
      expect(await codeOf(renamed)).toBe('AccessDenied')
      expect(await s3('HEAD', `/${bucket}/new`).then(answer => answer.status)).toBe(404)
    }
  })

  test('count for each version of a batch, not for the last that was named', async () => {
    const { account, admin, bucket, objects } = await ownBucket()
    await setVersioning(bucket, 'Enabled', admin)
    const as = await freshUserWith(account, 'u', allow('s3:*'))
    await setBucketPolicy(bucket, admin, deny('s3:DeleteObjectVersion', { ...objects, ...OF_SECRETS }))
    const [kept, gone] = [await put(`/${bucket}/key`, admin, '1', SECRET), await put(`/${bucket}/key`, admin, '2')]
    const entry = (id: string) => `<Object><Key>key</Key><VersionId>${id}</VersionId></Object>`
    for (const ids of [
      [kept, gone],
      [gone, kept],
    ]) {
      const body = `<Delete>${ids.map(entry).join('')}</Delete>`
      const answer = await s3('POST', `/${bucket}`, { as, query: { delete: '' }, body })
      const text = await answer.text()
      expect(answer.status).toBe(200)
      expect(/<Error>.*?<\/Error>/.exec(text)?.[0]).toContain(kept)
      expect(text.match(/<Error>/g)).toHaveLength(1)
      expect(await bodyAt(`/${bucket}/key`, admin, { versionId: kept })).toBe('1')
      expect(await bodyAt(`/${bucket}/key`, admin, { versionId: gone })).toBe('404')
    }
  })

  test('count when governance is to be bypassed', async () => {
    const { admin, bucket, objects } = await ownBucket({ 'x-amz-bucket-object-lock-enabled': 'true' })
    await setBucketPolicy(bucket, admin, deny('s3:BypassGovernanceRetention', { ...objects, ...OF_SECRETS }))
    const until = new Date(Date.now() + 86_400_000).toISOString()
    const lock = { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': until }
    const kept = await put(`/${bucket}/key`, admin, 'x', { ...SECRET, ...lock })
    const plain = await put(`/${bucket}/plain`, admin, 'x', lock)
    const headers = { 'x-amz-bypass-governance-retention': 'true' }
    const remove = (key: string, versionId: string) =>
      s3('DELETE', `/${bucket}/${key}`, { as: admin, query: { versionId }, headers })
    const weaken = { as: admin, query: { retention: '' }, headers, body: '<Retention/>' }
    expect((await remove('key', kept)).status).toBe(403)
    expect((await s3('PUT', `/${bucket}/key`, weaken)).status).toBe(403)
    expect(await bodyAt(`/${bucket}/key`, admin)).toBe('x')
    expect((await remove('plain', plain)).status).toBe(204)
  })
})

describe('the tags of a version', () => {
  test('are read and changed by who has the version’s right', async () => {
    const { account, admin, bucket } = await ownBucket()
    await setVersioning(bucket, 'Enabled', admin)
    const versionId = await put(`/${bucket}/key`, admin, 'x', { 'x-amz-tagging': 'class=A' })
    const verbs = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }
    const ofVersion = Object.values(verbs).map(verb => `s3:${verb}ObjectVersionTagging`)
    const ofLatest = Object.values(verbs).map(verb => `s3:${verb}ObjectTagging`)
    const [one, two] = [
      await freshUserWith(account, 'one', allow(ofVersion)),
      await freshUserWith(account, 'two', allow(ofLatest)),
    ]
    const body = '<Tagging><TagSet><Tag><Key>class</Key><Value>B</Value></Tag></TagSet></Tagging>'
    for (const method of Object.keys(verbs)) {
      const ask = async (as: Pair, query: Record<string, string>) =>
        (await s3(method, `/${bucket}/key`, { as, query, body: method === 'PUT' ? body : undefined })).ok
      expect([await ask(two, { tagging: '', versionId }), await ask(one, { tagging: '' })]).toEqual([false, false])
      expect([await ask(one, { tagging: '', versionId }), await ask(two, { tagging: '' })]).toEqual([true, true])
    }
  })
})

describe('tags that are put', () => {
  const OPEN_ONLY = where('s3:RequestObjectTag/class', 'open')

  test('are judged as the body says, not as a header besides it', async () => {
    const { account, admin, bucket } = await ownBucket()
    const as = await freshUserWith(account, 'u', allow('s3:PutObjectTagging', OPEN_ONLY))
    await put(`/${bucket}/key`, admin, 'x')
    const tag = async (value: string, headers: Record<string, string> = {}) => {
      const body = `<Tagging><TagSet><Tag><Key>class</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
      return (await s3('PUT', `/${bucket}/key`, { as, query: { tagging: '' }, body, headers })).status
    }
    expect(await tag('secret')).toBe(403)
    expect(await tag('secret', { 'x-amz-tagging': 'class=open' })).toBe(403)
    expect(await tag('open')).toBe(200)
    expect(await tag('open', { 'x-amz-tagging': 'class=secret' })).toBe(200)
  })

  test('are judged by the case of their names', async () => {
    const { account, bucket } = await ownBucket()
    const condition = where('s3:RequestObjectTag/Class', 'A')
    const as = await freshUserWith(account, 'u', allow('s3:PutObject'), allow('s3:PutObjectTagging', condition))
    const tagged = async (tagging: string) =>
      (await s3('PUT', `/${bucket}/key`, { as, body: 'x', headers: { 'x-amz-tagging': tagging } })).status
    expect([await tagged('Class=A'), await tagged('Class=B')]).toEqual([200, 403])
  })
})

describe('a copy', () => {
  test('that carries tags needs the right to put them, in its bucket and across buckets', async () => {
    const { account, admin, bucket } = await ownBucket()
    const other = await freshBucket({ as: admin })
    await put(`/${bucket}/tagged`, admin, 'x', { 'x-amz-tagging': 'class=A' })
    await put(`/${bucket}/plain`, admin, 'x')
    const as = await freshUserWith(account, 'u', allow(['s3:PutObject', 's3:GetObject']))
    const tagger = await freshUserWith(account, 't', allow(['s3:PutObject', 's3:GetObject', 's3:PutObjectTagging']))
    for (const target of [bucket, other]) {
      const copy = async (who: Pair, from: string, more: Record<string, string> = {}) => {
        const headers = { 'x-amz-copy-source': `/${bucket}/${from}`, ...more }
        return (await s3('PUT', `/${target}/copy`, { as: who, headers })).status
      }
      expect(await copy(as, 'tagged')).toBe(403)
      expect(await bodyAt(`/${target}/copy`, admin)).toBe('404')
      expect(await copy(as, 'plain')).toBe(200)
      expect(await copy(as, 'tagged', { 'x-amz-tagging-directive': 'REPLACE' })).toBe(200)
      expect(await copy(tagger, 'tagged')).toBe(200)
      await s3('DELETE', `/${target}/copy`, { as: admin })
    }
  })
})
