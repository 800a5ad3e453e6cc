import { OWNERSHIPS, type Ownership, type PublicAccessBlock } from '../../model/grants'
import { isElement, MalformedXml, readXml, type XmlElement } from '../../wire/xml'
import { invalidArgument } from './s3-error'

const SETTINGS = {
  blockPublicAcls: 'BlockPublicAcls',
  ignorePublicAcls: 'IgnorePublicAcls',
  blockPublicPolicy: 'BlockPublicPolicy',
  restrictPublicBuckets: 'RestrictPublicBuckets',
} as const satisfies Record<keyof PublicAccessBlock, string>

/**
 * Reads a `PublicAccessBlockConfiguration`. What is missing is off.
 * @throws MalformedXml
 */
export function readPublicAccessBlock(text: string): PublicAccessBlock {
  const content = readXml(text, 'PublicAccessBlockConfiguration', [])
  const isOn = (setting: keyof PublicAccessBlock) => readSwitch(content[SETTINGS[setting]])
  return {
    blockPublicAcls: isOn('blockPublicAcls'),
    ignorePublicAcls: isOn('ignorePublicAcls'),
    blockPublicPolicy: isOn('blockPublicPolicy'),
    restrictPublicBuckets: isOn('restrictPublicBuckets'),
  }
}

/** The content of a `PublicAccessBlockConfiguration`. */
export function publicAccessBlockElement(block: PublicAccessBlock): XmlElement {
  return {
    BlockPublicAcls: block.blockPublicAcls,
    IgnorePublicAcls: block.ignorePublicAcls,
    BlockPublicPolicy: block.blockPublicPolicy,
    RestrictPublicBuckets: block.restrictPublicBuckets,
  }
}

/**
 * Reads `OwnershipControls`, which have one rule.
 * @throws MalformedXml
 */
export function readOwnershipControls(text: string): Ownership {
  const { Rule: rules } = readXml(text, 'OwnershipControls', ['Rule'])
  const [rule, ...others]: unknown[] = Array.isArray(rules) ? rules : []
  const asked = isElement(rule) ? rule.ObjectOwnership : undefined
  const ownership = typeof asked === 'string' ? findOwnership(asked.trim()) : undefined
  if (!ownership || others.length > 0) throw new MalformedXml('OwnershipControls has one rule')
  return ownership
}

/** The content of `OwnershipControls`. */
export function ownershipElement(ownership: Ownership): XmlElement {
  return { Rule: { ObjectOwnership: ownership } }
}

/**
 * `x-amz-object-ownership`; undefined where the header is missing.
 * @throws S3Error InvalidArgument
 */
export function readOwnershipHeader(headers: Headers): Ownership | undefined {
  const asked = headers.get('x-amz-object-ownership')
  if (asked === null) return undefined
  const ownership = findOwnership(asked)
  if (!ownership) throw invalidArgument('x-amz-object-ownership', asked, 'Invalid x-amz-object-ownership header')
  return ownership
}

function findOwnership(asked: string): Ownership | undefined {
  return OWNERSHIPS.find(name => name === asked)
}

/** Some clients write `TRUE`. */
function readSwitch(written: unknown): boolean {
  if (written === undefined) return false
  const word = typeof written === 'string' ? written.trim().toLowerCase() : ''
  if (word !== 'true' && word !== 'false') throw new MalformedXml('neither true nor false')
  return word === 'true'
}
