import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi } from '../abi/interactionHistory.ts'
import { type Admission, getAdmission, type RatioStanding } from '../chain/actions/getAdmission.ts'
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
      if (!ratio) {
        if (admitted) return undefined
        throw refusal(networkId, peer, admission, 0n)
      }
      const lacks = lacking(ratio, dividedUp((unsettled + wanted) * weight, WEIGHT_UNIT))
      if (!admitted || lacks > 0n) {
        throw refusal(networkId, peer, admission, admitted || lacks > ratio.shortfall ? lacks : ratio.shortfall)
      }
      if (weight === 0n) return undefined
      return -dividedUp(-capacity(ratio) * WEIGHT_UNIT, weight) - unsettled
    },
  }
}

/** What a peer may consume beyond what was settled; negative where it settled more than it may. */
function capacity({ provided, consumed, allowance, admitRatio }: RatioStanding): bigint {
  const earned = admitRatio === 0n ? 0n : (provided * RATIO_UNIT) / admitRatio
  return allowance + earned - consumed
}

/** What a peer must still provide to consume so much more than was settled. */
function lacking({ provided, consumed, allowance, admitRatio }: RatioStanding, more: bigint): bigint {
  const beyond = consumed + more - allowance
  const needed = beyond > 0n ? dividedUp(beyond * admitRatio, RATIO_UNIT) : 0n
  return needed > provided ? needed - provided : 0n
}

/** A quotient rounded up. */
function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return dividend > 0n ? (dividend + divisor - 1n) / divisor : dividend / divisor
}

/** What a refused peer is told: the way back. */
function refusal(networkId: bigint, peer: Address, admission: Admission, provide: bigint): ScripError {
  const { policy, eligible } = admission
  return new ScripError('ADMISSION_REFUSED', {
    detail: `Network ${networkId} does not serve ${peer} now.`,
    hint: wayBack(networkId, admission, provide),
    values: { networkId, peer, eligible, provide, ...(policy && { policy }) },
  })
}

function wayBack(networkId: bigint, { policy, eligible, ratio }: Admission, provide: bigint): string {
  const join = `with \`scrip admission join --network ${networkId}\``
  if (provide > 0n) {
    return `Serve other peers of the network for at least ${provide} more units of value, have that settled, and join again ${join}.`
  }
  if (eligible) return `It is eligible: have it admitted ${join}.`
  if (policy === undefined || ratio?.admitRatio === 0n)
    return 'The network admits nobody yet: ask its steward for a policy.'
  return `Bring the proof that the network's policy ${policy} asks for, and join ${join}.`
}
