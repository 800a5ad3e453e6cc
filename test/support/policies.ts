import { api, freshUser, type Pair } from './people'
import { s3 } from './s3'

export interface Statement {
  Effect: 'Allow' | 'Deny'
  Action: string | string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string>>
}

/** A statement that allows; about everything where nothing is said. */
export function allow(Action: string | string[], more: Partial<Statement> = {}): Statement {
  return { Effect: 'Allow', Action, Resource: '*', ...more }
}

export function deny(Action: string | string[], more: Partial<Statement> = {}): Statement {
  return { Effect: 'Deny', Action, Resource: '*', ...more }
}

/** What makes a statement hold only where a condition key has this value. */
export function where(key: string, value: string): Pick<Statement, 'Condition'> {
  return { Condition: { StringEquals: { [key]: value } } }
}

export function policy(...statements: object[]): object {
  return { Version: '2012-10-17', Statement: statements }
}

/** A user who has exactly these rights. */
export async function freshUserWith(account: string, name: string, ...statements: Statement[]): Promise<Pair> {
  const named = { account, name: `of-${name}` }
  const { status, body } = await api('POST', 'policies', { body: { ...named, document: policy(...statements) } })
  if (status !== 201) throw new Error(`policy not made: ${status} ${JSON.stringify(body)}`)
  return freshUser(account, name, { policies: [named.name] })
}

/** Gives a bucket a policy that speaks to everybody. */
export async function setBucketPolicy(bucket: string, as: Pair, ...statements: Statement[]): Promise<void> {
  const document = policy(...statements.map(statement => ({ ...statement, Principal: '*' })))
  await expectDone(s3('PUT', `/${bucket}`, { as, query: { policy: '' }, body: JSON.stringify(document) }))
}

export async function setVersioning(bucket: string, status = 'Enabled', as?: Pair): Promise<void> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  await expectDone(s3('PUT', `/${bucket}`, { as, query: { versioning: '' }, body }))
}

async function expectDone(asked: Promise<Response>): Promise<void> {
  const answer = await asked
  if (!answer.ok) throw new Error(`not done: ${answer.status} ${await answer.text()}`)
}
