import { type Account, ROOT_ACCOUNT } from '../../src/model/caller'
import { done, type Outcome, refused } from '../../src/model/outcome'
import type { EntityKind } from '../../src/model/people'

export interface AccountRow extends Record<string, SqlStorageValue> {
  id: string
  name: string
  display_name: string
  email: string | null
}

/** Who owns buckets. Root's own account is always there, and cannot be changed. */
export class Accounts {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(id: string): Account | undefined {
    if (id === ROOT_ACCOUNT.id) return ROOT_ACCOUNT
    const [row] = this.#sql.exec<AccountRow>('select * from accounts where id = ?', id).toArray()
    return row && account(row)
  }

  list(): Account[] {
    const rows = this.#sql.exec<AccountRow>('select * from accounts order by name').toArray()
    return [ROOT_ACCOUNT, ...rows.filter(({ id }) => id !== ROOT_ACCOUNT.id).map(account)]
  }

  /** @returns whether it was made: one with the same id and name is left alone */
  create({ id, name, displayName, email }: Account): Outcome<boolean> {
    const present = this.list().find(one => one.id === id || one.name === name)
    if (present) {
      return present.id === id && present.name === name ? done(false) : refused('Conflict', { account: name })
    }
    this.#sql.exec('insert into accounts values (?, ?, ?, ?)', id, name, displayName, email ?? null)
    return done(true)
  }

  change(id: string, { displayName, email }: { displayName?: string; email?: string | null }): Outcome<Account> {
    const present = this.find(id)
    if (!present) return missing('account', id)
    if (present === ROOT_ACCOUNT) return refused('Conflict', { problem: "root's account cannot be changed" })
    this.#sql.exec(
      'update accounts set display_name = ?, email = ? where id = ?',
      displayName ?? present.displayName,
      email === undefined ? (present.email ?? null) : email,
      id,
    )
    return done(this.find(id) ?? present)
  }

  /** Its groups and policies go with it. Users must be gone. */
  remove(id: string): Outcome<void> {
    const present = this.find(id)
    if (!present) return missing('account', id)
    if (present === ROOT_ACCOUNT) return refused('Conflict', { problem: "root's account cannot be removed" })
    const users = this.#sql.exec('select 1 from users where account = ? limit 1', id).toArray()
    if (users.length > 0) return refused('Conflict', { problem: 'the account has users: remove them first' })
    this.#sql.exec('delete from groups where account = ?', id)
    this.#sql.exec('delete from policies where account = ?', id)
    this.#sql.exec('delete from accounts where id = ?', id)
    return done(undefined)
  }
}

export function missing(kind: EntityKind, name: string) {
  return refused('NoSuchEntity', { kind, name, problem: `there is no ${kind} "${name}"` })
}

function account(row: AccountRow): Account {
  return { id: row.id, name: row.name, displayName: row.display_name, email: row.email ?? undefined }
}
