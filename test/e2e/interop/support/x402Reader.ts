// #region reader
import type { ScripClient } from '@scrip/sdk/chain'
import type { VoucherSigner } from '@scrip/sdk/channels'
import { type PayingFetch, payingFetch } from '@scrip/sdk/client'
import type { Store } from '@scrip/sdk/store'
import type { Address } from 'viem'

type Reader = { client: ScripClient; signer: VoucherSigner; store: Store; tokens: Address[] }

/** A fetch that pays peers of this package and stock x402 servers: by channel where it can, else by exact in these tokens. */
export function readerFetch({ tokens, ...reader }: Reader): PayingFetch {
  return payingFetch({ ...reader, limits: { perRequest: 100_000n, perDay: 10_000_000n }, exact: tokens })
}
// #endregion
