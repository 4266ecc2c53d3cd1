import {
  addresses,
  claimBatch,
  createCurrency,
  createNetwork,
  type EdgeRecord,
  mint,
  openChannel,
  type ScripClient,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { type Channel, createPayee, createPayer, type Payee, type Payer } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { deployScrip } from '@scrip/sdk/testing'
import { createWalletClient, encodeFunctionData, type Hex, http, toHex } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { readContract, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../../../sdk/abi/interactionHistory.ts'
import { DEV_MNEMONIC } from '../../../../sdk/cli/localChain.ts'

/** What one pair settles: its number, and base units more; or what it states more of in receipts or faults. */
export type Deal = { readonly pair: number; readonly amount: bigint; readonly kind?: 'receipt' | 'fault' }

/** People on an anvil of their own who serve each other, each pair over a channel, in one network. */
export type Trade = {
  readonly client: ScripClient
  readonly networkId: bigint
  /** How many pairs there are. */
  readonly pairs: number
  rpc(method: string, ...parameters: unknown[]): Promise<unknown>
  /** Settles what the pairs owe each other and counts it in the network, or states it: up to three blocks. */
  settle(deals: readonly Deal[]): Promise<void>
  mine(blocks: number): Promise<void>
  /**
   * Replaces the last blocks by as many empty ones, or none with `isShorter`; a run of empty blocks is replaced whole.
   * @returns The last block that stayed. By snapshots: `anvil_reorg` loses the state of the chain after a few hundred blocks.
   */
  reorg(depth: number, isShorter?: boolean): Promise<bigint>
  head(): Promise<bigint>
  /** What the contract itself says of every pair, now or at a block: served, signed for in receipts, taken back. */
  edges(block?: bigint): Promise<string[]>
}

const RECEIPT = {
  Receipt: [
    { name: 'networkId', type: 'uint256' },
    { name: 'consumer', type: 'address' },
    { name: 'provider', type: 'address' },
    { name: 'served', type: 'uint96' },
    { name: 'count', type: 'uint32' },
  ],
} as const

type Pair = { channel: Channel; sender: Payer; receiver: Payee; consumer: Person; provider: Person }
type Person = ReturnType<typeof mnemonicToAccount>

const DEPOSIT = 10n ** 12n

/** Brings everything onto a chain, and opens a channel for each pair of three people. */
export async function openTrade(url: string): Promise<Trade> {
  const accounts = [1, 2, 3].map((addressIndex) => mnemonicToAccount(DEV_MNEMONIC, { addressIndex }))
  const as = (account: Person): ScripClient => createWalletClient({ account, transport: http(url), pollingInterval: 5 })
  const client = as(mnemonicToAccount(DEV_MNEMONIC))
  const rpc = (method: string, ...params: unknown[]) => client.request({ method, params } as never)
  await deployScrip({ provider: client as never })
  const { currency } = await createCurrency(client, { name: 'Reorg dollar', symbol: 'RGD', decimals: 6 })
  const { networkId } = await createNetwork(client)
  await setWeight(client, { networkId, currency })

  const pairs: Pair[] = []
  for (const consumer of accounts) {
    await mint(client, { currency, to: consumer.address, amount: 10n * DEPOSIT })
    for (const provider of accounts.filter((one) => one !== consumer)) {
      const opened = await openChannel(as(consumer), { payee: provider.address, currency, deposit: DEPOSIT })
      const { transaction: _, ...channel } = opened
      const accept = { ...channel, currencies: [currency], maxExposure: 0n }
      const receiver = createPayee({ account: provider, store: memoryStore(), accept })
      await receiver.observe(channel, { claimed: 0n, deposit: DEPOSIT, exitAt: 0 })
      const sender = createPayer({ channel, signer: consumer, store: memoryStore() })
      pairs.push({ channel, sender, receiver, consumer, provider })
    }
  }
  const domain = {
    name: 'Scrip Interaction History',
    version: '1',
    chainId: Number(await rpc('eth_chainId')),
    verifyingContract: addresses.interactionHistory,
  } as const
  let faults = 0n
  const head = async () => Number(await rpc('eth_blockNumber'))
  const snapshots: { id: unknown; height: number }[] = []
  const remember = async () => void snapshots.push({ height: await head(), id: await rpc('evm_snapshot') })
  const contract = { address: addresses.interactionHistory, abi } as const
  const write = async (account: Person, data: Hex) => {
    await remember()
    const hash = await sendTransaction(as(account), { account, chain: null, to: contract.address, data })
    await waitForTransactionReceipt(client, { hash })
  }
  const stateReceipt = async ({ consumer, provider }: Pair, amount: bigint) => {
    const names = [networkId, consumer.address, provider.address] as const
    const [served, count] = await readContract(client, { ...contract, functionName: 'receiptOf', args: names })
    const message = {
      networkId,
      consumer: consumer.address,
      provider: provider.address,
      served: served + amount,
      count: count + 1,
    }
    const typed = { domain, types: RECEIPT, primaryType: 'Receipt', message } as const
    const [consumerSig, providerSig] = await Promise.all([consumer, provider].map((one) => one.signTypedData(typed)))
    const signed = { receipt: message, consumerSig: consumerSig as Hex, providerSig: providerSig as Hex }
    await write(consumer, encodeFunctionData({ abi, functionName: 'record', args: [signed] }))
  }
  const stateFault = async ({ consumer, provider }: Pair, amount: bigint) => {
    // More than before whatever a reorg took away: faults only grow.
    faults += amount
    const args = [networkId, consumer.address, provider.address, faults, '0x'] as const
    await write(consumer, encodeFunctionData({ abi, functionName: 'stateFaults', args }))
  }
  /** A receipt that anvil has not written when its block is announced is only asked for again with the next block. */
  const withBlocks = async (work: () => Promise<void>) => {
    const timer = setInterval(() => rpc('anvil_mine', '0x1').catch(() => {}), 2_000)
    try {
      await work()
    } finally {
      clearInterval(timer)
    }
  }
  const mine = async (blocks: number) => {
    await remember()
    await rpc('anvil_mine', toHex(blocks))
  }

  return {
    client,
    networkId,
    pairs: pairs.length,
    rpc,
    mine,
    settle: (deals) =>
      withBlocks(async () => {
        const due = new Set<Pair>()
        for (const { pair, amount, kind } of deals) {
          const one = pairs[pair % pairs.length] as Pair
          if (kind === 'receipt') await stateReceipt(one, amount)
          else if (kind === 'fault') await stateFault(one, amount)
          else {
            await one.receiver.accept(await one.sender.pay(amount))
            due.add(one)
          }
        }
        if (due.size === 0) return
        const claims = (await Promise.all([...due].map(({ receiver }) => receiver.claimable()))).flat()
        await remember()
        await claimBatch(client, { claims })
        await remember()
        await sync(client, { networkId, channels: [...due].map(({ channel }) => channel) })
      }),
    reorg: async (depth, isShorter = false) => {
      const height = await head()
      const at = snapshots.findLastIndex((snapshot) => snapshot.height <= height - depth)
      const [snapshot] = snapshots.splice(at)
      if (snapshot === undefined) throw new Error(`The chain has no ${depth} blocks to lose.`)
      if ((await rpc('evm_revert', snapshot.id)) !== true) throw new Error('Anvil does not know its snapshot.')
      await rpc('evm_increaseTime', 60)
      if (!isShorter) await mine(height - snapshot.height)
      return BigInt(snapshot.height)
    },
    head: async () => BigInt(await head()),
    edges: async (blockNumber) => {
      const at = blockNumber === undefined ? {} : { blockNumber }
      const look = async ({ consumer, provider }: Pair) => {
        const args = [networkId, consumer.address, provider.address] as const
        const [[served, , faulted], [receipts]] = await Promise.all([
          readContract(client, { ...contract, functionName: 'edge', args, ...at }),
          readContract(client, { ...contract, functionName: 'receiptOf', args, ...at }),
        ])
        const row = { consumer: consumer.address, provider: provider.address, served, receipts, faulted }
        return served + receipts > 0n ? [rowOf(row)] : []
      }
      return (await Promise.all(pairs.map(look))).flat().sort()
    },
  }
}

/** An edge in one line. */
export function rowOf({ consumer, provider, served, receipts, faulted }: EdgeRecord): string {
  return `${consumer} ${provider} ${served} ${receipts} ${faulted}`.toLowerCase()
}
