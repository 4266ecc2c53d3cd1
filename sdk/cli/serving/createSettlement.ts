import { pause } from '../../chain/pause.ts'
import type { Payee } from '../../channels/Payee.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { createSettler, type Settled, type SettlementRules, type Settler } from '../../settlement/index.ts'
import type { Store } from '../../store/Store.ts'
import type { AccountClient } from '../context.ts'
import { aborted } from '../stop.ts'
import { syncUncounted } from '../syncUncounted.ts'

/** What `createSettlement` takes. */
export type SettlementParameters = {
  client: AccountClient
  /** Opens what one process claims from at a time; nothing where that is another one. */
  openClaims: () => Promise<Store | undefined>
  payee: Payee
  rules: SettlementRules
  maxFeePerGas: bigint | undefined
  /** In whose history what was claimed is counted. */
  networkId: bigint | undefined
  onSettled: (settled: Settled) => void
  onTrouble: (error: ScripError) => void
}

/** Claims by itself what a peer earned. */
export type Settlement = { start(): void; close(): Promise<void> }

/** Milliseconds after which is looked again whether the process that claims is gone. */
const TURN_MILLISECONDS = 5_000

/** Claims by itself what a peer earned, and has it counted. Of several processes of a peer one does it. */
export function createSettlement(parameters: SettlementParameters): Settlement {
  const { client, openClaims, payee, rules, maxFeePerGas, networkId, onSettled, onTrouble } = parameters
  const closing = new AbortController()
  let running: Promise<void> | undefined

  const report = (error: unknown) =>
    onTrouble(error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error }))

  const countIn = async (network: bigint, { paid }: Settled) => {
    const standings = await Promise.all([...paid.keys()].map((id) => payee.standing(id)))
    const channels = standings.map(({ channel }) => channel)
    await syncUncounted(client, network, channels)
  }

  const createSettlerOn = (store: Store): Settler =>
    createSettler({
      client,
      store,
      source: payee,
      rules,
      ...(maxFeePerGas !== undefined && { maxFeePerGas }),
      onTrouble,
      onSettled: (settled) => {
        onSettled(settled)
        if (networkId !== undefined) countIn(networkId, settled).catch(report)
      },
    })

  const run = async () => {
    while (!closing.signal.aborted) {
      const store = await openClaims().catch(report)
      if (store !== undefined) {
        const settler = createSettlerOn(store)
        settler.start()
        await aborted(closing.signal)
        await settler.close()
        await store.close()
      } else await pause(TURN_MILLISECONDS, closing.signal)
    }
  }

  return {
    start: () => {
      running ??= run()
    },
    close: async () => {
      closing.abort()
      await running
    },
  }
}
