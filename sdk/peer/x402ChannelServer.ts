import { ScripError } from '../errors/ScripError.ts'
import { CHANNEL_SCHEME, type X402Requirements } from '../http/x402.ts'
import type { X402ChannelFacilitator } from './x402ChannelFacilitator.ts'

/** What `x402ChannelServer` takes. */
export type X402ChannelServerParameters = {
  /**
   * The facilitator where it is in this process: it gives back at once what a failed answer did not cost. One elsewhere is not
   * told of failures, and gives back after the route's `maxTimeoutSeconds`.
   */
  facilitator?: Pick<X402ChannelFacilitator, 'release'>
}

/** A payment as x402 shows it to hooks. */
type Shown = { readonly payload: { readonly [field: string]: unknown } }

/** The scheme `channel` for stock resource servers: a `SchemeNetworkServer` of `@x402/core`. */
export type X402ChannelServer = {
  readonly scheme: string
  readonly defaultAssetTransferMethod: string
  readonly paymentFlows: Record<string, { supported: 'authorization'[]; default: 'authorization' }>
  readonly dynamicExtraFields: string[]
  readonly schemeHooks: {
    onAfterVerify(context: {
      paymentPayload: Shown
      result: { readonly extra?: { readonly [field: string]: unknown } | undefined }
    }): Promise<void>
    onVerifiedPaymentCanceled(context: { paymentPayload: Shown }): Promise<void>
  }
  parsePrice(price: unknown): Promise<{ asset: string; amount: string; extra?: Record<string, unknown> }>
  enhancePaymentRequirements(
    requirements: X402Requirements,
    supportedKind: { extra?: Record<string, unknown> },
  ): Promise<X402Requirements>
  validateFacilitatorSupport(network: string, supportedKind: { extra?: Record<string, unknown> }): string | undefined
  enrichPaymentRequiredResponse(context: {
    requirements: X402Requirements[]
    paymentPayload?: Shown
  }): Promise<X402Requirements[] | undefined>
}

/**
 * Has a stock resource server be paid by channel: `new x402ResourceServer(…).register('eip155:…', x402ChannelServer({ … }))`.
 * Prices are base units of a currency, `{ asset, amount }`: no currency is a dollar. Where a payment is refused, the next 402
 * answer has the problem in `extra.problem` of its offer, so that the payer can mend it.
 */
export function x402ChannelServer({ facilitator }: X402ChannelServerParameters = {}): X402ChannelServer {
  /** What was wrong with payments that were just refused. */
  const problems = new WeakMap<Shown, unknown>()

  return {
    scheme: CHANNEL_SCHEME,
    defaultAssetTransferMethod: 'default',
    // Verifying takes the payment, so it has to come first.
    paymentFlows: { default: { supported: ['authorization'], default: 'authorization' } },
    dynamicExtraFields: ['problem'],

    schemeHooks: {
      onAfterVerify: async ({ paymentPayload, result }) => {
        const problem = result.extra?.['problem']
        if (problem !== undefined) problems.set(paymentPayload, problem)
      },
      onVerifiedPaymentCanceled: async ({ paymentPayload }) => {
        await facilitator?.release(paymentPayload)
      },
    },

    parsePrice: async (price) => {
      const { asset, amount, extra } = (typeof price === 'object' && price !== null ? price : {}) as {
        [field: string]: unknown
      }
      if (typeof asset === 'string' && typeof amount === 'string' && /^[1-9]\d{0,28}$/.test(amount)) {
        return { asset, amount, extra: { ...(extra as object | undefined) } }
      }
      throw new ScripError('INVALID_ARGUMENT', {
        detail: 'A price by channel is an amount of base units of a currency.',
        hint: "Write { asset: '0x…', amount: '1000' }.",
        values: { price },
      })
    },

    enhancePaymentRequirements: async (requirements, { extra }) => {
      return { ...requirements, extra: { ...requirements.extra, contract: extra?.['contract'] } }
    },

    validateFacilitatorSupport: (_, { extra }) => {
      return typeof extra?.['contract'] === 'string' ? undefined : 'the facilitator does not name the channels contract'
    },

    enrichPaymentRequiredResponse: async ({ requirements, paymentPayload }) => {
      const problem = paymentPayload && problems.get(paymentPayload)
      if (problem === undefined) return undefined
      return requirements.map((offer) =>
        offer.scheme === CHANNEL_SCHEME ? { ...offer, extra: { ...offer.extra, problem } } : offer,
      )
    },
  }
}
