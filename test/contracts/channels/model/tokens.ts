import type { Address, Hex } from 'viem'
import { type Call, type Mood, said, type TokenCall } from './calls.ts'

const MAX_UINT256 = 2n ** 256n - 1n

/** What the model knows of a token. The channels contract is the only spender there is. */
export type Token = {
  readonly kind: 'currency' | 'plain' | 'credulous'
  /** What authorizations are signed under, where it takes any. */
  readonly domain?: Hex
  readonly balances: Map<Address, bigint>
  readonly pretended: Map<Address, bigint>
  readonly allowances: Map<Address, bigint>
  /** Authorizations that were carried out, `payer nonce`. */
  readonly used: Set<string>
  mood: Mood
  reentry?: Call
}

/** The contract reverts, with one of these errors: which of several it names is its own affair. */
export class Refused extends Error {
  readonly reasons: readonly string[]

  constructor(reasons: readonly string[]) {
    super(reasons.join(' or '))
    this.reasons = reasons
  }
}

/** A revert without data. */
export const NO_REASON = 'no reason'

/** Refuses where any condition holds. */
export function refuseWhere(...conditions: readonly (readonly [boolean, string])[]): void {
  const reasons = conditions.filter(([holds]) => holds).map(([, reason]) => reason)
  if (reasons.length > 0) throw new Refused(reasons)
}

export function copyToken(token: Token): Token {
  return {
    ...token,
    balances: new Map(token.balances),
    pretended: new Map(token.pretended),
    allowances: new Map(token.allowances),
    used: new Set(token.used),
  }
}

/** What the token says that an account has. */
export function balanceOf(token: Token, account: Address): bigint {
  if (token.mood === 'LiesAboutBalances') return MAX_UINT256
  return (token.balances.get(account) ?? 0n) + (token.pretended.get(account) ?? 0n)
}

function add(amounts: Map<Address, bigint>, account: Address, amount: bigint): void {
  amounts.set(account, (amounts.get(account) ?? 0n) + amount)
}

function take(token: Token, from: Address, amount: bigint): void {
  const balance = token.balances.get(from) ?? 0n
  refuseWhere([balance < amount, said('ERC20InsufficientBalance', from, balance, amount)])
  add(token.balances, from, -amount)
}

/** Moves as the token's mood has it, and says whether it says that it did. */
export function move(token: Token, from: Address, to: Address, amount: bigint): boolean {
  const { mood } = token
  refuseWhere([mood === 'Refuses', said('Refused')], [mood === 'BurnsGas', NO_REASON])
  if (mood === 'ReturnsFalse') return false
  if (mood === 'PretendsToMove') add(token.pretended, to, amount)
  else {
    take(token, from, amount)
    add(token.balances, to, mood === 'TakesFee' ? amount - amount / 100n : amount)
  }
  return true
}

/** Spends the allowance of the channels contract, where the token keeps one. */
export function spend(token: Token, owner: Address, spender: Address, amount: bigint): void {
  if (token.kind !== 'plain') return
  const allowed = token.allowances.get(owner) ?? 0n
  refuseWhere([allowed < amount, said('ERC20InsufficientAllowance', spender, allowed, amount)])
  if (allowed !== MAX_UINT256) token.allowances.set(owner, allowed - amount)
}

/** What happens to a token apart from the channels, and moves nothing. */
export function performOnToken(token: Token, from: Address, call: Exclude<TokenCall, { name: 'transfer' }>): void {
  if (call.name === 'approve') token.allowances.set(from, call.amount)
  else if (call.name === 'setMood') token.mood = call.mood
  else if (call.name === 'shrink') take(token, call.account, call.amount)
  else {
    token.mood = 'Reenters'
    token.reentry = call.call
  }
}
