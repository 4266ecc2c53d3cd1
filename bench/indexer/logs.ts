import { appendFileSync, writeFileSync } from 'node:fs'
import {
  addresses,
  claimBatch,
  createCurrency,
  createNetwork,
  fundPurse,
  mint,
  type ScripClient,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { type Channel, type Claim, channelId, voucherDigest } from '@scrip/sdk/channels'
import { deployScrip } from '@scrip/sdk/testing'
import { network } from 'hardhat'
import {
  bytesToHex,
  createWalletClient,
  custom,
  type Hex,
  pad,
  parseSignature,
  type RpcLog,
  signatureToCompactSignature,
  toHex,
} from 'viem'
import { type HDAccount, mnemonicToAccount } from 'viem/accounts'
import { DEV_MNEMONIC } from '../../sdk/cli/localChain.ts'

const CONSUMERS = 8
const PROVIDERS = 64
const ROUNDS = 10
/** Channels in one transaction. */
const BATCH = 32

export type History = { readonly networkId: bigint; readonly client: ScripClient; readonly logs: RpcLog[] }

/**
 * Lets eight consumers pay 64 providers on Hardhat's EVM in ten rounds, from purses, and syncs each into a network: the logs as
 * the node answers them.
 */
export async function makeHistory(): Promise<History> {
  const { provider } = await network.create()
  const consumers = Array.from({ length: CONSUMERS }, (_, index) =>
    mnemonicToAccount(DEV_MNEMONIC, { addressIndex: index + 1 }),
  )
  const as = (account: HDAccount): ScripClient =>
    createWalletClient({ account, transport: custom(provider), pollingInterval: 5 })
  const client = as(mnemonicToAccount(DEV_MNEMONIC))
  const { chainId } = await deployScrip({ provider })
  const { currency } = await createCurrency(client, { name: 'Bench dollar', symbol: 'BD', decimals: 6 })
  const { networkId } = await createNetwork(client)
  await setWeight(client, { networkId, currency })

  const channels: { channel: Channel; consumer: HDAccount }[] = []
  for (const consumer of consumers) {
    await mint(client, { currency, to: consumer.address, amount: 10n ** 12n })
    await fundPurse(as(consumer), { currency, amount: 10n ** 12n })
    for (let provider = 0; provider < PROVIDERS; provider++) {
      const terms = {
        chainId,
        contract: addresses.paymentChannels,
        payer: consumer.address,
        payee: pad(toHex(0xbeef_0000 + provider), { size: 20 }),
        token: currency,
        signer: consumer.address,
        exitDelay: 3_600,
        flags: 1,
        salt: pad('0x', { size: 32 }),
      }
      channels.push({ channel: { ...terms, id: channelId(terms) }, consumer })
    }
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (let start = 0; start < channels.length; start += BATCH) {
      const part = channels.slice(start, start + BATCH)
      const claims = await Promise.all(
        part.map(({ channel, consumer }, index) => claimOf(channel, consumer, BigInt(round * 1_000 + start + index))),
      )
      await claimBatch(client, { claims })
      await sync(client, { networkId, channels: part.map(({ channel }) => channel) })
    }
  }
  const logs = await client.request({
    method: 'eth_getLogs',
    params: [{ address: addresses.interactionHistory, fromBlock: '0x0', toBlock: 'latest' }],
  })
  return { networkId, client, logs }
}

async function claimOf(channel: Channel, consumer: HDAccount, total: bigint): Promise<Claim> {
  const zero = pad('0x', { size: 32 })
  const voucher = { total, tickRoot: zero, tickAmount: 0n, maxTicks: 0 }
  const signature = await consumer.sign?.({ hash: bytesToHex(voucherDigest(channel, voucher)) })
  const { r, yParityAndS: vs } = signatureToCompactSignature(parseSignature(signature as Hex))
  return { channel, ...voucher, r, vs, ticks: 0, preimage: zero }
}

/**
 * Writes the logs `times` over, each time for other peers in later blocks, a line each.
 * @returns How many of them are events of edges.
 */
export function writeLogs(path: string, logs: readonly RpcLog[], times: number): number {
  const span = Number(logs.at(-1)?.blockNumber) + 1
  const isEdge = ({ topics }: RpcLog) => topics.length === 4
  writeFileSync(path, '')
  for (let time = 0; time < times; time++) {
    const moved = logs.map((log) => move(log, time, span))
    appendFileSync(path, `${moved.map((log) => JSON.stringify(log)).join('\n')}\n`)
  }
  return times * logs.filter(isEdge).length
}

function move(log: RpcLog, time: number, span: number): RpcLog {
  const mark = pad(toHex(time), { size: 4 }).slice(2)
  const [event, network, ...peers] = log.topics as Hex[]
  const topics =
    peers.length < 2
      ? log.topics
      : [event, network, ...peers.map((peer) => `${peer.slice(0, 26)}${mark}${peer.slice(34)}`)]
  return {
    ...log,
    topics: topics as RpcLog['topics'],
    blockNumber: toHex(Number(log.blockNumber) + time * span),
    blockHash: `0x${mark}${log.blockHash?.slice(10)}`,
  }
}
