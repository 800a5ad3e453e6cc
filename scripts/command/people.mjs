import { readFileSync } from 'node:fs'
import { Complaint } from '../local/complaint.mjs'
import { table } from './table.mjs'

/*
 * Each command: what it takes besides the options that all take, and `run({ ask, names, options })`, which answers a text, or a
 * value for --json with a text for people.
 */
const LIST = { type: 'string', multiple: true }
const FLAG = { type: 'boolean' }

const USER_COLUMNS = {
  USER: user => user.name,
  RIGHTS: user => [...(user.admin ? ['admin'] : []), ...user.policies].join(','),
  GROUPS: user => user.groups.join(','),
  STATE: user => (user.disabled ? 'disabled' : 'enabled'),
}

export const peopleCommands = {
  'account add': {
    names: ['NAME'],
    options: { id: { type: 'string' }, 'display-name': { type: 'string' }, email: { type: 'string' } },
    async run({ ask, names: [name], options: { id, 'display-name': displayName, email } }) {
      const account = await ask('POST', ['accounts'], { body: { name, id, displayName, email } })
      return [account, `Account ${account.name} is made.\n`]
    },
  },
  'account list': {
    async run({ ask }) {
      const { accounts } = await ask('GET', ['accounts'])
      return [accounts, table(accounts, { ACCOUNT: one => one.id, NAME: one => one.name, EMAIL: one => one.email })]
    },
  },
  'account remove': {
    names: ['ID'],
    async run({ ask, names: [id] }) {
      await ask('DELETE', ['accounts', id])
      return [{}, `Account ${id} is removed.\n`]
    },
  },
  'user add': {
    names: ['NAME'],
    options: { admin: FLAG, policy: LIST, group: LIST },
    async run({ ask, names: [name], options: { account, admin, policy, group } }) {
      const body = { name, account, admin, policies: listed(policy), groups: listed(group) }
      const user = await ask('POST', ['users'], { body })
      return [user, `User ${name} is made. A key for it: npx wharf key add --user ${name}${inAccount(account)}\n`]
    },
  },
  'user list': {
    async run({ ask, options: { account } }) {
      const { users } = await ask('GET', ['users'], { query: { account } })
      return [users, table(users, USER_COLUMNS)]
    },
  },
  'user change': {
    names: ['NAME'],
    options: { admin: FLAG, 'no-admin': FLAG, enable: FLAG, disable: FLAG, policy: LIST, group: LIST },
    async run({ ask, names: [name], options }) {
      const { account, policy, group } = options
      const body = {
        admin: either(options, 'admin', 'no-admin'),
        disabled: either(options, 'disable', 'enable'),
        policies: policy && listed(policy),
        groups: group && listed(group),
      }
      const user = await ask('PATCH', ['users', name], { query: { account }, body })
      return [user, table([user], USER_COLUMNS)]
    },
  },
  'user remove': {
    names: ['NAME'],
    async run({ ask, names: [name], options: { account } }) {
      await ask('DELETE', ['users', name], { query: { account } })
      return [{}, `User ${name} is removed, and its keys with it.\n`]
    },
  },
  'group add': {
    names: ['NAME'],
    options: { policy: LIST, member: LIST },
    async run({ ask, names: [name], options: { account, policy, member } }) {
      const body = { name, account, policies: listed(policy), members: listed(member) }
      return [await ask('POST', ['groups'], { body }), `Group ${name} is made.\n`]
    },
  },
  'group list': {
    async run({ ask, options: { account } }) {
      const { groups } = await ask('GET', ['groups'], { query: { account } })
      return [groups, table(groups, GROUP_COLUMNS)]
    },
  },
  'group change': {
    names: ['NAME'],
    options: { policy: LIST, member: LIST },
    async run({ ask, names: [name], options: { account, policy, member } }) {
      const body = { policies: policy && listed(policy), members: member && listed(member) }
      const group = await ask('PATCH', ['groups', name], { query: { account }, body })
      return [group, table([group], GROUP_COLUMNS)]
    },
  },
  'group remove': {
    names: ['NAME'],
    async run({ ask, names: [name], options: { account } }) {
      await ask('DELETE', ['groups', name], { query: { account } })
      return [{}, `Group ${name} is removed.\n`]
    },
  },
  'policy add': {
    names: ['NAME', 'FILE'],
    async run({ ask, names: [name, file], options: { account } }) {
      const body = { name, account, document: readDocument(file) }
      return [await ask('POST', ['policies'], { body }), `Policy ${name} is made.\n`]
    },
  },
  'policy list': {
    async run({ ask, options: { account } }) {
      const { policies } = await ask('GET', ['policies'], { query: { account } })
      return [policies, table(policies, { POLICY: one => one.name, OF: one => one.account ?? 'managed' })]
    },
  },
  'policy show': {
    names: ['NAME'],
    async run({ ask, names: [name], options: { account } }) {
      const { document } = await ask('GET', ['policies', name], { query: { account } })
      return [document, `${JSON.stringify(document, null, 2)}\n`]
    },
  },
  'policy change': {
    names: ['NAME', 'FILE'],
    async run({ ask, names: [name, file], options: { account } }) {
      const body = { document: readDocument(file) }
      return [await ask('PUT', ['policies', name], { query: { account }, body }), `Policy ${name} is changed.\n`]
    },
  },
  'policy remove': {
    names: ['NAME'],
    async run({ ask, names: [name], options: { account } }) {
      await ask('DELETE', ['policies', name], { query: { account } })
      return [{}, `Policy ${name} is removed.\n`]
    },
  },
}

const GROUP_COLUMNS = {
  GROUP: group => group.name,
  POLICIES: group => group.policies.join(','),
  MEMBERS: group => group.members.join(','),
}

/** `--policy a,b --policy c`; an empty text is the empty list. */
function listed(values = []) {
  return values.flatMap(value => value.split(',')).filter(name => name !== '')
}

export function either(options, yes, no) {
  if (options[yes] && options[no]) throw new Complaint(`--${yes} and --${no} do not go together: pass one of them.`)
  return options[yes] || options[no] ? Boolean(options[yes]) : undefined
}

export function inAccount(account) {
  return account === undefined ? '' : ` --account ${account}`
}

/** The text itself, so that the server sees a name that stands there twice. */
export function readDocument(file) {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch (error) {
    throw new Complaint(
      `Cannot read the policy ${file} (${error.code}): name a JSON file, or - for the standard input.`,
    )
  }
}
