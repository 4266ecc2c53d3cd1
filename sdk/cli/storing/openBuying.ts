import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { type Buyer, createBuyer } from '../../market/index.ts'
import type { Store } from '../../store/Store.ts'
import { type AccountClient, type CommonOptions, connect, openStore, type StoreOptions, scripHome } from '../context.ts'
import { describeFunding, readTransactions, type SentTransaction } from '../funding.ts'
import { print } from '../output.ts'
import { parseAmount } from '../parse.ts'
import { createProgress } from '../progress.ts'
import { aborted, stopSignal } from '../stop.ts'
import { amountOf, inUnit, type Unit } from '../units.ts'

/** The options of everything that buys storage. */
export type BuyingOptions = CommonOptions & StoreOptions & { limit: string }

/** What it takes to buy storage on the command line. */
export type Buying = {
  readonly client: AccountClient
  readonly store: Store
  /** The account's folder for what is under way. */
  readonly folder: string
  readonly buyer: Buyer
  /** @throws `LIMIT_EXCEEDED` where something costs more than may be spent, `INVALID_ARGUMENT` where the limit is no amount */
  requireWithinLimit(cost: bigint, unit: Unit): void
  /** Does work that shows its progress and can be stopped. What it throws about base units is said in the unit. */
  work<Result>(
    label: string,
    unit: Unit,
    work: (onProgress: (done: number, total: number) => void) => Promise<Result>,
  ): Promise<Result>
  /** Base units that were paid so far. */
  spent(): bigint
  /** The transactions that it took, printed where a person reads. */
  transactions(unit: Unit): Promise<SentTransaction[]>
  close(): Promise<void>
}

/** Opens the account's store to buy storage from it. @throws What `connect` and `openStore` throw */
export async function openBuying(options: BuyingOptions): Promise<Buying> {
  const sent: Hex[] = []
  const client = await connect(options, (hash) => sent.push(hash))
  const store = await openStore(options, client, 'paying')
  const folder = join(scripHome(), 'storage', client.account.address.toLowerCase())
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  let payments = 0
  let spent = 0n
  const buyer = createBuyer({
    client,
    signer: client.account,
    store,
    onPayment: ({ amount, price }) => {
      payments += Number(amount / price)
      spent += amount
    },
  })
  return {
    client,
    store,
    folder,
    buyer,
    spent: () => spent,

    requireWithinLimit: (cost, unit) => {
      const limit = parseAmount(options.limit, unit.decimals, 'limit')
      if (cost <= limit) return
      throw new ScripError('LIMIT_EXCEEDED', {
        detail: `That costs ${amountOf(cost, unit)}; the limit is ${amountOf(limit, unit)}.`,
        hint: 'Raise --limit, or buy elsewhere.',
        values: { limit, wanted: cost },
      })
    },

    work: async (label, unit, work) => {
      const progress = createProgress(label)
      let last = 0
      const onProgress = (bytes: number, total: number) => {
        last = bytes
        progress.update({ bytes, total, payments, spent: amountOf(spent, unit) })
      }
      const stopped = aborted(stopSignal()).then(() => {
        throw new ScripError('STOPPED', {
          detail: `You stopped it after ${last.toLocaleString('en')} bytes.`,
          hint: 'Run the same again: what is there is kept, and only the rest is paid for.',
          values: { bytes: last },
        })
      })
      const result = await Promise.race([inUnit(unit, () => work(onProgress)), stopped])
      progress.finish()
      return result
    },

    transactions: async (unit) => {
      const transactions = await readTransactions(client, sent)
      const lines = describeFunding(transactions, unit)
      if (!options.json && lines.length > 0) print({ lines, data: {} }, false)
      return transactions
    },

    close: () => store.close(),
  }
}
