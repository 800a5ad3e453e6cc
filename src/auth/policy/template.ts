import { type ContextValues, MalformedPolicy, type Template, type Variable } from '../../model/policy'
import { ANY, Glob, ONE } from './glob'

/** The longest key is 1,024 bytes, the longest ARN of AWS 2,048. */
const MAX_CHARACTERS = 2048

/**
 * Reads a text of a policy.
 *
 * @param variables  whether `${...}` means something: it does since version 2012-10-17
 * @param wildcards  whether `*` and `?` mean something; what variables bring is always meant as it is
 * @throws MalformedPolicy
 */
export function readTemplate(
  text: string,
  { variables, wildcards }: { variables: boolean; wildcards: boolean },
): Template {
  const template: Template = []
  let plain = ''
  function push(part: Template[number]): void {
    if (plain !== '') template.push({ text: plain })
    plain = ''
    template.push(part)
  }
  let characters = 0
  for (let i = 0; i < text.length; i++, characters++) {
    const character = text.charAt(i)
    if (variables && character === '$' && text[i + 1] === '{') {
      const end = text.indexOf('}', i)
      if (end < 0) throw new MalformedPolicy('The policy contains a policy variable that does not end.')
      const inside = text.slice(i + 2, end)
      if (inside === '*' || inside === '?' || inside === '$') plain += inside
      else push(readVariable(inside))
      i = end
    } else if (wildcards && (character === '*' || character === '?')) push({ wildcard: character })
    else plain += character
  }
  if (plain !== '') template.push({ text: plain })
  if (characters > MAX_CHARACTERS) {
    throw new MalformedPolicy(`The policy contains a value of more than ${MAX_CHARACTERS} characters.`)
  }
  return template
}

/** A text in which nothing means anything but itself. */
export function plainTemplate(text: string): Template {
  return text === '' ? [] : [{ text }]
}

/** Names of condition keys do not mind their case; what follows a `/` is the name of a tag, which does. */
export function keyName(written: string): string {
  const slash = written.indexOf('/')
  return slash < 0 ? written.toLowerCase() : written.slice(0, slash).toLowerCase() + written.slice(slash)
}

/** What a template says in one request; undefined where one of its variables has no value there, or several. */
export function textOf(template: Template, context: ContextValues): string | undefined {
  let text = ''
  for (const part of template) {
    if ('variable' in part) {
      const value = filled(part, context)
      if (value === undefined) return undefined
      text += value
    } else text += 'text' in part ? part.text : part.wildcard
  }
  return text
}

/** Whether a text fits a template; never where one of the template's variables has no value. */
export function fits(template: Template, text: string, context: ContextValues): boolean {
  const last = template.at(-1)
  const isOpen = last !== undefined && 'wildcard' in last && last.wildcard === '*'
  const fixed = isOpen ? template.slice(0, -1) : template
  if (fixed.some(part => 'wildcard' in part)) return globsOf(template, context, 1)?.[0]?.matches(text) ?? false
  // Most have no wildcard, or one at their end.
  const wanted = textOf(fixed, context)
  return wanted !== undefined && (isOpen ? text.startsWith(wanted) : text === wanted)
}

const ARN_SECTIONS = 6

/** As `fits`, but no wildcard reaches over one of the first five colons of an ARN. */
export function fitsArn(template: Template, arn: string, context: ContextValues): boolean {
  const globs = globsOf(template, context, ARN_SECTIONS)
  const sections = arn.split(':')
  if (globs?.length !== ARN_SECTIONS || sections.length < ARN_SECTIONS) return false
  sections.push(sections.splice(ARN_SECTIONS - 1).join(':'))
  return globs.every((glob, i) => glob.matches(sections[i] ?? ''))
}

/** Those of templates without variables, which are the same in each request. */
const wholeGlobs = new WeakMap<Template, Glob[]>()
const arnGlobs = new WeakMap<Template, Glob[]>()

/** @param sections  into how many the template is cut, at its first colons */
function globsOf(template: Template, context: ContextValues, sections: number): Glob[] | undefined {
  const kept = sections === 1 ? wholeGlobs : arnGlobs
  const present = kept.get(template)
  if (present) return present
  const tokens = tokensOf(template, context)
  if (!tokens) return undefined
  const globs = cut(tokens, sections).map(section => new Glob(section))
  if (!template.some(part => 'variable' in part)) kept.set(template, globs)
  return globs
}

function tokensOf(template: Template, context: ContextValues): number[] | undefined {
  const tokens: number[] = []
  for (const part of template) {
    if ('wildcard' in part) {
      tokens.push(part.wildcard === '*' ? ANY : ONE)
      continue
    }
    const text = 'text' in part ? part.text : filled(part, context)
    if (text === undefined) return undefined
    for (const character of text) tokens.push(character.codePointAt(0) ?? 0)
  }
  return tokens
}

const COLON = 0x3a

function cut(tokens: number[], sections: number): number[][] {
  const pieces: number[][] = []
  let from = 0
  while (pieces.length < sections - 1) {
    const colon = tokens.indexOf(COLON, from)
    if (colon < 0) break
    pieces.push(tokens.slice(from, colon))
    from = colon + 1
  }
  pieces.push(tokens.slice(from))
  return pieces
}

function filled({ variable, fallback }: Variable, context: ContextValues): string | undefined {
  const values = context(variable)
  return values?.length === 1 ? values[0] : fallback
}

/** `aws:username`, or `aws:username, 'nobody'`. */
function readVariable(inside: string): Variable {
  const comma = inside.indexOf(',')
  const name = (comma < 0 ? inside : inside.slice(0, comma)).trim()
  const fallback = comma < 0 ? undefined : inside.slice(comma + 1).trim()
  const isQuoted =
    fallback === undefined || (fallback.length >= 2 && fallback.startsWith("'") && fallback.endsWith("'"))
  if (!/^[A-Za-z0-9-]+:./.test(name) || !isQuoted) {
    throw new MalformedPolicy(`The policy contains an invalid policy variable: \${${inside.slice(0, 80)}}`)
  }
  return { variable: keyName(name), ...(fallback === undefined ? {} : { fallback: fallback.slice(1, -1) }) }
}
