import type { Address, Hex } from 'viem'
import type { ScripClient } from '../chain/transact.ts'
import type { Payee } from '../channels/Payee.ts'
import { ScripError } from '../errors/ScripError.ts'
import {
  CHANNEL_SCHEME,
  type ChannelTerms,
  readChannelPayload,
  readChannelTerms,
  type X402Network,
  type X402Payment,
  type X402Requirements,
  type X402Settlement,
  type X402Verdict,
} from '../http/x402.ts'
import { acceptPayment } from './acceptPayment.ts'
import { createObserver, type Observer } from './createObserver.ts'

/** What `x402ChannelFacilitator` takes. */
export type X402ChannelFacilitatorParameters = {
  /** Reads the chain: which channels exist and what they hold. */
  client: ScripClient
  /** Who is paid. What they accept is in their stores, and theirs to claim. */
  payees: readonly Payee[]
}

/** What a facilitator says that it can do, as x402 asks for it. */
export type X402Supported = {
  kinds: { x402Version: number; scheme: string; network: X402Network; extra: Record<string, unknown> }[]
  extensions: string[]
  signers: Record<string, string[]>
}

/** The scheme `channel` for facilitators: a `SchemeNetworkFacilitator` and a `FacilitatorClient` of `@x402/core`. */
export type X402ChannelFacilitator = {
  readonly scheme: string
  readonly caipFamily: string
  getExtra(network: string): Record<string, unknown> | undefined
  getSigners(network: string): string[]
  getSupported(): Promise<X402Supported>
  /** Takes the payment and holds its price. A payment is taken once: asked again, it is `PAYMENT_REPLAYED`. */
  verify(payment: X402Payment, requirements: X402Requirements): Promise<X402Verdict>
  /**
   * Charges what is held, or as much of it as the requirements' amount says; takes the payment first where that was not done.
   * Asked again, it gives the same answer and charges nothing.
   */
  settle(payment: X402Payment, requirements: X402Requirements): Promise<X402Settlement>
  /** Gives back what is held for a payment whose answer failed: it stays the payer's credit. */
  release(payment: { readonly payload: { readonly [field: string]: unknown } }): Promise<void>
}

/** Someone who is paid, and who looks at the chain for it. */
type Till = { readonly payee: Payee; readonly observer: Observer }

/** A payment that was taken and not settled. */
type Hold = {
  readonly till: Till
  readonly channelId: Hex
  readonly payer: Address
  readonly terms: ChannelTerms
  /** Gives it back once nobody can settle it any more. */
  readonly timer: ReturnType<typeof setTimeout>
}

/** Settlements that are remembered for whoever asks again. */
const MOST_SETTLED = 10_000

/** The longest time that a payment is held, in seconds: a day. */
const LONGEST = 86_400

/**
 * Verifies and settles payments by channel, in the same process as a stock resource server (pass it to
 * `new x402ResourceServer(…)`) or as a service (register it in a stock `x402Facilitator`). Nothing goes to the chain: a payment
 * counts once it is in the payee's store, and is claimed with all others when the payee likes.
 *
 * `verify` charges the price in the same write that takes the payment, so that nothing can be served twice, and holds it for
 * the requirements' `maxTimeoutSeconds` at most; a crash in between costs the payer what was held. Refusals carry this
 * package's error code as their reason and the whole problem in `extra.problem`.
 */
export function x402ChannelFacilitator({ client, payees }: X402ChannelFacilitatorParameters): X402ChannelFacilitator {
  const tills = payees.map((payee): Till => ({ payee, observer: createObserver({ client, payee }) }))
  const holds = new Map<string, Hold>()
  const settled = new Map<string, Promise<X402Settlement>>()

  const tillFor = ({ chainId, contract, payTo }: ChannelTerms): Till => {
    const till = tills.find(({ payee }) => {
      return payee.address === payTo && payee.accepts.chainId === chainId && payee.accepts.contract === contract
    })
    if (till !== undefined) return till
    throw new ScripError('WRONG_CHANNEL', {
      detail: `Nobody here is paid as ${payTo} by channels of ${contract} on chain ${chainId}.`,
      values: { payTo, contract, chainId },
    })
  }

  /** Takes a payment and holds its price. */
  const take = async (payment: X402Payment, requirements: X402Requirements): Promise<Hold> => {
    const terms = termsOf(payment, requirements)
    const till = tillFor(terms)
    const { bytes, statement } = readChannelPayload(payment.payload)
    const { channel, accepted, added, held } = await acceptPayment(till, bytes, {
      ...statement,
      hold: 'rest',
      currency: terms.asset,
    })
    const values = { channelId: channel.id, accepted }
    if (added === 0n) throw new ScripError('PAYMENT_REPLAYED', { values })
    if (held < terms.amount) {
      await giveBack(till, channel.id, held)
      throw new ScripError('PAYMENT_REQUIRED', {
        detail: `It costs ${terms.amount} base units; the channel has ${held} for it.`,
        values: { ...values, amount: terms.amount, credit: held },
      })
    }
    await giveBack(till, channel.id, held - terms.amount)
    const key = keyOf(payment)
    const timer = setTimeout(() => release(key), 1_000 * Math.min(terms.seconds, LONGEST))
    // Node would wait for it before it ends; elsewhere a timer is a number.
    if (typeof timer === 'object') timer.unref()
    const hold = { till, channelId: channel.id, payer: channel.payer, terms, timer }
    holds.set(key, hold)
    return hold
  }

  /** Ends a hold, where there is one. */
  const drop = (key: string): Hold | undefined => {
    const hold = holds.get(key)
    holds.delete(key)
    clearTimeout(hold?.timer)
    return hold
  }

  const release = async (key: string): Promise<void> => {
    const hold = drop(key)
    if (hold !== undefined) await giveBack(hold.till, hold.channelId, hold.terms.amount)
  }

  const charge = async ({ till, channelId, payer, terms }: Hold, amount: bigint): Promise<X402Settlement> => {
    await giveBack(till, channelId, terms.amount - amount)
    const { accepted, credit } = await till.payee.standing(channelId)
    return {
      success: true,
      transaction: '',
      network: `eip155:${terms.chainId}`,
      payer,
      amount: `${amount}`,
      extra: { channelId, accepted: `${accepted}`, credit: `${credit}` },
    }
  }

  const settleOnce = async (payment: X402Payment, requirements: X402Requirements): Promise<X402Settlement> => {
    const key = keyOf(payment)
    const hold = holds.get(key) ?? (await take(payment, requirements))
    const { amount, ...terms } = hold.terms
    const asked = readChannelTerms(requirements)
    if (asked === undefined || asked.amount > amount || !isSame(asked, terms)) throw altered()
    drop(key)
    return charge(hold, asked.amount)
  }

  const settle = async (payment: X402Payment, requirements: X402Requirements): Promise<X402Settlement> => {
    const key = keyOf(payment)
    const before = settled.get(key)
    if (before !== undefined) return { ...(await before) }
    const settlement = settleOnce(payment, requirements).catch((error: unknown): X402Settlement => {
      settled.delete(key)
      const { reason, message, extra } = refusalOf(error)
      const { network } = requirements
      return { success: false, errorReason: reason, errorMessage: message, transaction: '', network, extra }
    })
    settled.set(key, settlement)
    for (const oldest of settled.keys()) {
      if (settled.size <= MOST_SETTLED) break
      settled.delete(oldest)
    }
    return { ...(await settlement) }
  }

  const extraFor = (network: string) => {
    const payee = payees.find(({ accepts }) => `eip155:${accepts.chainId}` === network)
    return payee && { contract: payee.accepts.contract }
  }

  return {
    scheme: CHANNEL_SCHEME,
    caipFamily: 'eip155:*',
    getExtra: extraFor,
    // Nobody signs or sends anything here.
    getSigners: () => [],

    getSupported: async () => {
      const networks = new Set(payees.map(({ accepts }): X402Network => `eip155:${accepts.chainId}`))
      const kinds = [...networks].map((network) => {
        return { x402Version: 2, scheme: CHANNEL_SCHEME, network, extra: { ...extraFor(network) } }
      })
      return { kinds, extensions: [], signers: {} }
    },

    verify: async (payment, requirements) => {
      try {
        const { payer, channelId } = await take(payment, requirements)
        return { isValid: true, payer, extra: { channelId } }
      } catch (error) {
        const { reason, message, extra } = refusalOf(error)
        return { isValid: false, invalidReason: reason, invalidMessage: message, extra }
      }
    },

    settle,
    release: (payment) => release(keyOf(payment)),
  }
}

/** What is asked for, where the payer agreed to the same. @throws `PAYMENT_MALFORMED` */
function termsOf({ accepted }: X402Payment, requirements: X402Requirements): ChannelTerms {
  const terms = readChannelTerms(requirements)
  const agreed = readChannelTerms(accepted)
  if (terms === undefined || agreed?.amount !== terms.amount || !isSame(agreed, terms)) throw altered()
  return terms
}

function isSame(one: Omit<ChannelTerms, 'amount'>, other: Omit<ChannelTerms, 'amount'>): boolean {
  return (['chainId', 'contract', 'asset', 'payTo'] as const).every((field) => one[field] === other[field])
}

function altered(): ScripError {
  return new ScripError('PAYMENT_MALFORMED', {
    detail: 'The payment is on other terms than those that are asked for.',
    hint: 'Accept one of the offers of the newest 402 answer, unchanged.',
  })
}

function keyOf({ payload }: { readonly payload: { readonly [field: string]: unknown } }): string {
  return String(payload?.['payment'])
}

/** Makes it credit again. Where the store fails its payer may lose what was held, and nobody more. */
async function giveBack({ payee }: Till, channelId: Hex, amount: bigint): Promise<void> {
  if (amount > 0n) await payee.giveBack(channelId, amount).catch(warn)
}

/** What strangers are told of an error: of one at this end no more than its kind. */
function refusalOf(error: unknown): { reason: string; message: string; extra: Record<string, unknown> } {
  const known = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
  if (known.status >= 500) warn(error)
  const told = known.status < 500 ? known : new ScripError(known.code)
  return { reason: told.code, message: told.message, extra: { problem: told.toProblem() } }
}

function warn(error: unknown): void {
  const text = error instanceof Error ? error : String(error)
  if (typeof process === 'undefined') console.warn(text)
  else process.emitWarning(text)
}
