import { estimateMaxPriorityFeePerGas, getBlock } from 'viem/actions'
import type { ScripClient } from './transact.ts'

/** Prices of a unit of gas, in wei. */
export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

/** What to offer for a transaction. */
export type GasOffers = {
  /** What to offer now. */
  fees(): Promise<Fees>
  /** What to offer for the nonce of a transaction that is not mined; nothing where the limit does not allow it. */
  higherFees(last: Fees): Promise<Fees | undefined>
}

/** @param most What a unit of gas may cost at most, in wei. */
export function gasOffers(client: ScripClient, most: bigint | undefined): GasOffers {
  const estimate = async (): Promise<Fees> => {
    const [{ baseFeePerGas }, maxPriorityFeePerGas] = await Promise.all([
      getBlock(client),
      estimateMaxPriorityFeePerGas(client),
    ])
    // Twice the price of the newest block lasts for as many full blocks as it takes to double.
    return { maxFeePerGas: 2n * (baseFeePerGas ?? 0n) + maxPriorityFeePerGas, maxPriorityFeePerGas }
  }

  return {
    fees: async () => {
      const { maxFeePerGas, maxPriorityFeePerGas } = await estimate()
      return {
        maxFeePerGas: smaller(maxFeePerGas, most),
        maxPriorityFeePerGas: smaller(maxPriorityFeePerGas, most),
      }
    },

    higherFees: async (last) => {
      const now = await estimate()
      const fees = {
        maxFeePerGas: larger(now.maxFeePerGas, raised(last.maxFeePerGas)),
        maxPriorityFeePerGas: larger(now.maxPriorityFeePerGas, raised(last.maxPriorityFeePerGas)),
      }
      if (most === undefined || fees.maxFeePerGas <= most) return fees
      // The estimate is above the limit; an eighth more than last time may not be.
      if (raised(last.maxFeePerGas) > most) return undefined
      return { maxFeePerGas: most, maxPriorityFeePerGas: smaller(fees.maxPriorityFeePerGas, most) }
    },
  }
}

/** An eighth more: nodes want at least a tenth for a replacement. */
function raised(fee: bigint): bigint {
  return fee + fee / 8n + 1n
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function smaller(fee: bigint, most: bigint | undefined): bigint {
  return most !== undefined && most < fee ? most : fee
}
