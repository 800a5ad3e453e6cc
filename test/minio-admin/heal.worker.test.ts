import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { freshBucket, s3, texts } from '../support/s3'
import { admin, errorOf, refusalOf } from './admin'

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

const list = async (operation: string, query: Record<string, string> = {}) => {
  const answer = await admin('GET', 'heal', { operation, query })
  return answer.text()
}
const heal = (operation: string, query: Record<string, string> = {}) => admin('POST', 'heal', { operation, query })

const known = new Set<string>()

/** The blobs that were written since this was asked last. */
async function freshBlobs(): Promise<string[]> {
  const { objects } = await env.BLOBS.list()
  const found = objects.map(({ key }) => key).filter(key => !known.has(key))
  for (const key of found) known.add(key)
  return found
}

/** A bucket with an object whose bytes are gone, among healthy ones. */
async function damagedBucket(): Promise<string> {
  const bucket = await freshBucket()
  await freshBlobs()
  await s3('PUT', `/${bucket}/dir/broken`, { body: longBody() })
  await env.BLOBS.delete(await freshBlobs())
  return bucket
}

/** Too long to be kept in the index, and of bytes that nobody else holds. */
function longBody(): string {
  return crypto.randomUUID().repeat(600)
}

async function upload(bucket: string, key: string, parts = 1): Promise<string> {
  const begun = await (await s3('POST', `/${bucket}/${key}`, { query: { uploads: '' } })).text()
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun)?.[1] ?? ''
  for (let number = 1; number <= parts; number++) {
    await s3('PUT', `/${bucket}/${key}`, { query: { uploadId, partNumber: String(number) }, body: longBody() })
  }
  return uploadId
}

describe('the buckets to heal', () => {
  test('are none while all are healthy, in the form that clients know', async () => {
    await freshBucket()
    expect(await list('list-buckets')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        `<ListAllMyBucketsResult ${NAMESPACE}><Owner><ID>wharf</ID><DisplayName>wharf</DisplayName></Owner>` +
        '<Buckets></Buckets></ListAllMyBucketsResult>',
    )
  })

  test('are those with an object that is lost, with a date that strict clients read', async () => {
    const bucket = await damagedBucket()
    await list('list-objects', { bucket, 'max-key': '1000' })
    const xml = await list('list-buckets')
    expect(texts(xml, 'Name')).toContain(bucket)
    expect(xml).toMatch(
      new RegExp(
        `<Bucket><Name>${bucket}</Name><CreationDate>\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z</CreationDate>` +
          '<HealBucketInfo><Status>2</Status></HealBucketInfo></Bucket>',
      ),
    )
  })
})

describe('the objects to heal', () => {
  test('are listed in the form that clients know, and healthy ones are not', async () => {
    const bucket = await damagedBucket()
    await s3('PUT', `/${bucket}/other`, { body: 'healthy' })
    const xml = await list('list-objects', { bucket, 'max-key': '1000', prefix: '', marker: '', delimiter: '' })
    expect(xml.replace(/<LastModified>.*?<\/LastModified>/, '')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        `<ListBucketResult ${NAMESPACE}><Name>${bucket}</Name><Prefix></Prefix><Marker></Marker><NextMarker>other</NextMarker>` +
        '<MaxKeys>1000</MaxKeys><Delimiter></Delimiter><IsTruncated>false</IsTruncated>' +
        '<Contents><Key>dir/broken</Key><ETag></ETag><Size>21600</Size>' +
        '<Owner><ID>wharf</ID><DisplayName>wharf</DisplayName></Owner><StorageClass>STANDARD</StorageClass>' +
        '<HealObjectInfo><Status>2</Status><MissingDataCount>1</MissingDataCount><MissingParityCount>0</MissingParityCount>' +
        '<MissingPartityCount>0</MissingPartityCount></HealObjectInfo></Contents></ListBucketResult>',
    )
    expect(texts(xml, 'LastModified')[0]).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  })

  test('come in pages that count what was looked at: a page may be empty and go on', async () => {
    const bucket = await freshBucket()
    for (const key of ['a', 'b', 'c']) await s3('PUT', `/${bucket}/${key}`, { body: 'healthy' })
    const first = await list('list-objects', { bucket, 'max-key': '2' })
    expect([texts(first, 'Key'), texts(first, 'IsTruncated'), texts(first, 'NextMarker')]).toEqual([
      [],
      ['true'],
      ['b'],
    ])
    const second = await list('list-objects', { bucket, 'max-key': '2', marker: 'b' })
    expect([texts(second, 'IsTruncated'), texts(second, 'NextMarker')]).toEqual([['false'], ['c']])
    const past = await list('list-objects', { bucket, 'max-key': '2', marker: 'c' })
    expect([texts(past, 'IsTruncated'), texts(past, 'NextMarker')]).toEqual([['false'], []])
  })

  test('with a delimiter show every prefix, healthy or not, and go on after one', async () => {
    const bucket = await freshBucket()
    for (const key of ['a/1', 'a/2', 'b/1', 'c']) await s3('PUT', `/${bucket}/${key}`, { body: 'healthy' })
    const first = await list('list-objects', { bucket, 'max-key': '1', delimiter: '/' })
    expect([texts(first, 'Prefix'), texts(first, 'NextMarker')]).toEqual([['', 'a/'], ['a/']])
    const second = await list('list-objects', { bucket, 'max-key': '1', delimiter: '/', marker: 'a/' })
    expect([texts(second, 'Prefix'), texts(second, 'NextMarker')]).toEqual([['', 'b/'], ['b/']])
    const inside = await list('list-objects', { bucket, 'max-key': '9', delimiter: '/', prefix: 'a/', marker: 'a/1' })
    expect([texts(inside, 'Prefix'), texts(inside, 'NextMarker')]).toEqual([['a/'], ['a/2']])
  })

  test('are none for a limit of 0, and below a slash', async () => {
    const bucket = await damagedBucket()
    const queries: Record<string, string>[] = [{}, { 'max-key': '0' }, { 'max-key': '9', delimiter: '/', prefix: '/' }]
    for (const query of queries) {
      const xml = await list('list-objects', { bucket, ...query })
      expect([texts(xml, 'Key'), texts(xml, 'NextMarker'), texts(xml, 'IsTruncated')]).toEqual([[], [], ['false']])
    }
  })

  test('repeat the limit that was asked for, though a page is never longer than 1000', async () => {
    const bucket = await freshBucket()
    for (const [asked, told] of [
      ['5000', '5000'],
      ['+7', '7'],
      ['9223372036854775807', '9223372036854775807'],
    ] as const) {
      expect(texts(await list('list-objects', { bucket, 'max-key': asked }), 'MaxKeys')).toEqual([told])
    }
  })

  const NOT_IMPLEMENTED = [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented']
  const BAD_MAX = [400, 'InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647']
  const refused: [Record<string, string>, unknown[]][] = [
    [{ bucket: 'B' }, [400, 'InvalidBucketName', 'The specified bucket is not valid.']],
    [{ prefix: 'a\\' }, [400, 'XMinioInvalidObjectName', expect.stringContaining('unsupported characters')]],
    [{ 'max-key': '-1' }, BAD_MAX],
    [{ 'max-key': 'x' }, BAD_MAX],
    [{ 'max-key': '1.5' }, BAD_MAX],
    [{ 'max-key': '9223372036854775808' }, BAD_MAX],
    [{ delimiter: ',' }, NOT_IMPLEMENTED],
    [{ prefix: 'a', marker: 'b' }, NOT_IMPLEMENTED],
    [{}, [404, 'NoSuchBucket', 'The specified bucket does not exist']],
    [{ 'max-key': '-1', delimiter: ',' }, BAD_MAX],
    [{ delimiter: ',', prefix: '\\' }, [400, 'XMinioInvalidObjectName', expect.any(String)]],
  ]
  for (const [query, expected] of refused) {
    test(`with ${JSON.stringify(query)} are refused`, async () => {
      const answer = await admin('GET', 'heal', {
        operation: 'list-objects',
        query: { bucket: 'no-such-bucket', ...query },
      })
      expect(await errorOf(answer)).toEqual(expected)
    })
  }
})

describe('the uploads to heal', () => {
  test('are listed in the form that clients know', async () => {
    const bucket = await freshBucket()
    await freshBlobs()
    const id = await upload(bucket, 'up/obj1')
    await env.BLOBS.delete(await freshBlobs())
    const xml = await list('list-uploads', { bucket, 'max-uploads': '1000', marker: '', 'upload-id-marker': '' })
    expect(xml.replace(/<Initiated>.*?<\/Initiated>/, '')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        `<ListMultipartUploadsResult ${NAMESPACE}><Bucket>${bucket}</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker>` +
        '<NextKeyMarker></NextKeyMarker><NextUploadIdMarker></NextUploadIdMarker><Delimiter></Delimiter><Prefix></Prefix>' +
        '<MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>' +
        `<Upload><Key>up/obj1</Key><UploadId>${id}</UploadId><Initiator><ID></ID><DisplayName></DisplayName></Initiator>` +
        '<Owner><ID></ID><DisplayName></DisplayName></Owner><StorageClass></StorageClass>' +
        '<HealObjectInfo><Status>2</Status><MissingDataCount>1</MissingDataCount><MissingParityCount>0</MissingParityCount>' +
        '<MissingPartityCount>0</MissingPartityCount></HealObjectInfo></Upload></ListMultipartUploadsResult>',
    )
    expect(texts(xml, 'Initiated')[0]).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  })

  test('are paged to their end by the cursor alone, as the client does it', async () => {
    const bucket = await freshBucket()
    for (const key of ['a', 'b', 'b', 'c']) await upload(bucket, key, 0)
    const places: string[] = []
    let cursor = ''
    for (let page = 0; page < 10; page++) {
      const query = { bucket, marker: '', 'max-uploads': '1', 'upload-id-marker': cursor }
      const xml = await list('list-uploads', query)
      expect(texts(xml, 'UploadIdMarker')).toEqual([''])
      if (texts(xml, 'IsTruncated')[0] === 'false') break
      places.push(texts(xml, 'NextKeyMarker')[0] ?? '')
      cursor = texts(xml, 'NextUploadIdMarker')[0] ?? ''
      expect(cursor).not.toBe('')
    }
    expect(places).toEqual(['a', 'b', 'b'])
  })

  test('go on after a common prefix, too', async () => {
    const bucket = await freshBucket()
    for (const key of ['a/1', 'a/2', 'b']) await upload(bucket, key, 0)
    const first = await list('list-uploads', { bucket, delimiter: '/', 'max-uploads': '1' })
    expect([texts(first, 'NextKeyMarker'), texts(first, 'IsTruncated')]).toEqual([['a/'], ['true']])
    const cursor = texts(first, 'NextUploadIdMarker')[0] ?? ''
    const second = await list('list-uploads', {
      bucket,
      delimiter: '/',
      'max-uploads': '1',
      'upload-id-marker': cursor,
    })
    expect([texts(second, 'Prefix'), texts(second, 'IsTruncated')]).toEqual([[''], ['false']])
  })

  const NOT_IMPLEMENTED = [501, 'NotImplemented']
  const BAD_MAX = [400, 'InvalidArgument', 'Argument max-uploads must be an integer between 0 and 2147483647']
  const refused: [Record<string, string>, unknown[]][] = [
    [{ bucket: 'B' }, [400, 'InvalidBucketName']],
    [{ bucket: 'no-such-bucket', prefix: '\\' }, [404, 'NoSuchBucket']],
    [{ prefix: '\\', delimiter: ',' }, [400, 'XMinioInvalidObjectName']],
    [{ delimiter: ',', prefix: 'a', marker: 'b' }, NOT_IMPLEMENTED],
    [{ prefix: 'a', marker: 'b' }, NOT_IMPLEMENTED],
    [{ prefix: 'a', 'key-marker': 'b' }, NOT_IMPLEMENTED],
    [{ 'key-marker': 'a/', 'upload-id-marker': 'x' }, NOT_IMPLEMENTED],
    [{ 'upload-id-marker': 'nonsense' }, [404, 'NoSuchUpload']],
    [{ 'upload-id-marker': '00000000-0000-0000-0000-000000000000' }, [404, 'NoSuchUpload']],
    [{ 'upload-id-marker': 'nonsense', 'max-uploads': '0' }, [404, 'NoSuchUpload']],
    [{ 'max-uploads': '0' }, BAD_MAX],
    [{ 'max-uploads': '1001' }, BAD_MAX],
    [{ 'max-uploads': 'x' }, BAD_MAX],
  ]
  for (const [query, expected] of refused) {
    test(`with ${JSON.stringify(query)} are refused`, async () => {
      const bucket = await freshBucket()
      const answer = await admin('GET', 'heal', { operation: 'list-uploads', query: { bucket, ...query } })
      expect((await errorOf(answer)).slice(0, expected.length)).toEqual(expected)
    })
  }

  test('take an empty limit for 1000', async () => {
    const bucket = await freshBucket()
    for (const query of [{}, { 'max-uploads': '' }] as Record<string, string>[]) {
      expect(texts(await list('list-uploads', { bucket, ...query }), 'MaxUploads')).toEqual(['1000'])
    }
  })
})

describe('healing', () => {
  test('of what is healthy does nothing and says so', async () => {
    const bucket = await freshBucket()
    const body = longBody()
    await s3('PUT', `/${bucket}/dir/key`, { body })
    const id = await upload(bucket, 'up')
    const nothing = '{"HealedCount":0,"OfflineCount":0,"state":0}'
    const object = await heal('object', { bucket, object: 'dir/key' })
    expect([object.headers.get('content-type'), await object.text()]).toEqual(['application/json', nothing])
    expect(await (await heal('upload', { bucket, object: 'up', 'upload-id': id })).text()).toBe(nothing)
    for (const answer of [await heal('bucket', { bucket }), await heal('format')]) {
      expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([200, '', null])
    }
    expect(await (await s3('GET', `/${bucket}/dir/key`)).text()).toBe(body)
  })

  test('of an object whose bytes are gone tells how many cannot be put right', async () => {
    const bucket = await damagedBucket()
    const answer = await heal('object', { bucket, object: 'dir/broken' })
    expect(await answer.json()).toEqual({ HealedCount: 0, OfflineCount: 1, state: 0 })
  })

  test('of an object whose bytes somebody else holds puts it right', async () => {
    const bucket = await freshBucket()
    const body = longBody()
    await freshBlobs()
    await s3('PUT', `/${bucket}/broken`, { body })
    const blobs = await freshBlobs()
    await s3('PUT', `/${bucket}/twin`, { body })
    await env.BLOBS.delete(blobs)
    const xml = await list('list-objects', { bucket, 'max-key': '10' })
    expect([texts(xml, 'Key'), texts(xml, 'Status')]).toEqual([['broken'], ['1']])
    const answer = await heal('object', { bucket, object: 'broken' })
    expect(await answer.json()).toEqual({ HealedCount: 1, OfflineCount: 0, state: 2 })
    expect(await (await s3('GET', `/${bucket}/broken`)).text()).toBe(body)
    expect(texts(await list('list-objects', { bucket, 'max-key': '10' }), 'Key')).toEqual([])
  })

  test('dry does nothing, whatever the value, but looks whether it could', async () => {
    const bucket = await damagedBucket()
    const id = await upload(bucket, 'up')
    for (const dry of ['', 'no']) {
      for (const answer of [
        await heal('bucket', { bucket, 'dry-run': dry }),
        await heal('object', { bucket, object: 'dir/broken', 'dry-run': dry }),
        await heal('upload', { bucket, object: 'up', 'upload-id': id, 'dry-run': dry }),
        await heal('format', { 'dry-run': dry }),
      ]) {
        expect([answer.status, await answer.text()]).toEqual([200, ''])
      }
    }
    const missing = await heal('object', { bucket, object: 'missing', 'dry-run': '' })
    expect(await refusalOf(missing)).toEqual([404, 'NoSuchKey'])
  })

  const NO_KEY = [404, 'NoSuchKey']
  const BAD_NAME = [400, 'XMinioInvalidObjectName']
  const refused: [string, Record<string, string>, unknown[]][] = [
    ['bucket', {}, [400, 'InvalidBucketName']],
    ['bucket', { bucket: 'no-such-bucket' }, [404, 'NoSuchBucket']],
    ['object', { bucket: 'B', object: '/' }, [400, 'InvalidBucketName']],
    ['object', { bucket: 'no-such-bucket', object: '' }, BAD_NAME],
    ['object', { bucket: 'no-such-bucket', object: '/a' }, BAD_NAME],
    ['object', { bucket: 'no-such-bucket', object: 'a/' }, BAD_NAME],
    ['object', { bucket: 'no-such-bucket', object: 'a\\b' }, BAD_NAME],
    ['object', { bucket: 'no-such-bucket', object: 'x'.repeat(1025) }, BAD_NAME],
    ['object', { bucket: 'no-such-bucket', object: 'a' }, [404, 'NoSuchBucket']],
    ['upload', { bucket: 'B', object: 'a', 'upload-id': 'x' }, [400, 'InvalidBucketName']],
    ['upload', { bucket: 'no-such-bucket', object: 'a/', 'upload-id': 'x' }, BAD_NAME],
    ['upload', { bucket: 'no-such-bucket', object: 'a', 'upload-id': 'x'.repeat(1024) }, BAD_NAME],
    ['upload', { bucket: 'no-such-bucket', object: 'a', 'upload-id': 'x' }, NO_KEY],
    ['upload', { bucket: 'no-such-bucket', object: 'a' }, NO_KEY],
  ]
  for (const [operation, query, expected] of refused) {
    test(`${operation} with ${JSON.stringify(query).slice(0, 80)} is refused`, async () => {
      expect(await refusalOf(await heal(operation, query))).toEqual(expected)
    })
  }

  test('of an upload that is not there says that the key is not', async () => {
    const bucket = await freshBucket()
    expect(await errorOf(await heal('upload', { bucket, object: 'a', 'upload-id': 'x' }))).toEqual([
      404,
      'NoSuchKey',
      'The specified key does not exist.',
    ])
  })
})
