import { type Hex, keccak256, type LocalAccount } from 'viem'
import { type Fees, type GasOffers, gasOffers } from '../chain/gasOffers.ts'
import type { ScripClient } from '../chain/transact.ts'
import { transferFundsData } from './createJudge.ts'
import type { Job, Version } from './relayBook.ts'

/** Signs the gateway's transactions at a price. */
export type RelaySigner = GasOffers & {
  /** A job's transaction; one that only takes its nonce where there is no job. */
  sign(nonce: number, job: Job | undefined, fees: Fees): Promise<Version>
}

/** What an empty transaction takes. */
const EMPTY_GAS = 21_000n

/** @param most What a unit of gas may cost at most, in wei. */
export function relaySigner(
  client: ScripClient,
  account: LocalAccount,
  chainId: number,
  most: bigint | undefined,
): RelaySigner {
  return {
    ...gasOffers(client, most),

    sign: async (nonce, job, fees) => {
      const raw: Hex = await account.signTransaction({
        type: 'eip1559',
        chainId,
        nonce,
        ...(job === undefined
          ? { to: account.address, gas: EMPTY_GAS }
          : { to: job.request.currency, data: transferFundsData(job.request), gas: job.gas }),
        ...fees,
      })
      return { raw, hash: keccak256(raw), ...fees }
    },
  }
}
