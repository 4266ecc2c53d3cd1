import type { Payee } from '../../channels/Payee.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { createSettler, type Settled, type SettlementRules, type Settler } from '../../settlement/index.ts'
import type { Store } from '../../store/Store.ts'
import type { AccountClient } from '../context.ts'
import { syncUncounted } from '../syncUncounted.ts'

/** What `createSettlement` takes. */
export type SettlementParameters = {
  client: AccountClient
  store: Store
  payee: Payee
  rules: SettlementRules
  maxFeePerGas: bigint | undefined
  /** In whose history what was claimed is counted. */
  networkId: bigint | undefined
  onSettled: (settled: Settled) => void
  onTrouble: (error: ScripError) => void
}

/** Claims by itself what a peer earned, and has it counted. */
export function createSettlement(parameters: SettlementParameters): Settler {
  const { client, store, payee, rules, maxFeePerGas, networkId, onSettled, onTrouble } = parameters

  const countIn = async (network: bigint, { paid }: Settled) => {
    const standings = await Promise.all([...paid.keys()].map((id) => payee.standing(id)))
    await syncUncounted(
      client,
      network,
      standings.map(({ channel }) => channel),
    )
  }

  return createSettler({
    client,
    store,
    source: payee,
    rules,
    ...(maxFeePerGas !== undefined && { maxFeePerGas }),
    onTrouble,
    onSettled: (settled) => {
      onSettled(settled)
      if (networkId === undefined) return
      countIn(networkId, settled).catch((error: unknown) =>
        onTrouble(error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })),
      )
    },
  })
}
