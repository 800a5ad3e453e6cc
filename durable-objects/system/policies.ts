import { done, type Outcome, refused } from '../../src/model/outcome'
import type { OwnPolicy } from '../../src/model/people'
import { missing } from './accounts'

interface PolicyRow extends Record<string, SqlStorageValue> {
  account: string
  name: string
  document: string
}

/** Policies that somebody has written. What they say is checked before they come here. */
export class Policies {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(account: string, name: string): OwnPolicy | undefined {
    return this.#sql
      .exec<PolicyRow>('select * from policies where account = ? and name = ?', account, name)
      .toArray()
      .map(policy)[0]
  }

  list(account: string): OwnPolicy[] {
    return this.#sql
      .exec<PolicyRow>('select * from policies where account = ? order by name', account)
      .toArray()
      .map(policy)
  }

  add({ account, name, document }: OwnPolicy): Outcome<void> {
    if (this.find(account, name)) return refused('Conflict', { problem: `there is a policy "${name}" already` })
    this.#sql.exec('insert into policies values (?, ?, ?)', account, name, document)
    return done(undefined)
  }

  change({ account, name, document }: OwnPolicy): Outcome<void> {
    if (!this.find(account, name)) return missing('policy', name)
    this.#sql.exec('update policies set document = ? where account = ? and name = ?', document, account, name)
    return done(undefined)
  }

  /** Whoever has it must lose it first: a policy that denies would else be gone without a word. */
  remove(account: string, name: string): Outcome<void> {
    if (!this.find(account, name)) return missing('policy', name)
    const holders = ['users', 'groups'].flatMap(table =>
      this.#sql
        .exec<{ name: string }>(
          `select holder.name from ${table} as holder, json_each(holder.policies) as attached
           where holder.account = ? and attached.value = ? limit 1`,
          account,
          name,
        )
        .toArray()
        .map(holder => `${table === 'users' ? 'user' : 'group'} "${holder.name}"`),
    )
    if (holders.length > 0) return refused('Conflict', { problem: `it is attached to ${holders.join(' and ')}` })
    this.#sql.exec('delete from policies where account = ? and name = ?', account, name)
    return done(undefined)
  }
}

function policy({ account, name, document }: PolicyRow): OwnPolicy {
  return { account, name, document }
}
