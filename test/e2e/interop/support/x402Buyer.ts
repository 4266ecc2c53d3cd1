// #region buyer
import { type ClientEvmSigner, ExactEvmScheme } from '@x402/evm'
import { wrapFetchWithPaymentFromConfig } from '@x402/fetch'
import type { Address } from 'viem'

type Limit = { chainId: number; currency: Address; most: bigint }

/** A fetch that pays by stock x402: up to `most` base units of one issuer currency a request. */
export function x402Fetch(
  signer: ClientEvmSigner,
  { chainId, currency, most }: Limit,
  plainFetch = fetch,
): typeof fetch {
  const network = `eip155:${chainId}` as const
  return wrapFetchWithPaymentFromConfig(plainFetch, {
    schemes: [{ network, client: new ExactEvmScheme(signer) }],
    // Without this the client pays in no currency but the few that x402 lists.
    spendControls: { allowedAssets: [{ network, asset: currency, maxAmountPerPayment: `${most}` }] },
  })
}
// #endregion
