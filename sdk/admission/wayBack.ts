import type { Address } from 'viem'
import type { Admission, RatioStanding, Standing } from '../chain/actions/getAdmission.ts'
import { lacking } from './capacity.ts'

/** What would open the gate to a refused peer. Values are in the network's unit. */
export type Way =
  | { readonly kind: 'provide'; readonly value: bigint }
  | { readonly kind: 'claim'; readonly value: bigint }
  | { readonly kind: 'lock'; readonly token: Address; readonly amount: bigint; readonly seconds: number }
  | { readonly kind: 'show-flow'; readonly policy: Address; readonly value: bigint }
  | { readonly kind: 'prove'; readonly policy: Address }
  | { readonly kind: 'ask-steward' }
  | { readonly kind: 'all' | 'one'; readonly ways: readonly Way[] }

/** What is missed of a peer that wants to consume so much `more` than the history holds; nothing where it need only join. */
export function wayBack({ admitted, standing }: Admission, more: bigint): Way | undefined {
  return standing === undefined ? { kind: 'ask-steward' } : missing(standing, { admitted, more })
}

type Wish = { readonly admitted: boolean; readonly more: bigint }

function missing(standing: Standing, wish: Wish): Way | undefined {
  switch (standing.kind) {
    case 'ratio':
      return missingByRatio(standing, wish)
    case 'bond': {
      const { token, amount, bonded, admissionPeriod, eligible } = standing
      if (amount === 0n) return { kind: 'ask-steward' }
      if (eligible) return undefined
      return { kind: 'lock', token, amount: amount > bonded ? amount - bonded : 0n, seconds: admissionPeriod }
    }
    case 'flow': {
      const { policy, seeds, admitFlow, eligible } = standing
      if (seeds.length === 0) return { kind: 'ask-steward' }
      return eligible || wish.admitted ? undefined : { kind: 'show-flow', policy, value: admitFlow }
    }
    case 'other':
      // Who is admitted brought the proof.
      return standing.eligible || wish.admitted ? undefined : { kind: 'prove', policy: standing.policy }
    default:
      return missingByParts(standing.parts, standing.kind, wish)
  }
}

function missingByRatio(ratio: RatioStanding, { admitted, more }: Wish): Way | undefined {
  const { admitRatio, shortfall, claimable, allowance } = ratio
  if (admitRatio === 0n) return { kind: 'ask-steward' }
  const least = admitted ? 0n : shortfall
  const lacks = lacking(ratio, more)
  if (lacks === 0n && least === 0n) return undefined
  const claimed = { ...ratio, allowance: allowance + claimable }
  if (claimable > 0n && lacking(claimed, more) === 0n) return { kind: 'claim', value: claimable }
  return { kind: 'provide', value: lacks > least ? lacks : least }
}

function missingByParts(parts: readonly Standing[], kind: 'allOf' | 'anyOf', wish: Wish): Way | undefined {
  if (parts.length === 0) return { kind: 'ask-steward' }
  const all = parts.map((part) => missing(part, wish))
  const ways = all.filter((way) => way !== undefined)
  if (ways.length === 0 || (kind === 'anyOf' && ways.length < all.length)) return undefined
  return ways.length === 1 ? ways[0] : { kind: kind === 'allOf' ? 'all' : 'one', ways }
}

/** The value that is to be provided, where nothing else would do. */
export function toProvide(way: Way | undefined): bigint {
  if (way?.kind === 'provide') return way.value
  if (way?.kind !== 'all') return 0n
  return way.ways.map(toProvide).reduce((most, value) => (value > most ? value : most), 0n)
}

/** The way in words. */
export function wayInWords(way: Way | undefined, networkId: bigint): string {
  const join = `with \`scrip admission join --network ${networkId}\``
  if (way === undefined) return `It is eligible: have it admitted ${join}.`
  if (way.kind === 'ask-steward') return 'The network admits nobody yet: ask its steward for a policy.'
  return `${inWords(way, networkId)}, and join ${way.kind === 'provide' ? 'again ' : ''}${join}.`
}

function inWords(way: Way, networkId: bigint): string {
  switch (way.kind) {
    case 'provide':
      return `Serve other peers of the network for at least ${way.value} more units of value, have that settled`
    case 'claim':
      return `Claim a newcomer's allowance of ${way.value} units of value`
    case 'lock': {
      const what = way.amount === 0n ? 'Prolong the lock of the bond in' : `Lock ${way.amount} more base units of`
      return `${what} ${way.token} with \`scrip admission bond --network ${networkId}\``
    }
    case 'show-flow':
      return `Serve the network's seed peers, or peers that served them, bring the proof that ${way.value} units of value flow from them to you`
    case 'prove':
      return `Bring the proof that the network's policy ${way.policy} asks for`
    case 'ask-steward':
      return 'Ask its steward for the terms that are not set yet'
    default: {
      const ways = way.ways.map((each) => inWords(each, networkId))
      return way.kind === 'all' ? `Do all of this: ${ways.join('; ')}` : `Do one of this: ${ways.join('; or ')}`
    }
  }
}
