// #region seller

import type { ScripClient } from '@scrip/sdk/chain'
import type { Payee } from '@scrip/sdk/channels'
import { x402ChannelFacilitator, x402ChannelServer } from '@scrip/sdk/peer'
import { type FacilitatorClient, type RouteConfig, x402ResourceServer } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import type { Address } from 'viem'

type Seller = { chainId: number; client: ScripClient; payee: Payee; exact: FacilitatorClient }

/** A stock resource server that is paid by channel, and by `exact` through another facilitator. */
export function sellerServer({ chainId, client, payee, exact }: Seller): x402ResourceServer {
  const network = `eip155:${chainId}` as const
  const channels = x402ChannelFacilitator({ client, payees: [payee] })
  return new x402ResourceServer([channels, exact])
    .register(network, x402ChannelServer({ facilitator: channels }))
    .register(network, new ExactEvmScheme())
}
// #endregion

// #region offers
type Terms = { chainId: number; currency: Address; name: string; amount: bigint; payTo: Address }

/** What a route asks for: the price by channel, and the same price by `exact` from whoever has no channel. */
export function offers({ chainId, currency, name, amount, payTo }: Terms): RouteConfig {
  const network = `eip155:${chainId}` as const
  const price = { asset: currency, amount: `${amount}`, extra: { name, version: '1' } }
  return {
    accepts: [
      { scheme: 'channel', network, price, payTo, maxTimeoutSeconds: 60 },
      { scheme: 'exact', network, price, payTo, maxTimeoutSeconds: 60 },
    ],
  }
}
// #endregion
