import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi } from '../abi/interactionHistory.ts'
import { type Admission, getAdmission } from '../chain/actions/getAdmission.ts'
import { RATIO_UNIT } from '../chain/actions/setRatioTerms.ts'
import { WEIGHT_UNIT } from '../chain/actions/setWeight.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'

/** Whom a gate is asked about. */
export type GateQuestion = {
  peer: Address
  /** What the peer pays in. */
  currency: Address
  /**
   * Base units that it was served and that no chain has settled yet: they count as consumed. Negative where more was
   * settled than served: what is paid for in advance counted when it was settled.
   */
  unsettled: bigint
  /** Base units that it wants to consume at least: the price of the smallest piece. */
  wanted: bigint
}

/** Decides for a seller whom it serves. */
export type Gate = {
  /**
   * Asks the chain whether the network serves a peer now.
   * @returns How many base units more it may consume; nothing where the network sets no such bound.
   * @throws `ADMISSION_REFUSED` with what would readmit it, `RPC_UNREACHABLE`
   */
  check(question: GateQuestion): Promise<bigint | undefined>
}

/** The gate of a network, by its admission policy. `AdmissionController` and `RatioPolicy`. */
export function createGate({ client, networkId }: { client: ScripClient; networkId: bigint }): Gate {
  const weightOf = (currency: Address) =>
    guarded(interactionHistoryAbi, () =>
      readContract(client, {
        address: addresses.interactionHistory,
        abi: interactionHistoryAbi,
        functionName: 'weightOf',
        args: [networkId, currency],
      }),
    )

  return {
    check: async ({ peer, currency, unsettled, wanted }) => {
      const [admission, weight] = await Promise.all([getAdmission(client, { networkId, peer }), weightOf(currency)])
      const { admitted, ratio } = admission
      const consumed = ((unsettled + wanted) * weight) / WEIGHT_UNIT
      if (!admitted || (ratio && ratio.headroom < consumed)) throw refusal(networkId, peer, admission, consumed)
      if (ratio === undefined || weight === 0n) return undefined
      return (ratio.headroom * WEIGHT_UNIT) / weight - unsettled
    },
  }
}

/** What a refused peer is told: the way back. `consumed` is value that no chain has settled yet and value that it wants. */
function refusal(networkId: bigint, peer: Address, { eligible, ratio }: Admission, consumed: bigint): ScripError {
  const join = `\`scrip admission join --network ${networkId}\``
  const lacking = ratio && consumed > ratio.headroom ? consumed - ratio.headroom : 0n
  const forMore = ratio ? (lacking * ratio.admitRatio + RATIO_UNIT - 1n) / RATIO_UNIT : 0n
  // What is settled already may lie further back than what is wanted next.
  const provide = ratio && ratio.shortfall > 0n ? ratio.shortfall + forMore : forMore
  return new ScripError('ADMISSION_REFUSED', {
    detail: `Network ${networkId} does not serve ${peer} now.`,
    hint:
      eligible && provide === 0n
        ? `It is eligible: have it admitted with ${join}.`
        : `Serve other peers of the network for at least ${provide} more units of value, have that settled, and join again with ${join}.`,
    values: { networkId, peer, eligible, provide },
  })
}
