import type { Address } from 'viem'
import type { ScripClient } from '../chain/transact.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import {
  CHANNEL_SCHEME,
  type ChannelPayload,
  readChannelTerms,
  type X402Payment,
  type X402PaymentRequired,
  type X402Requirements,
  type X402Settlement,
} from '../http/x402.ts'
import type { Store } from '../store/Store.ts'
import { createChannelOffers } from './channelOffers.ts'
import { createBudget, type Limits } from './createBudget.ts'

/** A currency as x402's client needs to know it. `getCurrency` returns all of it. */
export type X402Currency = { readonly address: Address; readonly decimals: number; readonly symbol: string }

/** What `x402ChannelClient` takes. */
export type X402ChannelClientParameters = {
  /** Opens and tops up channels from its account. */
  client: ScripClient
  /** Signs vouchers. */
  signer: VoucherSigner
  /** Keeps the channels' state. */
  store: Store
  limits: Limits
  /**
   * The currencies that it pays in. To x402's own spend controls each is a default asset: where they say nothing, a payment is
   * at most one unit of it.
   */
  currencies: readonly X402Currency[]
  /** Base units to open and to top up a channel with; `limits.perRequest` where nothing is said. */
  deposit?: bigint
}

/** The scheme `channel` for stock x402 clients: a `SchemeNetworkClient` of `@x402/core`. */
export type X402ChannelClient = {
  readonly scheme: string
  readonly schemeHooks: {
    onPaymentResponse(context: {
      paymentPayload: X402Payment
      settleResponse?: X402Settlement
      paymentRequired?: X402PaymentRequired
    }): Promise<{ recovered: true } | undefined>
  }
  findDefaultAsset(asset: string): { asset: string; decimals: number; symbol: string } | undefined
  createPaymentPayload(
    x402Version: number,
    requirements: X402Requirements,
  ): Promise<{ x402Version: number; payload: ChannelPayload }>
}

/**
 * Has a stock x402 client pay by channel: `new x402Client().register('eip155:…', x402ChannelClient({ … }))`. The first payment
 * to a payee opens a channel, or goes on with one from the store. x402's client asks once without a payment every time, and
 * tries once more where a payment is refused for a reason that can be mended.
 *
 * `createPaymentPayload` throws `PROTOCOL_VIOLATION` where the offer is none that it can pay, `LIMIT_EXCEEDED`,
 * `INSUFFICIENT_BALANCE`, `WRONG_CHAIN`, and what opening a channel throws; nothing is paid then.
 */
export function x402ChannelClient(parameters: X402ChannelClientParameters): X402ChannelClient {
  const { client, signer, store, limits, currencies, deposit = limits.perRequest } = parameters
  const offers = createChannelOffers({ client, signer, store, deposit: () => deposit })
  const budget = createBudget(store, { limits })
  const find = (asset: string) => currencies.find(({ address }) => address.toLowerCase() === asset.toLowerCase())

  return {
    scheme: CHANNEL_SCHEME,

    schemeHooks: {
      onPaymentResponse: async ({ paymentPayload, settleResponse, paymentRequired }) => {
        const outcome = { settled: settleResponse, required: paymentRequired }
        const isMended = await offers.answered(paymentPayload.payload['payment'], outcome)
        return isMended ? { recovered: true } : undefined
      },
    },

    findDefaultAsset: (asset) => {
      const currency = find(asset)
      return currency && { asset: currency.address, decimals: currency.decimals, symbol: currency.symbol }
    },

    createPaymentPayload: async (x402Version, requirements) => {
      const terms = readChannelTerms(requirements)
      if (terms === undefined || find(terms.asset) === undefined) {
        throw new ScripError('PROTOCOL_VIOLATION', {
          detail: 'The server offers no payment by channel that this client could make.',
          hint: 'Check the currencies that the client was given, and that the server is of a fitting version.',
          values: { requirements },
        })
      }
      const { payload } = await offers.pay(terms, budget.open())
      return { x402Version, payload }
    },
  }
}
