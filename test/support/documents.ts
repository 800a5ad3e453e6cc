import { failureOf } from '../../src/dialects/s3/faults'
import { writeXml, type XmlElement } from '../../src/wire/xml'

/** A document as it stands in the stories of these tests, without its declaration and the space between elements. */
export function compact(xml: string): string {
  return xml
    .replace(/<\?xml[^>]*\?>/, '')
    .replace(/>\s+</g, '><')
    .trim()
}

export function written(root: string, content: XmlElement): string {
  return compact(writeXml(root, content))
}

/** The value as it comes back out of the bucket's settings. */
export function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}

/** Code and status of the answer to what this throws; 'accepted' when it does not. */
export function refusal(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    const { status, code } = failureOf(error)
    return `${status} ${code}`
  }
}
