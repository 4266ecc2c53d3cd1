import {
  encodeFunctionData,
  type Hex,
  keccak256,
  type LocalAccount,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem'
import { estimateGas, getChainId, getTransactionCount, sendRawTransaction } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import { addresses } from '../chain/addresses.ts'
import { claimArgument } from '../chain/channelCalls.ts'
import { type Fees, gasOffers } from '../chain/gasOffers.ts'
import { pause } from '../chain/pause.ts'
import { isTaken, receiptOf } from '../chain/rawTransaction.ts'
import type { ScripClient } from '../chain/transact.ts'
import type { Claim } from '../channels/Channel.ts'
import { put, type Store, type Table } from '../store/Store.ts'

/** A transaction with claims that was mined. */
export type Settled = {
  readonly hash: Hex
  /** Base units that each channel paid, by channel id. What is not here was skipped. */
  readonly paid: ReadonlyMap<Hex, bigint>
  /** Of the whole transaction. */
  readonly gasUsed: bigint
}

/** Brings claims to the chain, one transaction after another. */
export type Claimer = {
  /**
   * Sends claims in one transaction and waits until it is mined, raising its price where that takes long. What a node loses
   * or refuses is sent again until the signal aborts; then the next claimer of the store goes on.
   * @returns nothing where another transaction of the account took the nonce, or the signal aborted
   */
  present(claims: readonly Claim[], signal: AbortSignal): Promise<Settled | undefined>
  /** Goes on with the transaction that the store says is under way. */
  resume(signal: AbortSignal): Promise<Settled | undefined>
}

/** What `createClaimer` takes. */
export type ClaimerParameters = {
  client: ScripClient
  /** Pays for the gas. Claims need no key of anybody else. */
  account: LocalAccount
  store: Store
  /** Milliseconds until a transaction that is not mined is sent again at a higher price. */
  bumpAfter: number
  /** What a unit of gas may cost at most, in wei. */
  maxFeePerGas: bigint | undefined
  onTrouble: (error: unknown) => void
}

type Version = Fees & { readonly raw: Hex; readonly hash: Hex }

/** The transaction under way: it is in the store before it is sent, so that a restart sends no second one beside it. */
type Open = {
  readonly nonce: number
  readonly gas: bigint
  readonly data: Hex
  /** The newest last. Several share the nonce, and one of them is mined. */
  readonly versions: readonly Version[]
}

/** Prices at which one transaction is tried. */
const MOST_VERSIONS = 12

/** The sender of the claims of one account. */
export function createClaimer(parameters: ClaimerParameters): Claimer {
  const { client, account, store, bumpAfter, maxFeePerGas, onTrouble } = parameters
  const { address } = account
  const to = addresses.paymentChannels
  const table: Table<Open> = `settlement/${address.toLowerCase()}`
  const key = 'open'
  const offers = gasOffers(client, maxFeePerGas)

  const sign = async (transaction: Omit<Open, 'versions'>, fees: Fees): Promise<Version> => {
    const chainId = await getChainId(client)
    const raw = await account.signTransaction({ type: 'eip1559', chainId, to, ...transaction, ...fees })
    return { raw, hash: keccak256(raw), ...fees }
  }

  const begin = async (claims: readonly Claim[]): Promise<Open> => {
    const data = encodeFunctionData({ abi, functionName: 'claimBatch', args: [claims.map(claimArgument)] })
    const [needed, nonce, fees] = await Promise.all([
      estimateGas(client, { account: address, to, data }),
      getTransactionCount(client, { address, blockTag: 'pending' }),
      offers.fees(),
    ])
    // A channel that is topped up meanwhile costs more than one that is skipped.
    const transaction = { nonce, gas: needed + needed / 4n, data }
    const open = { ...transaction, versions: [await sign(transaction, fees)] }
    await store.write([put(table, key, open)])
    return open
  }

  const raise = async (open: Open): Promise<Open> => {
    const { versions, ...transaction } = open
    const last = versions.at(-1)
    const fees = last && versions.length < MOST_VERSIONS ? await offers.higherFees(last) : undefined
    if (fees === undefined) return open
    const raised = { ...open, versions: [...versions, await sign(transaction, fees)] }
    await store.write([put(table, key, raised)])
    return raised
  }

  const minedOf = async ({ versions }: Open): Promise<TransactionReceipt | undefined> => {
    const receipts = await Promise.all(versions.map(({ hash }) => receiptOf(client, hash)))
    return receipts.find((receipt) => receipt !== undefined)
  }

  const sendNewest = async ({ versions }: Open): Promise<void> => {
    const serializedTransaction = versions.at(-1)?.raw
    if (serializedTransaction === undefined) return
    await sendRawTransaction(client, { serializedTransaction }).catch((error: unknown) => {
      if (!isTaken(error)) throw error
    })
  }

  const follow = async (first: Open, signal: AbortSignal): Promise<Settled | undefined> => {
    let open = first
    let since = Date.now()
    let isSent = false
    while (!signal.aborted) {
      try {
        const used = await getTransactionCount(client, { address, blockTag: 'latest' })
        const receipt = await minedOf(open)
        const isLate = Date.now() - since >= bumpAfter
        // A node that lags behind may know the nonce before the receipt.
        if (receipt !== undefined || (used > open.nonce && isLate)) {
          await store.write([{ table, key, remove: true }])
          return receipt && settledBy(receipt)
        }
        if (isLate) {
          open = await raise(open)
          since = Date.now()
          // Where no higher price is allowed, a node may still have lost it.
          isSent = false
        }
        if (!isSent) await sendNewest(open)
        isSent = true
      } catch (error) {
        onTrouble(error)
      }
      await pause(client.pollingInterval, signal)
    }
    return undefined
  }

  return {
    present: async (claims, signal) => follow(await begin(claims), signal),
    resume: async (signal) => {
      const open = await store.get(table, key)
      return open && follow(open, signal)
    },
  }
}

function settledBy({ transactionHash: hash, logs, gasUsed }: TransactionReceipt): Settled {
  const events = parseEventLogs({ abi, eventName: 'Claimed', logs })
  return { hash, paid: new Map(events.map(({ args }) => [args.channelId, args.paid])), gasUsed }
}
