// #region payer
import type { ScripClient } from '@scrip/sdk/chain'
import type { VoucherSigner } from '@scrip/sdk/channels'
import { type X402Currency, x402ChannelClient } from '@scrip/sdk/client'
import type { Store } from '@scrip/sdk/store'
import { wrapFetchWithPaymentFromConfig } from '@x402/fetch'

type Payer = { chainId: number; client: ScripClient; signer: VoucherSigner; store: Store; currency: X402Currency }

/** Stock x402's fetch, paying by channel: at most 100,000 base units of one currency a request. */
export function channelFetch({ chainId, currency, ...payer }: Payer, plainFetch = fetch): typeof fetch {
  const channel = x402ChannelClient({ ...payer, currencies: [currency], limits: { perRequest: 100_000n } })
  return wrapFetchWithPaymentFromConfig(plainFetch, { schemes: [{ network: `eip155:${chainId}`, client: channel }] })
}
// #endregion
