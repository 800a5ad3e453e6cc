import { ROOT, s3 } from './s3'

export interface Pair {
  accessKey: string
  secretKey: string
}

export interface Answered {
  status: number
  // What an answer holds is what tests are about.
  body: Record<string, unknown>
}

/** One request of the JSON API. */
export async function api(
  method: string,
  path: string,
  { as = ROOT, body, query }: { as?: Pair | 'nobody'; body?: unknown; query?: Record<string, string> } = {},
): Promise<Answered> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await s3(method, `/_wharf/api/${path}`, { as, body: text, query })
  const said = await answer.text()
  return { status: answer.status, body: said === '' ? {} : JSON.parse(said) }
}

let accounts = 0

/** An account of its own for each test, with an admin who has a key. */
export async function freshAccount(): Promise<{ id: string; admin: Pair }> {
  accounts += 1
  const id = `account-${Date.now().toString(36)}-${accounts}`
  await expectMade(api('POST', 'accounts', { body: { name: id } }))
  const admin = await freshUser(id, 'admin', { admin: true })
  return { id, admin }
}

/** A user with a key. */
export async function freshUser(account: string, name: string, more: Record<string, unknown> = {}): Promise<Pair> {
  await expectMade(api('POST', 'users', { body: { account, name, ...more } }))
  return freshKey({ account, user: name })
}

export async function freshKey(body: Record<string, unknown>, as: Pair = ROOT): Promise<Pair> {
  const { accessKey, secretKey } = (await expectMade(api('POST', 'keys', { as, body }))) as unknown as Pair
  return { accessKey, secretKey }
}

async function expectMade(asked: Promise<Answered>): Promise<Answered['body']> {
  const { status, body } = await asked
  if (status !== 201) throw new Error(`not made: ${status} ${JSON.stringify(body)}`)
  return body
}
