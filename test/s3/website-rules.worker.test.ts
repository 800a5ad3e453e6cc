import { describe, expect, test } from 'vitest'
import { bucketOfHost } from '../../src/dialects/s3/address'
import { failureOf } from '../../src/dialects/s3/faults'
import { S3Error } from '../../src/dialects/s3/s3-error'
import { answerWebsite, errorPage, type Purpose } from '../../src/dialects/s3/website'
import { readWebsite, websiteElements } from '../../src/dialects/s3/wire-website'
import { Fault } from '../../src/model/fault'
import type { Website } from '../../src/model/website'
import { MalformedXml, writeXml } from '../../src/wire/xml'

/** A bucket: key -> what is there. A Fault is thrown, a text that begins with `->` is a redirect of the object. */
type Bucket = Record<string, string | Fault>

async function visit(site: Website, bucket: Bucket, key: string, looked: [string, Purpose][] = []): Promise<string> {
  const ask = { key, host: 'site.example:8080', protocol: 'http' as const }
  const answer = await answerWebsite(site, ask, async (wanted, purpose) => {
    looked.push([wanted, purpose])
    const there = bucket[wanted] ?? new Fault('NoSuchObject', { key: wanted })
    if (there instanceof Fault) throw there
    return there.startsWith('->') ? { found: '', redirect: there.slice(2) } : { found: there }
  })
  if (answer.kind === 'object') return `${answer.status ?? 'found'} ${answer.key}: ${answer.found}`
  if (answer.kind === 'redirect') return `${answer.status} ${answer.location}`
  return [answer.failure.code, answer.errorDocument?.code ?? ''].join(' ').trim()
}

describe('a website', () => {
  const site: Website = { index: 'index.html', error: 'error.html' }
  const bucket: Bucket = {
    'index.html': 'root',
    'docs/index.html': 'docs',
    'docs/ü x/index.html': 'deep',
    'page.html': 'page',
    'old.html': '->/page.html',
    'secret.html': new Fault('AccessDenied'),
    'error.html': 'sorry',
  }

  test('shows pages, and the index of folders', async () => {
    expect(await visit(site, bucket, '')).toBe('found index.html: root')
    expect(await visit(site, bucket, 'page.html')).toBe('found page.html: page')
    expect(await visit(site, bucket, 'docs/')).toBe('found docs/index.html: docs')
    expect(await visit(site, bucket, 'old.html')).toBe('301 /page.html')
  })

  test('sends a browser from a folder without its slash to the one with it', async () => {
    expect(await visit(site, bucket, 'docs')).toBe('302 /docs/')
    expect(await visit(site, bucket, 'docs/ü x')).toBe('302 /docs/%C3%BC%20x/')
    expect(await visit(site, { ...bucket, docs: new Fault('AccessDenied') }, 'docs')).toBe('302 /docs/')
    expect(await visit(site, { '/evil.example/index.html': 'x' }, '/evil.example')).toBe('302 /%2Fevil.example/')
    expect(await visit(site, { ...bucket, docs: 'a page' }, 'docs')).toBe('found docs: a page')
  })

  test('shows its error document with the status of the error', async () => {
    expect(await visit(site, bucket, 'none.html')).toBe('404 error.html: sorry')
    expect(await visit(site, bucket, 'none/')).toBe('404 error.html: sorry')
    expect(await visit(site, bucket, 'secret.html')).toBe('403 error.html: sorry')
    expect(await visit({ index: 'index.html' }, bucket, 'none.html')).toBe('NoSuchKey')
    expect(await visit(site, { 'error.html': new Fault('AccessDenied') }, 'none.html')).toBe('NoSuchKey AccessDenied')
  })

  test('looks at no more than it has to', async () => {
    const looked: [string, Purpose][] = []
    await visit(site, bucket, 'none', looked)
    expect(looked).toEqual([
      ['none', 'page'],
      ['none/index.html', 'existence'],
      ['error.html', 'error document'],
    ])
  })

  test('lets errors through that are not the page\u2019s', async () => {
    for (const error of [new Fault('Internal'), new Fault('NotModified', { etag: 'x', modifiedMillis: 0 })]) {
      await expect(visit(site, { 'page.html': error }, 'page.html')).rejects.toBe(error)
    }
    await expect(visit(site, { 'error.html': new Fault('Internal') }, 'none')).rejects.toMatchObject({
      code: 'Internal',
    })
  })

  test('may be nothing but a way to another host', async () => {
    expect(await visit({ redirectAll: { host: 'other.example' } }, bucket, 'a b')).toBe(
      '301 http://other.example/a%20b',
    )
    const secure: Website = { redirectAll: { host: 'other.example', protocol: 'https' } }
    expect(await visit(secure, bucket, '')).toBe('301 https://other.example/')
  })

  test('sends browsers elsewhere by the first of its rules that fits', async () => {
    const routed: Website = {
      ...site,
      rules: [
        { keyPrefix: 'docs/', redirect: { replacePrefix: 'documents/' } },
        { keyPrefix: 'docs/old/', redirect: { replaceKey: 'never' } },
        { keyPrefix: 'images/', redirect: { replaceKey: 'folder deleted.html', status: 302 } },
        { keyPrefix: 'move/', redirect: { host: 'new.example', protocol: 'https', status: 307 } },
        { keyPrefix: 'app/', errorStatus: 404, redirect: { replacePrefix: '#!/' } },
        { errorStatus: 404, redirect: { host: 'new.example', replacePrefix: 'report-404/' } },
      ],
    }
    const here = 'http://site.example:8080'
    expect(await visit(routed, bucket, 'docs/')).toBe(`301 ${here}/documents/`)
    expect(await visit(routed, bucket, 'docs/old/a')).toBe(`301 ${here}/documents/old/a`)
    expect(await visit(routed, bucket, 'images/x.png')).toBe(`302 ${here}/folder%20deleted.html`)
    expect(await visit(routed, bucket, 'move/ü?#')).toBe('307 https://new.example/move/%C3%BC%3F%23')
    expect(await visit(routed, bucket, 'app/some/page')).toBe(`301 ${here}/#!/some/page`)
    expect(await visit(routed, bucket, 'none')).toBe('301 http://new.example/report-404/none')
    expect(await visit(routed, bucket, 'page.html')).toBe('found page.html: page')
    expect(await visit(routed, bucket, 'secret.html')).toBe('403 error.html: sorry')
    const always: Website = { index: 'i', rules: [{ redirect: { host: 'new.example' } }] }
    expect(await visit(always, bucket, 'page.html')).toBe('301 http://new.example/page.html')
  })
})

test('an error is shown as a page, in which nothing is taken for markup', async () => {
  const failure = failureOf(new Fault('NoSuchObject', { key: '<script>&"' }))
  const context = { method: 'GET', requestId: 'ID' }
  const page = errorPage({ failure, errorDocument: failureOf(new Fault('AccessDenied')) }, context)
  expect([page.status, page.headers.get('content-type'), page.headers.get('x-amz-error-code')]).toEqual([
    404,
    'text/html; charset=utf-8',
    'NoSuchKey',
  ])
  const text = await page.text()
  expect(text).toMatch(/^<!DOCTYPE html>\n<html><head><title>404 Not Found<\/title>/)
  expect(text).toContain('<li>Code: NoSuchKey</li>')
  expect(text).toContain('<li>Key: &lt;script&gt;&amp;&quot;</li>')
  expect(text).toContain('Custom Error Document')
  expect(text).not.toContain('<script>')
  const head = errorPage({ failure }, { ...context, method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([404, ''])
})

test('the host names the bucket', () => {
  expect(bucketOfHost('my.site.web.example:80', 'web.example')).toBe('my.site')
  expect(bucketOfHost('web.example', 'web.example')).toBeUndefined()
  expect(bucketOfHost('site.other.example', 'web.example')).toBeUndefined()
  expect(bucketOfHost('site.web.example', undefined)).toBeUndefined()
})

describe('a configuration', () => {
  const codeOf = (content: string): string => {
    try {
      readWebsite(`<WebsiteConfiguration>${content}</WebsiteConfiguration>`)
      return ''
    } catch (error) {
      if (error instanceof S3Error) return error.code
      return error instanceof MalformedXml ? 'MalformedXML' : String(error)
    }
  }
  const index = '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'
  const rule = (redirect: string, condition = '') =>
    `${index}<RoutingRules><RoutingRule>${condition}<Redirect>${redirect}</Redirect></RoutingRule></RoutingRules>`

  test('comes back as it was given', () => {
    const sites: Website[] = [
      { index: 'index.html' },
      { index: 'i', error: 'errors/404.html' },
      { redirectAll: { host: 'example.com' } },
      { redirectAll: { host: 'example.com:8080', protocol: 'https' } },
      {
        index: 'i',
        rules: [
          { redirect: { host: 'a' } },
          { keyPrefix: '', redirect: { replaceKey: '' } },
          { keyPrefix: 'a b/', errorStatus: 404, redirect: { protocol: 'http', status: 302, replacePrefix: ' x' } },
        ],
      },
    ]
    for (const site of sites) {
      expect(readWebsite(writeXml('WebsiteConfiguration', websiteElements(site)))).toEqual(site)
    }
  })

  test('that breaks a rule of S3 is refused', () => {
    expect(codeOf(`${index}<RoutingRules></RoutingRules>`)).toBe('')
    expect(codeOf(rule('<HttpRedirectCode>308</HttpRedirectCode>'))).toBe('')
    const many = (count: number) =>
      `${index}<RoutingRules>${'<RoutingRule><Redirect><HostName>a</HostName></Redirect></RoutingRule>'.repeat(count)}</RoutingRules>`
    expect(codeOf(many(50))).toBe('')
    const condition = (content: string) => rule('<HostName>a</HostName>', `<Condition>${content}</Condition>`)
    const broken: Record<string, string> = {
      '': 'InvalidArgument',
      '<IndexDocument/>': 'InvalidArgument',
      '<IndexDocument><Suffix></Suffix></IndexDocument>': 'InvalidArgument',
      '<IndexDocument><Suffix>a/b</Suffix></IndexDocument>': 'InvalidArgument',
      [`${index}<ErrorDocument><Key></Key></ErrorDocument>`]: 'InvalidArgument',
      [`${index}<RedirectAllRequestsTo><HostName>a</HostName></RedirectAllRequestsTo>`]: 'InvalidRequest',
      '<RedirectAllRequestsTo><Protocol>http</Protocol></RedirectAllRequestsTo>': 'InvalidRequest',
      '<RedirectAllRequestsTo><HostName>a/b</HostName></RedirectAllRequestsTo>': 'InvalidRequest',
      '<RedirectAllRequestsTo><HostName>a</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>': 'InvalidRequest',
      [many(51)]: 'InvalidRequest',
      [rule('')]: 'InvalidRequest',
      [rule('<HostName></HostName>')]: 'InvalidRequest',
      [rule('<HttpRedirectCode>300</HttpRedirectCode>')]: 'InvalidRequest',
      [rule('<HttpRedirectCode>404</HttpRedirectCode>')]: 'InvalidRequest',
      [rule('<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith>')]: 'InvalidRequest',
      [condition('')]: 'InvalidRequest',
      [condition('<HttpErrorCodeReturnedEquals>302</HttpErrorCodeReturnedEquals>')]: 'InvalidRequest',
      [condition('<HttpErrorCodeReturnedEquals>x</HttpErrorCodeReturnedEquals>')]: 'InvalidRequest',
      [condition('<Other>x</Other>')]: 'MalformedXML',
      [`${index}<Other/>`]: 'MalformedXML',
      [`${index}${index}`]: 'MalformedXML',
    }
    for (const [content, code] of Object.entries(broken)) expect([content, codeOf(content)]).toEqual([content, code])
  })
})
