import type {
  Condition,
  ContextValues,
  Policy,
  PolicyRequest,
  Principal,
  Principals,
  Statement,
  Template,
  Verdict,
} from '../../model/policy'
import { namesOfAction } from './actions'
import { findOperator, type Operator } from './operators'
import { fits } from './template'

/** What one policy says of a request. Deny beats allow. */
export function judgePolicy(policy: Policy, request: PolicyRequest): Verdict {
  const { isDenied, granted } = weighPolicy(policy, request)
  if (isDenied) return 'deny'
  return granted === undefined ? 'none' : 'allow'
}

/** What several policies say together: one of them is enough to deny, and else to allow. */
export function judgePolicies(policies: Policy[], request: PolicyRequest): Verdict {
  const verdicts = policies.map(policy => judgePolicy(policy, request))
  if (verdicts.includes('deny')) return 'deny'
  return verdicts.includes('allow') ? 'allow' : 'none'
}

/** Allowed only where every layer allows: what a user has, and what limits its key or session. */
export function intersect(verdicts: Verdict[]): Verdict {
  if (verdicts.includes('deny')) return 'deny'
  return verdicts.every(verdict => verdict === 'allow') && verdicts.length > 0 ? 'allow' : 'none'
}

/**
 * How a statement's principal names somebody: 'directly' is everyone, or that very user; 'account' is the account it belongs to,
 * whose own policies then say which of its users may.
 */
export type Naming = 'directly' | 'account'

export interface Weight {
  isDenied: boolean
  granted?: Naming
}

export function weighPolicy(policy: Policy, request: PolicyRequest): Weight {
  const asked: PolicyRequest = { ...request, context: withPrincipal(request) }
  const names = namesOfAction(request.action)
  const weight: Weight = { isDenied: false }
  for (const statement of policy.statements) {
    const naming = applies(statement, asked, names)
    if (naming === undefined) continue
    if (statement.effect === 'Deny') return { isDenied: true }
    if (weight.granted !== 'directly') weight.granted = naming
  }
  return weight
}

/** The condition keys that a policy asks for, as `ContextValues` takes them: some are dear to know, like an object's tags. */
export function contextKeysOf({ statements }: Policy): Set<string> {
  const keys = new Set<string>()
  const add = (template: Template) => {
    for (const part of template) if ('variable' in part) keys.add(part.variable)
  }
  for (const { resources, conditions } of statements) {
    resources.of.forEach(add)
    for (const { key, values } of conditions) {
      keys.add(key)
      values.forEach(add)
    }
  }
  return keys
}

function applies(statement: Statement, request: PolicyRequest, names: string[]): Naming | undefined {
  const { actions, resources, conditions } = statement
  const { resource, context } = request
  if (actions.of.some(pattern => names.some(name => fits(pattern, name, context))) === actions.isExcept)
    return undefined
  const naming = nameOf(statement, request.principal)
  if (naming === undefined) return undefined
  if (resources.of.some(pattern => fits(pattern, resource, context)) === resources.isExcept) return undefined
  return conditions.every(condition => holds(condition, context)) ? naming : undefined
}

function nameOf({ principals }: Statement, principal: Principal): Naming | undefined {
  if (!principals) return 'directly'
  const naming = namingAmong(principals.of, principal)
  if (!principals.isExcept) return naming
  return naming === undefined ? 'directly' : undefined
}

function namingAmong({ everyone, accounts, arns }: Principals, principal: Principal): Naming | undefined {
  if (everyone) return 'directly'
  if (principal.kind === 'anonymous') return undefined
  if (principal.arns.some(arn => arns.includes(arn))) return 'directly'
  return accounts.includes(principal.accountId) ? 'account' : undefined
}

function holds(condition: Condition, context: ContextValues): boolean {
  const operator = findOperator(condition.operator)
  // The reader let it pass, so it is there; without it nobody could say what was meant.
  if (!operator) throw new Error(`no such operator: ${condition.operator}`)
  const actual = context(condition.key) ?? []
  if (condition.operator === 'Null')
    return condition.values.some(value => fits(value, String(actual.length === 0), context))
  if (actual.length === 0) return holdsWithout(condition, operator)
  const fitting = (value: string) =>
    condition.values.some(wanted => operator.compare(value, wanted, context)) !== operator.isNegated
  // Of several values without a word on how many, those are asked that make it the harder to get round a negation.
  const isForAll = condition.set === 'all' || (condition.set === undefined && operator.isNegated)
  return isForAll ? actual.every(fitting) : actual.some(fitting)
}

/** What holds of a key that the request has not got. Source: IAM user guide, "Condition operators" and "Set operators". */
function holdsWithout({ set, ifExists }: Condition, { isNegated }: Operator): boolean {
  if (ifExists || set === 'all') return true
  return set === 'any' ? false : isNegated
}

/** The context, and before it what the principal itself says. */
function withPrincipal({ principal, context }: PolicyRequest): ContextValues {
  return key => principalValue(principal, key) ?? context(key)
}

function principalValue({ kind, accountId, user, arns }: Principal, key: string): string[] | undefined {
  if (key === 'aws:principaltype') return [kind === 'anonymous' ? 'Anonymous' : kind === 'root' ? 'Account' : 'User']
  if (kind === 'anonymous') return undefined
  if (key === 'aws:username') return user === '' ? undefined : [user]
  if (key === 'aws:principalaccount') return [accountId]
  return key === 'aws:principalarn' ? arns.slice(0, 1) : undefined
}
