import type { Address } from 'viem'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import type { ScripClient } from '../../chain/transact.ts'
import type { VoucherSigner } from '../../channels/signatures.ts'
import type { Limits, Trust } from '../../client/createBudget.ts'
import { sessionFor } from '../../client/openSession.ts'
import { type PayingFetch, type PaymentEvent, payingFetch } from '../../client/payingFetch.ts'
import type { Unit } from '../../http/price.ts'
import type { Quote } from '../../http/quote.ts'
import type { Store } from '../../store/Store.ts'

/** Whom a buyer pays, and in what. */
export type Recipient = {
  readonly chainId: number
  readonly contract: Address
  readonly seller: Address
  readonly currency: Address
}

/** An agreed price: base units of one piece of something, and how many pieces may be paid. */
export type AgreedPrice = { readonly unit: Unit; readonly amount: bigint; readonly count: bigint }

/** Pays sellers what was agreed. */
export type Payments = {
  /** The id of the channel to a seller; opens one where there is none. `cost` is what is to be paid through it. */
  channelTo(recipient: Recipient, tick: bigint, cost: bigint): Promise<`0x${string}`>
  /** A fetch that pays this price, and no other. `cost` is what may still be paid to the seller, for a deposit. */
  fetchAt(recipient: Recipient, price: AgreedPrice, cost: bigint): PayingFetch
}

/** What `createPayments` takes. */
export type PaymentsParameters = {
  /** Opens and tops up channels from its account. */
  client: ScripClient
  /** Signs vouchers. */
  signer: VoucherSigner
  store: Store
  limits?: Omit<Limits, 'perRequest'>
  trust?: Trust
  /** Base units to open and to top up a channel with; what is to be paid, or to open one all there is, where nothing is said. */
  deposit?: bigint
  onPayment?: (event: PaymentEvent) => void
}

/**
 * How often a piece may be paid, at most: a seller that restarted may ask for a voucher instead of a tick, and what it refused
 * is credit with it.
 */
const ATTEMPTS = 3n

export function createPayments(parameters: PaymentsParameters): Payments {
  const { client, signer, store, limits, trust, onPayment } = parameters
  const depositFor = (cost: bigint) => parameters.deposit ?? cost
  /** What a channel can be opened with. */
  const affordable = async (currency: Address, cost: bigint) => {
    const { wallet } = await getHoldings(client, { currency })
    return wallet > 0n && wallet < cost ? wallet : cost
  }
  const quoteFor = ({ chainId, contract, seller, currency }: Recipient, unit: Unit, amount: bigint): Quote => {
    return { chainId, contract, payee: seller, currency, unit, amount }
  }
  return {
    channelTo: async (recipient, tick, cost) => {
      const quote = quoteFor(recipient, 'kilobyte', tick)
      const deposit = parameters.deposit ?? (await affordable(recipient.currency, cost))
      const session = await sessionFor({
        client,
        signer,
        store,
        quote,
        deposit,
        beforeOpening: () => {},
      })
      return session.channelId
    },

    fetchAt: (recipient, { unit, amount, count }, cost) =>
      payingFetch({
        client,
        signer,
        store,
        limits: { ...limits, perRequest: unit === 'call' ? amount * ATTEMPTS : amount * (count + ATTEMPTS) },
        deposit: depositFor(cost),
        agreed: quoteFor(recipient, unit, amount),
        // An agreement says what is paid for, and the seller's word what was kept.
        receipts: 0,
        ...(trust && { trust }),
        ...(onPayment && { onPayment }),
      }),
  }
}
